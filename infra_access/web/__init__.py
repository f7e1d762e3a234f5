"""The server-rendered pages. They call the same commands as the API and work whole without JavaScript."""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    """Set up templates, static files, the error page, the routes and their views."""
    config.include("pyramid_jinja2")
    config.include("infra_access.web.rendering")
    config.include("infra_access.web.demo_banner")
    config.include("infra_access.web.error_page")
    config.include("infra_access.web.routes")
