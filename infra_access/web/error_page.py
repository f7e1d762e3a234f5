"""The page that a refusal or a failure becomes: what happened, why, and what to do next. It never queries."""

from pyramid.config import Configurator
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from infra_access.core.errors import DomainError


def error_page(request: Request, error: DomainError) -> Response:
    """Return the page of a refusal; the status is set by the caller."""
    request.environ["infra_access.failed"] = True
    return render_to_response("error.jinja2", {"error": error}, request=request)


def includeme(config: Configurator) -> None:
    """Let the error views draw pages with this."""
    config.registry["infra_access.error_page"] = error_page
