"""The one family of errors that the domain raises.

Each kind has one HTTP meaning, given by `status`, which only the HTTP edge reads. `code` is stable and part
of the contract; `message` says what happened, why, and what to do (translatable).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from infra_access.core.i18n import Text, plain


class DomainError(Exception):
    """Something the domain refuses; nothing was written."""

    status: ClassVar[int] = 500

    def __init__(
        self,
        code: str,
        message: Text,
        *,
        fields: Mapping[str, list[Text]] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the parts; `fields` maps a field's path to its messages, `details` is ready for JSON."""
        super().__init__(plain(message))
        self.code = code
        self.message = message
        self.fields: Mapping[str, list[Text]] = fields or {}
        self.details: Mapping[str, Any] = details or {}


class NotAuthenticated(DomainError):
    """Nobody is known to be asking."""

    status = 401


class Forbidden(DomainError):
    """Who is asking may not; `details["decision"]` explains where a policy decided."""

    status = 403


class NotFound(DomainError):
    """There is no such thing, or none that the caller may know of."""

    status = 404


class Conflict(DomainError):
    """The present state does not allow it; `details["alternatives"]` names what would be possible."""

    status = 409


class Gone(DomainError):
    """It was retired."""

    status = 410


class PreconditionFailed(DomainError):
    """The caller looked at an older version."""

    status = 412


class Invalid(DomainError):
    """The input breaks rules; `fields` names each place."""

    status = 422


class TooMany(DomainError):
    """Too often; `details["retry_after"]` is in seconds."""

    status = 429


class Unavailable(DomainError):
    """Not now; try again."""

    status = 503
