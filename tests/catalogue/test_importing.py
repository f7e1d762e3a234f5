import csv
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.catalogue.exporting import export_uniquip
from infra_access.catalogue.import_report import ImportReport, Outcome
from infra_access.catalogue.importing import import_uniquip
from infra_access.catalogue.instruments import update_instrument
from infra_access.catalogue.models import Facility, Instrument, Organisation, OrganisationIdentifier, Resource
from infra_access.catalogue.offers import offer_of
from infra_access.catalogue.search import search
from infra_access.catalogue.standards.uniquip import COLUMNS, parse
from infra_access.core.authority import Actor, Grant, system_actor
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Forbidden, Invalid
from tests.factories.catalogue import NOW, make_facility, make_instrument, make_organisation
from tests.statements import count_statements

SYSTEM = system_actor("import")


def table(*rows: dict[str, str]) -> bytes:
    lines = [",".join(COLUMNS)]
    for row in rows:
        cells = {"Contact Name": "User office", "Contact URL": "https://x.example/", **row}
        lines.append(",".join(cells.get(column, "") for column in COLUMNS))
    return "\r\n".join(lines).encode()


PLACE = {"Type": "facility", "Name": "Nairobi Light Source", "ID": "F-1"}
BEAM = {
    "Name": "Beamline 1",
    "ID": "E-1",
    "Related Facility ID": "F-1",
    "Technique": "EXAFS; XANES",
    "Service Level": "Operational",
}


def run(session: Session, content: bytes, **options: object) -> ImportReport:
    values: dict[str, object] = {
        "actor": SYSTEM,
        "now": NOW,
        "filename": "file.csv",
        "organisation_name_or_ror": "Nairobi Light Source",
        "country": "KE",
    }
    return import_uniquip(session, content=content, **values | options)  # type: ignore[arg-type]


def number_of(session: Session, table_: type) -> int:
    return session.scalar(select(func.count()).select_from(table_)) or 0


def test_it_takes_all_real_files_and_a_second_time_changes_nothing(session: Session, shared_data: Path) -> None:
    folder = shared_data / "uniquip"
    with (folder / "manifest.csv").open(encoding="utf-8") as lines:
        files = list(csv.DictReader(lines))
    reports = []
    for entry in files:
        content = (folder / entry["file"]).read_bytes()
        options = {
            "filename": entry["file"],
            "organisation_name_or_ror": entry["facility"],
            "country": entry["country"],
        }
        reports.append(run(session, content, **options))
    assert len(files) == 38
    assert sum(report.counts["new"] for report in reports) == 219
    assert (number_of(session, Facility), number_of(session, Instrument), number_of(session, Resource)) == (
        38,
        181,
        181,
    )
    statuses = Counter(session.scalars(select(Instrument.status)))
    assert statuses["operating"] == 163
    assert sum(report.statuses.get("operating", 0) for report in reports) == 163
    assert {str(offer_of(instrument)) for instrument in session.scalars(select(Instrument))} == {"ask"}
    assert number_of(session, AuditEvent) == 38
    page = search(session, q="EXAFS", limit=200)
    assert page.total == len(page.items) == 2
    assert search(session).total == 181
    unmapped = [problem for report in reports for problem in report.problems if problem.code == "uniquip.service_level"]
    assert len(unmapped) == statuses["unknown"] > 0

    for entry in files:
        content = (folder / entry["file"]).read_bytes()
        options = {
            "filename": entry["file"],
            "organisation_name_or_ror": entry["facility"],
            "country": entry["country"],
        }
        again = run(session, content, **options)
        assert {row.outcome for row in again.rows} == {Outcome.UNCHANGED}
        assert not again.wrote
    assert number_of(session, AuditEvent) == 38


def test_an_export_of_each_real_file_gives_its_rows_again(session: Session, shared_data: Path) -> None:
    for path in sorted((shared_data / "uniquip").glob("*.csv")):
        if path.name == "manifest.csv":
            continue
        run(session, path.read_bytes(), organisation_name_or_ror=path.stem, country="KE")
        facility = session.scalars(select(Facility).order_by(Facility.id.desc())).first()
        assert facility is not None
        exported = parse(export_uniquip(session, facility), name="again.csv")
        assert exported.rows == parse(path.read_bytes(), name=path.name).rows
        assert exported.errors == ()


