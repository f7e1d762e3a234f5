"""The smallest application, to serve without the rest."""

from collections.abc import Callable, Iterable
from typing import Any


def make_app(_global_config: dict[str, str], **_settings: str) -> Callable[..., Iterable[bytes]]:
    """Return an application that says hello."""

    def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    return app
