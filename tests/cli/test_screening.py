"""Sanction lists at the command line: taken in, listed, removed, and refused with the line."""

from pathlib import Path

from sqlalchemy import func, select

from infra_access.core.db import Database
from infra_access.screening.models import ScreeningEntry, ScreeningList
from tests.cli.conftest import Run
from tests.factories.screening import ALT, ENTRIES, ofac, simple_csv


def _stored(database: Database) -> tuple[int | None, int | None]:
    with database.reader() as session:
        lists = session.scalar(select(func.count(ScreeningList.id)).where(ScreeningList.state == "current"))
        return lists, session.scalar(select(func.count(ScreeningEntry.id)))


def test_lists_come_in_from_files_and_go(run: Run, database: Database, tmp_path: Path) -> None:
    simple, sdn, alt = (tmp_path / name for name in ("targets.simple.csv", "SDN.CSV", "ALT.CSV"))
    simple.write_bytes(simple_csv().getvalue())
    sdn.write_bytes(ofac().getvalue())
    alt.write_bytes(ofac(ALT).getvalue())
    assert run("screening", "lists").stdout == "No list is in use.\n"
    dry = run("import", "sanctions", str(simple), "--dry-run")
    assert dry.exit_code == 0, dry.stderr
    assert "nothing was written" in dry.stdout
    assert _stored(database) == (0, 0)
    first = run("import", "sanctions", str(simple))
    assert "OpenSanctions (opensanctions): 4 entries, of which 1 are neither" in first.stdout
    second = run("import", "sanctions", str(sdn), "--aliases", str(alt), "--name", "OFAC, all")
    assert "OFAC, all (ofac-sdn): 3 entries" in second.stdout
    assert _stored(database) == (2, 5)
    assert run("screening", "lists").stdout.count("SHA-256") == 2
    assert run("screening", "remove", "OFAC, all").stdout == "OFAC, all: removed.\n"
    assert _stored(database) == (1, 3)
    gone = run("screening", "remove", "OFAC, all")
    assert (gone.exit_code, "No list" in gone.stderr) == (1, True)


def test_a_file_that_is_no_list_is_refused_with_its_line(run: Run, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    assert run("import", "sanctions", str(file)).exit_code == 2
    file.write_bytes(simple_csv([*ENTRIES, "T-5,Person,short"]).getvalue())
    for more in ([], ["--dry-run"]):
        result = run("import", "sanctions", str(file), *more)
        assert (result.exit_code, "Line 6: This row has 3 columns" in result.stderr) == (1, True), result.stderr
        assert "Traceback" not in result.output
    assert _stored(database) == (0, 0)
