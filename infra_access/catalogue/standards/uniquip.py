"""UNIQUIP, the tables of equipment and facilities of equipment.data.ac.uk, both directions.

Reading validates everything before anything is stored: it returns all rows and all problems, and a file with
an error is not to be imported. A row without an ID gets no invented one: made from its content, it would
become another item with every correction.

Writing and reading again gives equal rows. What reading loses for good is said by problems of severity `lost`
(HTML, addresses that are none, columns that the standard does not know).

Source: https://equipment.data.ac.uk/uniquip
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from infra_access.catalogue.standards.problems import RowProblem, Severity
from infra_access.catalogue.standards.spreadsheet import NumberedRow, read_table, unguard_formula, write_csv
from infra_access.catalogue.standards.uniquip_row import COLUMNS, OPEN_LICENSE, RowReader, RowType, UniquipRow
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _

__all__ = ["RowProblem", "RowType", "Severity", "UniquipFile", "UniquipRow", "parse", "write"]

_KNOWN = {heading.casefold(): heading for heading in (*COLUMNS, OPEN_LICENSE)}
# A heading may name the vocabulary of its column: "Technique (:N8)".
_MARKED = re.compile(r"(.*?)\s*\(\s*(:[\w.-]{1,40})\s*\)")


@dataclass(frozen=True, slots=True)
class UniquipFile:
    """What a file holds: its rows, what is wrong with it, and the vocabularies that its headings name."""

    name: str
    rows: tuple[UniquipRow, ...]
    problems: tuple[RowProblem, ...]
    markers: Mapping[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[RowProblem, ...]:
        """The problems for which the file must not be imported."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def facilities(self) -> tuple[UniquipRow, ...]:
        """The rows that describe facilities."""
        return tuple(row for row in self.rows if row.type is RowType.FACILITY)

    @property
    def equipment(self) -> tuple[UniquipRow, ...]:
        """The rows that describe equipment."""
        return tuple(row for row in self.rows if row.type is RowType.EQUIPMENT)


@dataclass(frozen=True, slots=True)
class _Headings:
    """Which known column stands at which position, and which positions are of no known column."""

    positions: Mapping[int, str]
    markers: Mapping[str, str]
    unknown: Mapping[int, str]
    width: int


def parse(data: bytes, *, name: str) -> UniquipFile:
    """Read a CSV or XLSX file; everything wrong with it is among the problems, nothing is raised."""
    try:
        table = read_table(data)
    except Invalid as refusal:
        return _unreadable(name, None, [(refusal.code, refusal.message)])
    if not table:
        message = _("The file is empty. Its first row must be the 21 headings of UNIQUIP.")
        return _unreadable(name, None, [("uniquip.empty", message)])
    headings, wrong = _read_headings(table[0].cells)
    if wrong:
        return _unreadable(name, table[0].number, wrong)
    rows: list[UniquipRow] = []
    problems: list[RowProblem] = list(_unknown_columns(headings, table))
    for numbered in table[1:]:
        row, found = _read_row(headings, numbered)
        rows.append(row)
        problems.extend(found)
    problems.extend(_across_rows(rows))
    if not rows:
        message = _("The file has headings but no rows. Add a row for each instrument.")
        problems.append(RowProblem(None, None, Severity.ERROR, "uniquip.empty", message))
    # Stable, so that the problems of a row stay in the order of its columns; those of the whole file come first.
    problems.sort(key=lambda problem: problem.row_number or 0)
    return UniquipFile(name, tuple(rows), tuple(problems), headings.markers)


def write(rows: Iterable[UniquipRow], *, markers: Mapping[str, str] | None = None) -> bytes:
    """Return the rows as CSV in UTF-8, in the columns of the standard; cells that look like formulas are guarded.

    The optional column `Open License` is written where a row has one.
    """
    rows = list(rows)
    columns = dict(COLUMNS)
    if any(row.open_license for row in rows):
        columns[OPEN_LICENSE] = "open_license"
    markers = markers or {}
    headings = [f"{heading} ({markers[heading]})" if heading in markers else heading for heading in columns]
    cells = ([str(getattr(row, attribute)) for attribute in columns.values()] for row in rows)
    return write_csv([headings, *cells])


