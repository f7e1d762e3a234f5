from pathlib import Path

from sqlalchemy import func, select

from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.db import Database
from tests.cli.conftest import Run


def _count(database: Database) -> tuple[int, int]:
    with database.reader() as session:
        return (
            session.scalar(select(func.count()).select_from(Facility)) or 0,
            session.scalar(select(func.count()).select_from(Instrument)) or 0,
        )


def test_an_import_reports_each_row_and_repeats_without_a_change(
    run: Run, database: Database, shared_data: Path
) -> None:
    file = str(shared_data / "uniquip" / "als.csv")
    options = ["--organisation", "Advanced Light Source", "--country", "US", "--timezone", "America/Los_Angeles"]
    dry = run("import", "uniquip", file, *options, "--dry-run")
    assert dry.exit_code == 0, dry.stderr
    assert "nothing was written" in dry.stdout
    assert _count(database) == (0, 0)
    first = run("import", "uniquip", file, *options)
    assert first.exit_code == 0, first.stderr
    written = _count(database)
    assert written[0] >= 1
    assert written[1] >= 1
    again = run("import", "uniquip", file, *options)
    assert again.exit_code == 0
    assert "0 new, 0 changed" in again.stdout
    assert _count(database) == written


def test_a_file_that_is_none_is_refused_with_its_reason(run: Run, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "broken.csv"
    file.write_bytes(b"a,b\n1,2\n")
    options = ["--organisation", "Somebody", "--country", "KE"]
    for more in ([], ["--dry-run"]):
        result = run("import", "uniquip", str(file), *options, *more)
        assert result.exit_code == 1
        assert "rror" in result.stderr
        assert "Traceback" not in result.output
    assert _count(database) == (0, 0)
    assert run("import", "uniquip", str(tmp_path / "none.csv"), *options).exit_code == 2
