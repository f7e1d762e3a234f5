"""The table of one database: what each operation came to, and how it compares."""

import os
from collections.abc import Sequence

from tests.benchmarks.calls import Make
from tests.benchmarks.load import Result, run

CLIENTS = 8
CALLS = int(os.environ.get("BENCH_CALLS", "200"))
_WARM = 5


class Table:
    """Runs operations against servers and prints a line for each; all are compared with the first."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._base: Result | None = None
        print(f"{'operation':34}{'calls/s':>9}{'median ms':>11}{'p99 ms':>9}{'hello /':>9}  answers")

    def row(self, label: str, make: Make) -> Result:
        """Measure an operation and print its line."""
        result = run(self._ports, CLIENTS, CALLS, make)
        self._base = self._base or result
        answers = ", ".join(f"{status} x {count}" for status, count in sorted(result.statuses.items()))
        figures = f"{result.rate:9.0f}{result.median_ms:11.1f}{result.p99_ms:9.1f}{self._base.rate / result.rate:9.1f}"
        print(f"{label:34}{figures}  {answers}", flush=True)
        return result

    def warm(self, make: Make) -> None:
        """Make a few calls that do not count, so that everything that is kept is there."""
        run(self._ports, CLIENTS, _WARM, make)
