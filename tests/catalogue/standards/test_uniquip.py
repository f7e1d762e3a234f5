"""UNIQUIP: what is read, what is refused, what is lost, and the way back."""

import csv
import io
import time
import zipfile
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from infra_access.catalogue.standards.problems import RowProblem, Severity
from infra_access.catalogue.standards.uniquip import RowType, UniquipFile, UniquipRow, parse, write
from infra_access.catalogue.standards.uniquip_row import COLUMNS, OPEN_LICENSE, split_techniques, status_of
from infra_access.catalogue.vocabularies import OperationalStatus
from infra_access.core.i18n import plain

FACILITY = {
    "Type": "facility",
    "Name": "Light Source",
    "Contact Name": "User office",
    "Contact Email": "users@light.example",
    "ID": "F-1",
}
INSTRUMENT = {
    "Type": "equipment",
    "Name": "Beamline 10.3.2",
    "Related Facility ID": "F-1",
    "Technique": "XANES, micro-XAS",
    "Contact Name": "User office",
    "Contact Email": "users@light.example",
    "ID": "F-1-B",
    "Service Level": "Operational",
}


def _csv(*rows: dict[str, str], headings: list[str] | None = None) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, headings or list(COLUMNS), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _read(*rows: dict[str, str]) -> UniquipFile:
    return parse(_csv(*rows), name="test.csv")


def _instrument(**changes: str) -> UniquipFile:
    """Read one instrument with cells changed; `_` in a keyword stands for the space of the heading."""
    return _read(FACILITY, INSTRUMENT | {key.replace("_", " "): value for key, value in changes.items()})


def _found(file: UniquipFile) -> list[tuple[int | None, str, str]]:
    return [(problem.row_number, problem.severity.value, problem.code) for problem in file.problems]


def _real_files(shared_data: Path) -> list[Path]:
    return sorted(path for path in (shared_data / "uniquip").glob("*.csv") if path.name != "manifest.csv")


def test_it_reads_a_facility_and_its_instrument() -> None:
    file = _read(FACILITY, INSTRUMENT)

    assert file.problems == ()
    assert [row.name for row in file.facilities] == ["Light Source"]
    (instrument,) = file.equipment
    assert (instrument.number, instrument.related_facility_ids, instrument.techniques, instrument.status) == (
        3,
        ("F-1",),
        ("XANES", "micro-XAS"),
        OperationalStatus.OPERATING,
    )


def test_it_takes_all_rows_of_the_real_files(shared_data: Path) -> None:
    files = [parse(path.read_bytes(), name=path.name) for path in _real_files(shared_data)]

    assert len(files) == 38
    assert [file.name for file in files if file.errors] == []
    assert sum(len(file.facilities) for file in files) == 38
    assert sum(len(file.equipment) for file in files) == 181
    assert Counter(row.status.value for file in files for row in file.equipment) == {
        "operating": 163,
        "unknown": 8,
        "planned": 5,
        "commissioning": 3,
        "closed": 2,
    }
    codes = Counter(problem.code for file in files for problem in file.problems)
    assert codes == {"uniquip.service_level": 8, "uniquip.entities": 4, "uniquip.line_breaks": 1}


def test_every_real_file_comes_back_equal(shared_data: Path) -> None:
    for path in _real_files(shared_data):
        rows = parse(path.read_bytes(), name=path.name).rows
        again = parse(write(rows), name=path.name)
        assert again.rows == rows
        assert write(again.rows) == write(rows)


def test_the_official_template_holds_all_columns(shared_data: Path) -> None:
    file = parse((shared_data / "uniquip" / "UniquipTemplate.xlsx").read_bytes(), name="UniquipTemplate.xlsx")

    assert _found(file) == [(None, "error", "uniquip.empty")]
    assert "no rows" in plain(file.problems[0].message)


