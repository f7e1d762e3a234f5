"""The REST interface."""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    """Register the routes, the resources found by scan, the OpenAPI document and the page that shows it."""
    config.include("infra_access.api.routes")
    config.scan("infra_access.api", categories=("api",))
    config.include("infra_access.api.openapi")
    config.include("infra_access.api.docs")
