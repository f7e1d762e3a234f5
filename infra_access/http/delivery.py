"""Which of the two deliveries a request belongs to: programs get problem+json, people get pages."""

from pyramid.config import Configurator
from pyramid.request import Request

_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics")


def is_api(request: Request) -> bool:
    """Tell whether a program asks; also for a path that cannot be decoded."""
    path: str = request.environ.get("PATH_INFO", "")
    return path.startswith(_FOR_PROGRAMS) and path not in {"/api/docs", "/api/docs/"}


class DeliveryPredicate:
    """View predicate `delivery="api"` or `delivery="page"`."""

    def __init__(self, value: str, config: Configurator) -> None:
        """Keep the wanted delivery."""
        self.value = value

    def text(self) -> str:
        """Return the predicate as text."""
        return f"delivery = {self.value}"

    phash = text

    def __call__(self, context: object, request: Request) -> bool:
        """Tell whether the request is of this delivery."""
        return (self.value == "api") is is_api(request)