def test_headings_may_come_in_any_case_and_order() -> None:
    headings = [heading.upper() for heading in reversed(COLUMNS)]
    rows = [{key.upper(): value for key, value in row.items()} for row in (FACILITY, INSTRUMENT)]

    file = parse(_csv(*rows, headings=headings), name="x")

    assert file.problems == ()
    assert file.rows == _read(FACILITY, INSTRUMENT).rows


def test_the_marker_of_a_heading_is_kept_both_ways() -> None:
    data = _csv(FACILITY, INSTRUMENT).replace(b",Technique,", b",Technique (:N8),").replace(b"Type,", b"Type(:cpv),", 1)

    file = parse(data, name="x")

    assert file.problems == ()
    assert file.markers == {"Technique": ":N8", "Type": ":cpv"}
    assert parse(write(file.rows, markers=file.markers), name="x") == file


def test_missing_columns_are_named() -> None:
    file = parse(b"Type,Name\r\nequipment,X\r\n", name="x")

    assert _found(file) == [(1, "error", "uniquip.missing_columns")]
    assert "Description, Related Facility ID" in plain(file.problems[0].message)
    assert file.rows == ()


def test_repeated_columns_are_refused_and_unknown_ones_lost() -> None:
    repeated = parse(_csv(FACILITY, headings=[*COLUMNS, "ID"]), name="x")
    unknown = parse(_csv(FACILITY | {"Colour": "red"}, headings=[*COLUMNS, "Colour"]), name="x")

    assert _found(repeated) == [(1, "error", "uniquip.repeated_columns")]
    assert _found(unknown) == [(None, "lost", "uniquip.unknown_column")]


def test_the_open_licence_is_optional_and_kept() -> None:
    data = _csv(FACILITY | {OPEN_LICENSE: "CC-BY-4.0"}, headings=[*COLUMNS, OPEN_LICENSE])

    file = parse(data, name="x")

    assert file.rows[0].open_license == "CC-BY-4.0"
    assert parse(write(file.rows), name="x") == file


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Type": ""}, []),
        ({"Type": "EQUIPMENT"}, []),
        ({"Type": "robot"}, [(3, "error", "uniquip.type")]),
        ({"Name": "", "Description": "A diffractometer"}, []),
        ({"Name": ""}, [(3, "error", "uniquip.no_name")]),
        ({"Contact_Name": ""}, [(3, "error", "uniquip.no_contact_name")]),
        ({"Contact_Email": ""}, [(3, "error", "uniquip.no_contact")]),
        ({"Contact_Email": "", "Contact_Telephone": "+49 30 1"}, []),
        ({"Contact_Email": "nobody"}, [(3, "warning", "uniquip.email")]),
        ({"ID": ""}, [(3, "warning", "uniquip.no_id")]),
        ({"ID": "F-1"}, [(3, "error", "uniquip.repeated_id")]),
        ({"Related_Facility_ID": "F-1, F-9"}, [(3, "error", "uniquip.unknown_facility")]),
        ({"Related_Facility_ID": "F-1-B"}, [(3, "error", "uniquip.unknown_facility")]),
        ({"Related_Facility_ID": ""}, []),
        ({"Type": "facility"}, [(3, "warning", "uniquip.facility_related")]),
        ({"Service_Level": "Optimization mode"}, [(3, "warning", "uniquip.service_level")]),
        ({"Service_Level": ""}, []),
        ({"Technique": "x" * 61}, [(3, "warning", "uniquip.technique")]),
        ({"Name": "a\x00b"}, [(3, "error", "text.unsafe"), (3, "error", "uniquip.no_name")]),
        ({"Building": "\u202eevil"}, [(3, "error", "text.unsafe")]),
        ({"Building": "x" * 501}, [(3, "error", "text.too_long")]),
        ({"Description": "x" * 20_001}, [(3, "error", "text.too_long")]),
        ({"Web_Address": "javascript:alert(1)"}, [(3, "lost", "uniquip.address")]),
        ({"Web_Address": "www.light.example/b"}, [(3, "warning", "uniquip.address_scheme")]),
        ({"Name": "=1+1"}, [(3, "warning", "uniquip.formula")]),
    ],
)
def test_each_rule_names_its_row(changes: dict[str, str], expected: list[tuple[int, str, str]]) -> None:
    assert _found(_instrument(**changes)) == expected


