from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from infra_access.catalogue.models import Facility, Instrument
from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.scheduling.models import Booking
from tests.cli.conftest import Run
from tests.factories.people import make_account
from tests.factories.policy import make_policy
from tests.factories.scheduling import make_place


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


def test_bookings_come_in_from_a_file_and_the_refused_say_why(run: Run, database: Database, tmp_path: Path) -> None:
    with database.writer() as session:
        make_policy(session)
        place = make_place(session, name="Cryo microscope")
        email = make_account(session).email
        facility = place.facility.public_id
    day = clock.now() + timedelta(days=3)
    file = tmp_path / "bookings.csv"
    lines = [f"Cryo microscope,{email},{day:%Y-%m-%d} {hour}:00,{day:%Y-%m-%d} {hour + 2}:00" for hour in (10, 11, 14)]
    file.write_text("\n".join(["instrument,email,start,end", *lines, f"Cryo microscope,{email},noon,later"]))
    dry = run("import", "bookings", str(file), "--facility", facility, "--dry-run")
    assert "4 bookings, 2 refused" in dry.stdout
    assert "nothing was written" in dry.stdout
    with database.reader() as session:
        assert session.scalar(select(func.count(Booking.id))) == 0
    for state in ("booked", "was booked already"):
        result = run("import", "bookings", str(file), "--facility", facility)
        assert result.exit_code == 1
        assert f"row 2: {state}" in result.stdout
        assert "refused: row 3: Something else takes part" in result.stderr
        assert "refused: row 5: Give a time such as" in result.stderr
    with database.reader() as session:
        assert session.scalar(select(func.count(Booking.id))) == 2
    assert run("import", "bookings", str(file), "--facility", "0000000000000000").exit_code == 1
