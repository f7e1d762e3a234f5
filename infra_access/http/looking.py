"""Recording that somebody looked at something: after the answer, in a short transaction of its own.

What only reads has a session that cannot write, so the look is noted by the view and recorded here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from infra_access.audit.record import record
from infra_access.core import clock

_KEY = "infra_access.looked_at"


def looked_at(request: Request, action: str, details: Mapping[str, Any]) -> None:
    """Note that the answer shows what each look at is recorded of."""
    request.environ[_KEY] = (action, dict(details))


def looks_tween_factory(handler: Callable[[Request], Response], registry: Any) -> Callable[[Request], Response]:
    """Return a tween that records each look at what an answer showed."""

    def looks(request: Request) -> Response:
        response = handler(request)
        noted = request.environ.pop(_KEY, None)
        actor = request.__dict__.get("actor")
        if noted is not None and actor is not None and response.status_int < 400:
            action, details = noted
            route = request.matched_route
            with request.registry["infra_access.database"].writer() as session:
                record(
                    session,
                    actor=actor,
                    action=action,
                    object_kind="route",
                    object_id=(route.name if route else "")[:40],
                    now=clock.now(),
                    details=details,
                )
        return response

    return looks


def includeme(config: Configurator) -> None:
    """Install the tween outside the transaction, whose connection is back by then."""
    config.add_tween(
        "infra_access.http.looking.looks_tween_factory",
        under="infra_access.http.headers.headers_tween_factory",
        over="infra_access.http.headers.refusals_tween_factory",
    )
