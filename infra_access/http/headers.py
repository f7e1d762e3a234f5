"""The request's id, the security headers of every answer, and the record of refusals.

These tweens lie over the transaction: a refusal aborts it, so its audit event is written afterwards, in a short
transaction of its own, once the first connection is back, and only when no further attempt follows.
"""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS
from pyramid_retry import is_last_attempt

from infra_access.audit.record import current_request_id, record
from infra_access.core import clock
from infra_access.core.errors import Forbidden
from infra_access.http.transactions import SAFE_METHODS
from infra_access.settings import Settings

log = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Handler = Callable[[Request], Response]


def headers_tween_factory(handler: Handler, registry: Any) -> Handler:
    """Return a tween that gives each request an id and each answer its headers."""
    settings: Settings = registry["infra_access.settings"]

    def headers(request: Request) -> Response:
        token = current_request_id.set(request.id)
        try:
            response = handler(request)
        finally:
            current_request_id.reset(token)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = request.id
        if settings.secure_cookies:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-cache, private"
        return response

    return headers


def refusals_tween_factory(handler: Handler, registry: Any) -> Handler:
    """Return a tween that records a refused change."""

    def refusals(request: Request) -> Response:
        response = handler(request)
        error: Forbidden | None = request.environ.pop("infra_access.refused", None)
        if error is not None and request.method not in SAFE_METHODS:
            _record(request, error)
        return response

    return refusals


def _record(request: Request, error: Forbidden) -> None:
    if not is_last_attempt(request) and getattr(request, "exception", None) is not error:
        return
    actor = request.__dict__.get("actor")
    if actor is None:
        return
    route = getattr(request, "matched_route", None)
    with request.registry["infra_access.database"].writer() as session:
        record(
            session,
            actor=actor,
            action=f"refused.{error.code}"[:80],
            object_kind="route",
            object_id=(route.name if route else "")[:40],
            outcome="refused",
            now=clock.now(),
            details={"method": request.method, "path": request.path[:300], "reason": str(error)},
        )


def includeme(config: Configurator) -> None:
    """Install the tweens, outermost first, and the request's id."""
    config.add_request_method(lambda request: str(uuid.uuid4()), "id", reify=True)
    config.add_tween("infra_access.http.headers.headers_tween_factory", under=INGRESS)
    config.add_tween(
        "infra_access.http.headers.refusals_tween_factory",
        under="infra_access.http.headers.headers_tween_factory",
        over="pyramid_tm.tm_tween_factory",
    )
