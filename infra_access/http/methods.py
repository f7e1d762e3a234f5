"""Which methods each route has, read from the registered views themselves."""

from pyramid.config import Configurator
from pyramid.registry import Registry

from infra_access.http.delivery import DeliveryPredicate


def methods_by_route(registry: Registry) -> dict[str, frozenset[str]]:
    """Return route name -> methods, from introspection, so that no list can fall behind the views."""
    cached: dict[str, frozenset[str]] | None = registry.get("infra_access.methods")
    if cached is None:
        found: dict[str, set[str]] = {}
        for item in registry.introspector.get_category("views") or ():
            view = item["introspectable"]
            route = view.get("route_name")
            if route:
                methods = view.get("request_methods") or ("GET",)
                found.setdefault(route, set()).update({methods} if isinstance(methods, str) else methods)
        cached = {
            route: frozenset(methods | ({"HEAD"} if "GET" in methods else set())) for route, methods in found.items()
        }
        registry["infra_access.methods"] = cached
    return cached


def allowed_methods(registry: Registry, route_name: str) -> frozenset[str]:
    """Return the methods of a route; empty for an unknown one."""
    return methods_by_route(registry).get(route_name, frozenset())


def includeme(config: Configurator) -> None:
    """Add the view predicate that tells programs from people."""
    config.add_view_predicate("delivery", DeliveryPredicate)
