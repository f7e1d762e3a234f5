"""What an operator asks of a running server: is it alive, is it ready, how is it doing."""

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy import text

from infra_access.core import clock
from infra_access.core.migrations import pending
from infra_access.scheduling import guard
from infra_access.scheduling.windows.keeping import lag


def alive(request: Request) -> Response:
    """Answer that the process serves."""
    return Response(b'{"status": "ok"}', content_type="application/json", charset=None)


def ready(request: Request) -> Response:
    """Answer whether the database answers, is migrated and guarded; 503 with the reasons if not.

    It also tells of how many resources the free windows are behind, and since when: no reason to serve nothing.
    """
    database = request.database
    problems: list[str] = []
    windows: dict[str, object] | None = None
    try:
        with database.readers.connect() as connection:
            connection.execute(text("SELECT 1"))
            problems += [f"guard missing: {name}" for name in guard.missing(connection)]
        if pending(database):
            problems.append("migrations pending")
        else:
            with database.reader() as session:
                behind = lag(session, now=clock.now())
            windows = {"stale": behind.stale, "oldest": behind.oldest}
    except Exception:
        problems.append("database unreachable")
    status = {"status": "unready" if problems else "ready", "problems": problems, "free_windows": windows}
    return Response(
        orjson.dumps(status), status=503 if problems else 200, content_type="application/json", charset=None
    )


def metrics(request: Request) -> Response:
    """Answer with the process's metrics in Prometheus' text form."""
    response = Response(generate_latest(), charset=None)
    response.headers["Content-Type"] = CONTENT_TYPE_LATEST
    return response


def includeme(config: Configurator) -> None:
    """Register the three addresses, outside /api/v1."""
    for name, path, view in (
        ("alive", "/healthz", alive),
        ("ready", "/readyz", ready),
        ("metrics", "/metrics", metrics),
    ):
        config.add_route(name, path)
        config.add_view(view, route_name=name, request_method="GET", permission=NO_PERMISSION_REQUIRED)
