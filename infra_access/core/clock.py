"""The only place that reads the clock.

Commands take `now` as an argument; the edges (HTTP, worker, command line) get it here.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """Return this instant, aware, in UTC."""
    return datetime.now(UTC)
