"""A form that was sent twice, by a double click or a reload, acts once."""

from collections.abc import Callable

from pyramid.request import Request
from pyramid.response import Response

from infra_access.core.ids import new_public_id
from infra_access.http.idempotency import once
from infra_access.web.forms import values_of

KEY = "key"
"""The hidden field that names one showing of a form."""


def new_key() -> str:
    """Return the key of a form that is shown."""
    return new_public_id()


def posted_once(request: Request, run: Callable[[], Response]) -> Response:
    """Run what a form asks for, or return the answer that the same form got before."""
    entered = values_of(request)
    sent = "\n".join(f"{name}={value!r}" for name, value in sorted(entered.items()))
    return once(request, entered.get(KEY) or None, f"{request.path}\n{sent}".encode(), run)