def test_a_dry_run_tells_the_same_and_writes_nothing(session: Session) -> None:
    report = run(session, table(PLACE, BEAM), dry_run=True)
    assert (report.counts, report.wrote, report.organisation_created) == (
        {"new": 2, "changed": 0, "unchanged": 0},
        False,
        True,
    )
    assert [number_of(session, each) for each in (Organisation, Facility, Instrument, AuditEvent)] == [0, 0, 0, 0]


def test_it_enters_the_organisation_self_declared_and_lists_the_instrument_unclaimed(session: Session) -> None:
    report = run(session, table(PLACE, BEAM), organisation_name_or_ror="ror.org/02mhbdp94")
    organisation = session.scalars(select(Organisation)).one()
    assert (organisation.name, organisation.trust, organisation.public_id) == (
        "Nairobi Light Source",
        "self-declared",
        report.organisation_public_id,
    )
    assert session.scalars(select(OrganisationIdentifier.value)).one() == "https://ror.org/02mhbdp94"
    instrument = session.scalars(select(Instrument)).one()
    assert (instrument.listing, instrument.publication, instrument.scheduling_authority) == (
        "unclaimed",
        "published",
        "none",
    )
    assert session.scalars(select(Facility.timezone)).one() == "Africa/Nairobi"
    assert [name for _key, name in search(session).items[0].techniques] == ["EXAFS", "XANES"]
    assert run(session, table(PLACE, BEAM), organisation_name_or_ror="02MHBDP94", country=None).wrote is False


def test_it_changes_only_what_differs(session: Session) -> None:
    run(session, table(PLACE, BEAM))
    report = run(session, table(PLACE, BEAM | {"Technique": "XES", "Description": "New"}))
    assert [(row.outcome.value, row.changed) for row in report.rows] == [
        ("unchanged", ()),
        ("changed", ("description", "technique_text", "techniques")),
    ]
    assert [item.name for item in search(session, q="xes").items] == ["Beamline 1"]
    assert search(session, q="exafs").items == []
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert event.action == "catalogue.imported"
    assert event.details["counts"] == {"new": 0, "changed": 1, "unchanged": 1}


def test_a_status_that_staff_set_stays_until_the_file_states_another(session: Session) -> None:
    run(session, table(PLACE, BEAM))
    instrument = session.scalars(select(Instrument)).one()
    update_instrument(session, actor=SYSTEM, now=NOW, instrument=instrument, changes={"status": "down"})
    assert run(session, table(PLACE, BEAM)).wrote is False
    assert instrument.status == "down"
    assert "Down" in export_uniquip(session, session.scalars(select(Facility)).one()).decode()
    run(session, table(PLACE, BEAM | {"Service Level": "Closed"}))
    assert instrument.status == "closed"


def test_rows_without_an_id_are_recognised_by_their_name(session: Session) -> None:
    rows = [PLACE, BEAM | {"ID": ""}, BEAM | {"ID": ""}, BEAM | {"ID": "", "Name": "Other"}]
    assert run(session, table(*rows)).counts["new"] == 4
    again = run(session, table(*rows))
    assert again.counts == {"new": 0, "changed": 0, "unchanged": 4}
    assert "uniquip.no_id" in {problem.code for problem in again.problems_of(3)}


def test_equipment_without_a_facility_stands_in_one_named_as_the_organisation(session: Session) -> None:
    loose = BEAM | {"Related Facility ID": ""}
    for _time in range(2):
        run(session, table(loose), organisation_name_or_ror="Makerere University", country="UG")
    facility = session.scalars(select(Facility)).one()
    assert (facility.name, facility.timezone) == ("Makerere University", "Africa/Kampala")
    exported = parse(export_uniquip(session, facility), name="again.csv")
    assert exported.rows == parse(table(loose), name="file.csv").rows


def test_an_instrument_moves_to_another_facility_with_its_copies(session: Session) -> None:
    second = PLACE | {"Name": "Second", "ID": "F-2"}
    run(session, table(PLACE, second, BEAM))
    report = run(session, table(PLACE, second, BEAM | {"Related Facility ID": "F-2"}))
    assert report.rows[-1].changed == ("related_facility_id", "facility")
    facility = session.scalars(select(Facility).where(Facility.source_id == "F-2")).one()
    assert session.scalars(select(Instrument.facility_id)).one() == facility.id
    assert session.scalars(select(Resource.facility_id)).one() == facility.id


