"""Every real file through the command line, and what people find in it afterwards."""

import csv
import re
from collections import Counter
from pathlib import Path

from webtest import TestApp

from infra_access.config import make_app
from infra_access.core.db import Database
from tests.cli.conftest import Run

COUNTS = re.compile(r"(\d+) rows for .*: (\d+) new, (\d+) changed, (\d+) unchanged")
STATUSES = re.compile(r"(\d+) ([a-z-]+)")


def _imported(run: Run, folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Import all files and return the counts that the command prints: of rows, and of the instruments' status."""
    rows: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    with (folder / "manifest.csv").open(encoding="utf-8") as lines:
        for entry in csv.DictReader(lines):
            file = str(folder / entry["file"])
            done = run("import", "uniquip", file, "--organisation", entry["facility"], "--country", entry["country"])
            assert done.exit_code == 0, done.output
            counted = COUNTS.search(done.stdout)
            assert counted, done.stdout
            rows += Counter(dict(zip(("rows", "new", "changed", "unchanged"), map(int, counted.groups()), strict=True)))
            rows["files"] += 1
            (line,) = (line for line in done.stdout.splitlines() if line.startswith("Operational status"))
            statuses.update({name: int(count) for count, name in STATUSES.findall(line)})
    return rows, statuses


def test_all_files_are_taken_and_a_second_time_nothing_changes(
    run: Run, database: Database, database_url: str, shared_data: Path
) -> None:
    folder = shared_data / "uniquip"
    rows, statuses = _imported(run, folder)
    assert rows == Counter(files=38, rows=219, new=219)
    assert (statuses["operating"], statuses.total()) == (163, 181)
    again, _statuses = _imported(run, folder)
    assert again == Counter(files=38, rows=219, unchanged=219)

    program = TestApp(
        make_app({"infra_access.database_url": database_url, "infra_access.secret": "tests"}, database=database)
    )
    page = program.get("/api/v1/instruments?limit=200").json
    assert len(page["items"]) == 181
    assert Counter(one["offer"] for one in page["items"] if one["status"] != "operating") == Counter(ask=18)
    assert len(program.get("/api/v1/facilities?limit=200").json["items"]) == 38
    found = program.get("/api/v1/instruments?q=EXAFS").json["items"]
    assert found
    assert all("exafs" in program.get(f"/api/v1/instruments/{one['id']}").text.lower() for one in found)