def _unreadable(name: str, row_number: int | None, wrong: Iterable[tuple[str, Text]]) -> UniquipFile:
    return UniquipFile(
        name, (), tuple(RowProblem(row_number, None, Severity.ERROR, code, message) for code, message in wrong)
    )


def _read_headings(cells: tuple[str, ...]) -> tuple[_Headings, list[tuple[str, Text]]]:
    positions: dict[int, str] = {}
    markers: dict[str, str] = {}
    unknown: dict[int, str] = {}
    twice: list[str] = []
    for position, cell in enumerate(cells):
        text = " ".join(cell.split())
        marked = _MARKED.fullmatch(text)
        heading = _KNOWN.get((marked[1] if marked else text).casefold())
        if heading is None:
            unknown[position] = text
        elif heading in positions.values():
            twice.append(heading)
        else:
            positions[position] = heading
            if marked:
                markers[heading] = marked[2]
    wrong: list[tuple[str, Text]] = []
    missing = [heading for heading in COLUMNS if heading not in positions.values()]
    if missing:
        message = _(
            "These columns of UNIQUIP are missing: ${columns}. Add them; most of them may be empty.",
            mapping={"columns": ", ".join(missing)},
        )
        wrong.append(("uniquip.missing_columns", message))
    if twice:
        message = _(
            "These columns occur more than once: ${columns}. Keep one of each.", mapping={"columns": ", ".join(twice)}
        )
        wrong.append(("uniquip.repeated_columns", message))
    return _Headings(positions, markers, unknown, len(cells)), wrong


def _unknown_columns(headings: _Headings, table: list[NumberedRow]) -> Iterator[RowProblem]:
    for position, text in headings.unknown.items():
        if text or any(position < len(row.cells) and row.cells[position].strip() for row in table[1:]):
            message = _(
                'The column "${column}" is not part of UNIQUIP and was left out.', mapping={"column": text[:80]}
            )
            yield RowProblem(None, text[:80] or None, Severity.LOST, "uniquip.unknown_column", message)


def _read_row(headings: _Headings, numbered: NumberedRow) -> tuple[UniquipRow, list[RowProblem]]:
    cells = {
        heading: unguard_formula(numbered.cells[position])
        for position, heading in headings.positions.items()
        if position < len(numbered.cells)
    }
    reader = RowReader(numbered.number, cells)
    if any(cell.strip() for cell in numbered.cells[headings.width :]):
        message = _("The row has more cells than there are headings. Check the quotes and separators in it.")
        reader.note(Severity.ERROR, "uniquip.too_wide", None, message)
    return reader.read(), reader.problems


def _across_rows(rows: list[UniquipRow]) -> Iterator[RowProblem]:
    """Yield what only the whole file shows: repeated ids and facilities that it does not hold."""
    first: dict[str, UniquipRow] = {}
    for row in rows:
        if not row.id:
            continue
        if row.id in first:
            message = _(
                'The ID "${id}" already stands in row ${row}. Give each row an ID of its own.',
                mapping={"id": row.id[:80], "row": first[row.id].number},
            )
            yield RowProblem(row.number, "ID", Severity.ERROR, "uniquip.repeated_id", message)
        else:
            first[row.id] = row
    facilities = {row.id for row in first.values() if row.type is RowType.FACILITY}
    for row in rows:
        if row.type is RowType.FACILITY:
            continue
        for related in row.related_facility_ids:
            if related not in facilities:
                message = _(
                    'Related Facility ID "${id}" is not the ID of a facility in this file.'
                    " Add that facility, or correct the ID.",
                    mapping={"id": related[:80]},
                )
                yield RowProblem(row.number, "Related Facility ID", Severity.ERROR, "uniquip.unknown_facility", message)
