"""Every refusal and failure becomes an answer here: problem+json (RFC 9457) for programs, a page for people.

These views run while the failed transaction is still open, so they never query. Pages are drawn by whoever registers
`infra_access.error_page`, since templates lie above this package.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pyramid.config import Configurator
from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken, URLDecodeError
from pyramid.httpexceptions import HTTPException, HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from translationstring import TranslationString

from infra_access.core.db import is_outage
from infra_access.core.errors import Conflict, DomainError, Forbidden, NotFound, TooMany, Unavailable
from infra_access.core.i18n import _
from infra_access.http.delivery import is_api
from infra_access.http.methods import allowed_methods
from infra_access.http.refusals import BadRequest, MethodNotAllowed

log = logging.getLogger(__name__)

ErrorPage = Callable[[Request, DomainError], Response]


def answer(request: Request, error: DomainError) -> Response:
    """Return the answer to a refusal in the delivery that was asked for."""
    if isinstance(error, Forbidden):
        request.environ["infra_access.refused"] = error
    page: ErrorPage | None = request.registry.get("infra_access.error_page")
    response = problem(request, error) if page is None or is_api(request) else page(request, error)
    response.status_int = error.status
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.details["allow"])
    if error.status == 401 and is_api(request):
        response.headers["WWW-Authenticate"] = 'Bearer realm="Infra Access"'
    if isinstance(error, TooMany | Unavailable):
        response.headers["Retry-After"] = str(error.details.get("retry_after", 5))
    return response


def problem(request: Request, error: DomainError) -> Response:
    """Return problem+json. `decision` and `alternatives` stand at the top where the error has them."""
    body: dict[str, Any] = {
        "type": f"/api/docs#problem-{error.code}",
        "title": error.__class__.__name__,
        "status": error.status,
        "detail": request.localize(error.message),
        "code": error.code,
    }
    if error.fields:
        body["errors"] = translated(request, error.fields)
    body.update({key: translated(request, value) for key, value in error.details.items() if key not in body})
    return Response(orjson.dumps(body), content_type="application/problem+json", charset=None)


def translated(request: Request, value: Any) -> Any:
    """Return plain JSON in which every text for people, however deep, is in the reader's language."""
    if isinstance(value, TranslationString):
        return request.localize(value)
    if isinstance(value, Mapping):
        return {str(key): translated(request, item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [translated(request, item) for item in value]
    return value


def domain_error(error: DomainError, request: Request) -> Response:
    """Answer a refusal of the domain."""
    return answer(request, error)


def not_found(error: Exception, request: Request) -> Response:
    """Answer an address that nothing serves, or one that does not have this method."""
    route = getattr(request, "matched_route", None)
    if route is not None:
        methods = allowed_methods(request.registry, route.name)
        if methods and request.method not in methods:
            return answer(
                request,
                MethodNotAllowed(
                    "method.not_allowed",
                    _("This address does not take ${method}.", mapping={"method": request.method}),
                    details={"allow": sorted(methods)},
                ),
            )
    return answer(request, NotFound("not_found", _("There is nothing at this address.")))


def undecodable(error: Exception, request: Request) -> Response:
    """Answer a path that is not UTF-8."""
    return answer(request, BadRequest("text.undecodable", _("The address or query is not valid UTF-8.")))


def forged(error: Exception, request: Request) -> Response:
    """Answer a form without the token that proves that it came from our own page."""
    return answer(
        request,
        BadRequest("csrf", _("This form has expired. Go back, load the page again and send it once more.")),
    )


def stale(error: Exception, request: Request) -> Response:
    """Answer a change of a row that somebody else changed in the meantime."""
    return answer(
        request, Conflict("version.changed", _("Somebody changed this in the meantime. Load it again and repeat."))
    )


def unavailable(error: OperationalError | PoolTimeout, request: Request) -> Response:
    """Answer when the database did not let us in, after all attempts."""
    if isinstance(error, OperationalError) and not is_outage(error.orig):
        return failure(error, request)
    log.warning("database unavailable: %s", error)
    return answer(request, Unavailable("database.busy", _("The system is busy. Please try again in a few seconds.")))


def http_exception(error: HTTPException, request: Request) -> Response:
    """Pass redirects on; answer any other exception of the framework in our own form."""
    if error.status_int < 400:
        return error
    refused = BadRequest("http", _("The request was refused (${status}).", mapping={"status": error.status}))
    response = answer(request, refused)
    response.status_int = error.status_int
    return response


def failure(error: Exception, request: Request) -> Response:
    """Answer a defect of ours: log it with the request's id, reveal nothing."""
    log.exception("unexpected error", exc_info=error)
    response = answer(
        request,
        Unavailable(
            "internal",
            _("Something went wrong on our side. It was recorded as ${id}.", mapping={"id": request.id}),
        ),
    )
    response.status_int = 500
    return response


def includeme(config: Configurator) -> None:
    """Register the error views."""
    for context, view in (
        (Exception, failure),
        (HTTPException, http_exception),
        (HTTPNotFound, not_found),
        (URLDecodeError, undecodable),
        (BadCSRFToken, forged),
        (BadCSRFOrigin, forged),
        (StaleDataError, stale),
        (OperationalError, unavailable),
        (PoolTimeout, unavailable),
        (DomainError, domain_error),
    ):
        config.add_exception_view(view, context=context)
