"""The subjects of the gates, found in the application itself: every view that answers a route."""

import re
from dataclasses import dataclass

from pyramid.registry import Registry

from infra_access.http.delivery import is_api
from infra_access.http.transactions import SAFE_METHODS

STATIC = "__static/"
A_MONTH = "2026-01"
"""Which month an address names; it is over."""


@dataclass(frozen=True, order=True, slots=True)
class Subject:
    """One view: its route, method and, where a page's button chooses among several, the field that it sends."""

    route: str
    method: str
    button: str
    pattern: str

    @property
    def name(self) -> str:
        """Return "route METHOD button", by which tables know it."""
        return f"{self.route} {self.method} {self.button}".strip()

    @property
    def is_api(self) -> bool:
        """Tell whether programs ask here."""
        return is_api(_Path(self.pattern))  # type: ignore[arg-type]

    @property
    def is_safe(self) -> bool:
        """Tell whether the method may change nothing."""
        return self.method in SAFE_METHODS

    @property
    def kind(self) -> str | None:
        """Return what the id in the address is of: the part of the address before it; None without one."""
        found = re.search(r"/([\w-]+)/\{", self.pattern)
        return found[1] if found else None

    def path(self, key: str) -> str:
        """Return the address for an id, or for several that a slash parts."""
        *first, last = key.split("/")
        rest = iter(first)
        return re.sub(r"\{\w+\}", lambda _found: next(rest, last), self.pattern.replace("{month}", A_MONTH))


class _Path:
    """As much of a request as `is_api` reads."""

    def __init__(self, path: str) -> None:
        self.environ = {"PATH_INFO": path}


def subjects(registry: Registry) -> dict[str, Subject]:
    """Return every view of every route by name; static files are checked by themselves."""
    introspector = registry.introspector
    patterns = {
        item["introspectable"]["name"]: item["introspectable"]["pattern"]
        for item in introspector.get_category("routes")
    }
    found: dict[str, Subject] = {}
    for item in introspector.get_category("views"):
        view = item["introspectable"]
        route = view["route_name"]
        if not route or route == STATIC:
            continue
        methods = view["request_methods"] or "GET"
        for method in (methods,) if isinstance(methods, str) else methods:
            button = view["request_param"] or ""
            subject = Subject(route, method, button if isinstance(button, str) else " ".join(button), patterns[route])
            if method != "HEAD":
                found[subject.name] = subject
    return dict(sorted(found.items()))


def routes_without_views(registry: Registry) -> set[str]:
    """Return the routes that no view answers."""
    routes = {item["introspectable"]["name"] for item in registry.introspector.get_category("routes")}
    return routes - {subject.route for subject in subjects(registry).values()} - {STATIC}
