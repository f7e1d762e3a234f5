"""How an expected error leaves the command line: its message on standard error, status 1, no traceback."""

from typing import Any

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from infra_access.core.errors import DomainError
from infra_access.core.i18n import plain


class RefusingGroup(click.Group):
    """A group whose commands end with status 1 when the domain refuses or the database is not there."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; turn what is expected to go wrong into a message."""
        try:
            return super().invoke(context)
        except DomainError as error:
            raise click.ClickException(message_of(error)) from error
        except (OperationalError, ProgrammingError) as error:
            first_line = str(error.orig).strip().partition("\n")[0]
            raise click.ClickException(
                f"The database refused: {first_line}. Is it running, and was `infra-access migrate` run?"
            ) from error
        except OSError as error:
            raise click.ClickException(str(error)) from error


def message_of(error: DomainError) -> str:
    """Return the message, then each field with its own where that says more."""
    message = plain(error.message)
    lines = [
        f"  {field}: {plain(text)}"
        for field, texts in error.fields.items()
        for text in texts
        if plain(text) not in message
    ]
    return "\n".join([message, *lines])
