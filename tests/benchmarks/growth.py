"""How much slower search and find-time become as the catalogue grows: the same calls at a tenth of its size."""

from collections.abc import Mapping
from datetime import UTC, datetime

from infra_access.core.db import Database
from infra_access.core.migrations import upgrade
from infra_access.scheduling.windows.rebuilding import rebuild
from tests.benchmarks.calls import Calls
from tests.benchmarks.load import Result, run
from tests.benchmarks.seeding import seed
from tests.benchmarks.table import CALLS, CLIENTS
from tests.processes import fleet


def small_results(url: str, instruments: int, labels: Mapping[str, str | None], processes: int) -> dict[str, Result]:
    """Return the results of search and of find-time, by label (and its technique), over so few instruments."""
    upgrade(url)
    database = Database.connect(url)
    calls = Calls(seed(database, instruments), CALLS)
    rebuild(database, now=datetime.now(UTC))
    database.dispose()
    makes = {"search with facets": calls.search, **{label: calls.find(of) for label, of in labels.items()}}
    results = {}
    with fleet(url, processes=processes) as servers:
        for label, make in makes.items():
            run(servers.ports, CLIENTS, 5, make)
            results[label] = run(servers.ports, CLIENTS, CALLS, make)
    return results


def growth_line(label: str, small: Result, large: Result, sizes: tuple[int, int]) -> str:
    """Return the line that tells how the median grows."""
    ratio = large.median_ms / small.median_ms
    return (
        f"growth, {label}: median {small.median_ms:.1f} ms over {sizes[0]}, {large.median_ms:.1f} ms over {sizes[1]}"
        f" instruments, {ratio:.2f} times"
    )
