"""A refused form shown again: what was typed, each fault beside its field, and nothing of the command kept."""

from collections.abc import Mapping
from typing import Any

from pyramid.request import Request

from infra_access.core.errors import DomainError, Forbidden
from infra_access.web.forms import errors_of, values_of


class Entries(dict[str, str]):
    """Texts by the name of their field; a field that nobody filled in is empty."""

    def __missing__(self, field: str) -> str:
        """Return nothing, without keeping it."""
        return ""


def to_fill_in(entered: Mapping[str, str | None] | None = None) -> dict[str, Any]:
    """Return what a template needs to show a form for the first time."""
    return {"errors": Entries(), "entered": Entries({key: value or "" for key, value in (entered or {}).items()})}


def to_correct(request: Request, error: DomainError) -> dict[str, Any]:
    """Return what a template needs to show a refused form again, and undo what the command had begun."""
    # The page is an ordinary answer, which would commit; the refusal must not.
    request.tm.doom()
    if isinstance(error, Forbidden):
        request.environ["infra_access.refused"] = error
    request.response.status_int = 422 if error.status == 401 else error.status
    return {"errors": Entries(errors_of(error, request)), "entered": Entries(values_of(request))}