def test_the_zone_of_the_capital_is_taken_with_a_warning(session: Session) -> None:
    report = run(session, table(PLACE), country="US")
    assert [problem.code for problem in report.problems_of(None)] == ["import.zone"]
    assert session.scalars(select(Facility.timezone)).one() == "America/New_York"
    moved = run(session, table(PLACE), country="US", timezone="America/Chicago")
    assert moved.rows[0].changed == ("timezone",)
    assert moved.problems_of(None) == ()
    assert session.scalars(select(Facility.timezone)).one() == "America/Chicago"


def test_drafts_stay_out_of_sight_and_a_later_import_does_not_publish_them(session: Session) -> None:
    run(session, table(PLACE, BEAM), publish=False)
    run(session, table(PLACE, BEAM, BEAM | {"ID": "E-2"}))
    assert search(session).items == []
    assert set(session.scalars(select(Instrument.publication))) == {"draft"}


def test_a_file_with_errors_is_refused_whole_naming_row_and_field(session: Session) -> None:
    content = table(PLACE, BEAM | {"Related Facility ID": "F-9"}, BEAM | {"Contact Name": ""})
    with pytest.raises(Invalid, match="row 3, Related Facility ID") as refusal:
        run(session, content)
    assert refusal.value.code == "import.invalid"
    assert "row 4, Contact Name" in refusal.value.fields
    assert number_of(session, Organisation) == 0
    report = run(session, content, dry_run=True)
    assert len(report.errors) == 3
    assert report.rows == ()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"country": None}, "import.no_country"),
        ({"country": "XX"}, "country.unknown"),
        ({"organisation_name_or_ror": "https://ror.org/02mhbdp93"}, "ror.invalid"),
        ({"timezone": "Mars/Base"}, "zone.unknown"),
        ({"country": "AQ"}, "country.no_zone"),
        ({"content": b"\xff\xfe"}, "import.invalid"),
    ],
)
def test_it_refuses_what_it_cannot_place(session: Session, options: dict[str, object], code: str) -> None:
    content = options.get("content", table(PLACE, BEAM))
    with pytest.raises(Invalid) as refusal:
        run(session, **{"content": content} | options)  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_staff_import_what_is_theirs_as_claimed(session: Session) -> None:
    organisation = make_organisation(session, name="Nairobi Light Source", country="KE")
    grant = Grant("facility_manager", ("organisation", organisation.public_id))
    run(session, table(PLACE, BEAM), actor=Actor(1, "a", "Ann", grants=(grant,)))
    assert session.scalars(select(Instrument.listing)).one() == "claimed"


def test_strangers_and_the_unverified_may_not_publish_by_import(session: Session) -> None:
    organisation = make_organisation(session, name="Nairobi Light Source", country="KE", trust="self-declared")
    with pytest.raises(Forbidden):
        run(session, table(PLACE, BEAM), actor=Actor(1, "a", "Ann"))
    grant = Grant("facility_manager", ("organisation", organisation.public_id))
    actor = Actor(1, "a", "Ann", grants=(grant,))
    with pytest.raises(Conflict) as refusal:
        run(session, table(PLACE, BEAM), actor=actor)
    assert refusal.value.code == "organisation.not_verified"
    assert run(session, table(PLACE, BEAM), actor=actor, publish=False).counts["new"] == 2


def test_what_was_entered_here_can_be_exported(session: Session) -> None:
    facility = make_facility(session, contact_name="Office", contact_email="office@x.example")
    make_instrument(session, facility=facility, name="=Scope", contact_name="Office", website="https://x.example/s")
    exported = parse(export_uniquip(session, facility), name="again.csv")
    assert exported.errors == ()
    assert [(row.name, row.technique, row.status.value) for row in exported.equipment] == [
        ("=Scope", "XANES", "operating")
    ]
    assert exported.equipment[0].related_facility_id == facility.public_id


def test_the_statements_of_an_import_do_not_grow_with_its_rows(database: Database, session: Session) -> None:
    counts = []
    for number in (5, 50):
        beams = [BEAM | {"ID": f"E-{number}-{index}"} for index in range(number)]
        with count_statements(database) as sent:
            run(session, table(PLACE, *beams), organisation_name_or_ror=f"Organisation {number}")
        # The rows themselves go in one by one on SQLite, which has no round trips to save.
        counts.append(
            len([each for each in sent if not each.startswith(("INSERT INTO instrument ", "INSERT INTO res"))])
        )
    assert counts[1] == counts[0]
