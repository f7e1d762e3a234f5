"""/api/docs: the document, readable, by Redoc from our own files."""

from html import escape

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from infra_access.api.openapi import PATH
from infra_access.core.i18n import _

# Redoc draws with styles of its own and searches in a worker made from a blob; scripts stay ours alone.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
SCRIPT = "infra_access:static/vendor/redoc.standalone.js"
ICON = "infra_access:static/favicon.svg"


def show(request: Request) -> Response:
    """Answer the page."""
    title = escape(request.localize(_("Infra Access: the API")))
    page = (
        f'<!doctype html>\n<html lang="{escape(request.locale_name)}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" type="image/svg+xml" href="{escape(request.static_path(ICON))}">\n</head>\n<body>\n'
        f'<redoc spec-url="{PATH}" hide-download-button="false"></redoc>\n'
        f'<noscript><a href="{PATH}">{escape(request.localize(_("The OpenAPI document")))}</a></noscript>\n'
        f'<script src="{escape(request.static_path(SCRIPT))}"></script>\n</body>\n</html>\n'
    )
    response = Response(page, content_type="text/html", charset="utf-8")
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


def includeme(config: Configurator) -> None:
    """Register the page's address."""
    config.add_route("api.docs", "/api/docs")
    config.add_view(show, route_name="api.docs", request_method="GET", permission=NO_PERMISSION_REQUIRED)