def test_a_row_without_an_id_gets_none() -> None:
    assert _instrument(ID="").equipment[0].id == ""


def test_a_problem_names_its_column() -> None:
    problem = _instrument(Contact_Name="").problems[0]

    assert isinstance(problem, RowProblem)
    assert (problem.row_number, problem.field, problem.severity) == (3, "Contact Name", Severity.ERROR)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("<p>One &amp; two</p><p>three</p>", "One & two\nthree"),
        ("a<br/>b <script>alert(1)</script>c", "a\nb c"),
        ("&lt;b&gt;bold&lt;/b&gt; text", "bold text"),
        ("<!-- hidden -->shown", "shown"),
    ],
)
def test_html_in_a_description_leaves_its_text(raw: str, clean: str) -> None:
    file = _instrument(Description=raw)

    assert file.equipment[0].description == clean
    assert (3, "lost", "uniquip.html") in _found(file)
    assert parse(write(file.rows), name="x").rows == file.rows


@pytest.mark.parametrize("text", ["Beam size < 50 nm", "2 < x > 1", "R&D", "x<50 nm and y>3 nm", "A & B;"])
def test_a_less_than_sign_is_no_html(text: str) -> None:
    file = _instrument(Description=text, Name=text)

    assert file.problems == ()
    assert (file.equipment[0].description, file.equipment[0].name) == (text, text)


def test_entities_prefixes_and_line_breaks_are_cleaned_once_for_all() -> None:
    file = _instrument(
        Name="R&amp;amp;D\r\n  station",
        Contact_Telephone="tel:+44-20-1",
        Contact_Email="MAILTO:a@b.example?subject=Hi",
        Contact_URL="https://x.example/?a=1&amp;copy=2",
    )

    row = file.equipment[0]
    assert (row.name, row.contact_telephone, row.contact_email, row.contact_url) == (
        "R&D station",
        "+44-20-1",
        "a@b.example",
        "https://x.example/?a=1&copy=2",
    )
    assert file.errors == ()
    assert parse(write(file.rows), name="x").rows == file.rows


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+49 30 1", "-5 to 5 T", "@home", "'=quoted", "''+x", "'t Hooft"])
def test_cells_that_look_like_formulas_stay_text_and_are_guarded_on_the_way_out(cell: str) -> None:
    (instrument,) = parse(write(_instrument().rows), name="x").equipment
    row = UniquipRow(**{name: getattr(instrument, name) for name in UniquipRow.__slots__} | {"building": cell})

    data = write([row])

    written = next(csv.DictReader(io.StringIO(data.decode())))["Building"]
    assert not written.startswith(("=", "+", "-", "@"))
    assert parse(data, name="x").rows == (row,)


def test_formulas_from_outside_stay_text() -> None:
    assert _instrument(Name="=1+1").equipment[0].name == "=1+1"
    assert _instrument(Building="-5").equipment[0].building == "-5"


@pytest.mark.parametrize(
    ("level", "status"),
    [
        ("Operational", "operating"),
        (" OPERATING ", "operating"),
        ("Commissioning", "commissioning"),
        ("Planned/ Construction", "planned"),
        ("Design & construction", "planned"),
        ("Closed", "closed"),
        ("Closed/Operational", "unknown"),
        ("Optimization mode", "unknown"),
        ("Open for expert users", "unknown"),
        ("available during 2010", "unknown"),
        (".", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_service_level_is_mapped_only_where_it_says_so(level: str, status: str) -> None:
    assert status_of(level) == OperationalStatus(status)


def test_techniques_are_split_and_kept() -> None:
    file = _instrument(Technique="XMCD, PES,PES; micro XAFS / XRF or Dispersive, .,")

    assert file.equipment[0].techniques == ("XMCD", "PES", "micro XAFS", "XRF", "Dispersive")
    assert file.equipment[0].technique.startswith("XMCD, PES,PES;")
    assert split_techniques("Corrosion, " + "x" * 61) == ("Corrosion",)


def test_it_reads_utf8_with_a_mark_and_other_separators() -> None:
    plain_file = _read(FACILITY, INSTRUMENT | {"Technique": ""})
    data = _csv(FACILITY, INSTRUMENT | {"Technique": ""})

    assert parse(b"\xef\xbb\xbf" + data, name="test.csv") == plain_file
    assert parse(data.replace(b",", b";"), name="test.csv") == plain_file
    assert parse(data.replace(b"\r\n", b"\n"), name="test.csv") == plain_file


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "uniquip.empty", "empty"),
        (_csv(FACILITY | {"Name": "Münster"}).decode().encode("latin-1"), "file.encoding", "line 2"),
        (_csv(FACILITY).decode().encode("utf-16"), "file.encoding", "UTF-16"),
        (_csv(FACILITY) + b'"never closed', "file.damaged", "quotation mark"),
        (_csv(FACILITY) + b'"' + b"x" * 200_000 + b'"', "file.damaged", "line 3"),
        (b"PK\x03\x04 not a zip", "file.damaged", "XLSX"),
        (_csv(FACILITY) + b"," * 200 + b"x", "file.too_wide", "Row 3"),
        (_csv() + b"\r\n" * 50_001, "file.too_many_rows", "50000"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, code: str, words: str) -> None:
    file = parse(data, name="x")

    assert _found(file) == [(None, "error", code)]
    assert words in plain(file.problems[0].message)


def test_a_row_wider_than_the_headings_is_an_error() -> None:
    assert _found(parse(_csv(FACILITY) + b"," * 25 + b"x", name="x"))[0] == (3, "error", "uniquip.too_wide")


def test_a_file_of_64_megabytes_is_refused_before_it_is_parsed() -> None:
    data = _csv(FACILITY) + b"x" * (64 * 1024 * 1024)
    started = time.perf_counter()

    file = parse(data, name="x")

    assert time.perf_counter() - started < 0.5
    assert _found(file) == [(None, "error", "file.too_large")]


def _workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_it_reads_a_workbook_like_the_same_csv() -> None:
    rows = [[row.get(heading) or None for heading in COLUMNS] for row in (FACILITY, INSTRUMENT)]

    assert parse(_workbook(list(COLUMNS), *rows), name="test.csv") == _read(FACILITY, INSTRUMENT)


def test_numbers_in_a_workbook_become_their_text_and_formulas_stay_text() -> None:
    row: list[object] = [{**FACILITY, "ID": 12.0, "Building": 7, "Department": "=1+1"}.get(key) for key in COLUMNS]

    facility = parse(_workbook(list(COLUMNS), row), name="x").facilities[0]

    assert (facility.id, facility.building, facility.department) == ("12", "7", "=1+1")


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(7):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b" " * 15_000_000)
    started = time.perf_counter()

    assert _found(parse(out.getvalue(), name="x")) == [(None, "error", "file.too_large")]
    assert time.perf_counter() - started < 0.5


def test_hostile_cells_cost_little_time() -> None:
    started = time.perf_counter()

    for cell in (" " * 100_000 + "x", "<!--" * 30_000, "&" + "amp;" * 30_000, "<a " * 40_000, "\n" * 100_000 + "x"):
        _instrument(Name=cell, Description=cell)

    assert time.perf_counter() - started < 3


def test_types_are_the_two_of_the_standard() -> None:
    assert [kind.value for kind in RowType] == ["equipment", "facility"]
