"""Tables of text in CSV and XLSX files from outside, and CSV that is safe to open in a spreadsheet.

Reading is guarded before parsing: by the size of the file, for XLSX by what it would unpack to, and by the
number of rows and columns. Cells stay text; nothing is computed.
"""

import csv
import io
import zipfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from warnings import catch_warnings, simplefilter

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 100
MAX_UNPACKED_BYTES = 96 * 1024 * 1024
MAX_ARCHIVE_FILES = 1_000
_MEGABYTE = 1024 * 1024

# What spreadsheets take for the beginning of a formula.
# Source: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """The cells of one row that is not empty; `number` as a spreadsheet shows it."""

    number: int
    cells: tuple[str, ...]


def read_table(data: bytes) -> list[NumberedRow]:
    """Return the rows of a CSV file in UTF-8, or of the first sheet of an XLSX file, headings included.

    Raises:
        Invalid: `file.too_large`, `file.encoding`, `file.damaged`, `file.too_many_rows` or `file.too_wide`.
    """
    if len(data) > MAX_BYTES:
        message = _(
            "The file has ${size} MB; at most ${limit} MB are possible. Split it into several files.",
            mapping={"size": -(-len(data) // _MEGABYTE), "limit": MAX_BYTES // _MEGABYTE},
        )
        raise Invalid("file.too_large", message)
    rows = _xlsx_rows(data) if data.startswith(b"PK") else _csv_rows(data)
    table: list[NumberedRow] = []
    for number, cells in enumerate(rows, start=1):
        # Empty rows count too: a sheet may claim a million of them.
        if number > MAX_ROWS + 1:
            message = _(
                "The file has more than ${limit} rows. Split it into several files.", mapping={"limit": MAX_ROWS}
            )
            raise Invalid("file.too_many_rows", message)
        if len(cells) > MAX_COLUMNS and any(cell.strip() for cell in cells[MAX_COLUMNS:]):
            message = _(
                "Row ${row} has more than ${limit} cells. Check the quotes and separators there.",
                mapping={"row": number, "limit": MAX_COLUMNS},
            )
            raise Invalid("file.too_wide", message)
        if any(cell.strip() for cell in cells):
            table.append(NumberedRow(number, tuple(cells[:MAX_COLUMNS])))
    return table


def write_csv(rows: Iterable[Sequence[str]], *, numbers: Collection[int] = ()) -> bytes:
    """Return CSV in UTF-8 as RFC 4180 has it, with cells that look like formulas guarded.

    The columns `numbers` (from 0) hold numbers of our own, which stay as they are, negative ones too.
    There is no byte order mark: it would become part of the first heading for most readers.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([cell if at in numbers else guard_formula(cell) for at, cell in enumerate(row)])
    return out.getvalue().encode("utf-8")


def guard_formula(cell: str) -> str:
    """Return a cell that no spreadsheet computes.

    >>> guard_formula("=1+1"), guard_formula("1+1")
    ("'=1+1", '1+1')
    """
    # A cell that already is an apostrophe before such a sign gets one more, so that `unguard_formula` undoes this.
    return f"'{cell}" if cell.lstrip("'").startswith(_FORMULA_STARTS) else cell


def unguard_formula(cell: str) -> str:
    """Undo `guard_formula`.

    >>> unguard_formula("'+49 30 1234"), unguard_formula("'t Hooft")
    ('+49 30 1234', "'t Hooft")
    """
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA_STARTS) else cell


def _csv_rows(data: bytes) -> Iterator[Sequence[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong_encoding(data, error.start) from error
    first_line = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        message = _(
            "The CSV cannot be read near line ${line}: ${reason}. Look for a quotation mark that is not closed there.",
            mapping={"line": reader.line_num, "reason": str(error)},
        )
        raise Invalid("file.damaged", message) from error


def _wrong_encoding(data: bytes, position: int) -> Invalid:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = _("The file is encoded in UTF-16. Save it again as CSV in UTF-8.")
    else:
        message = _(
            "The file is not encoded in UTF-8 (line ${line}). Save it again as CSV in UTF-8, or send it as XLSX.",
            mapping={"line": data.count(b"\n", 0, position) + 1},
        )
    return Invalid("file.encoding", message)


def _xlsx_rows(data: bytes) -> Iterator[Sequence[str]]:
    # Only where a workbook is read: servers import this module for its CSV, and never pay 6 MB for the library.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    _guard_archive(data)
    try:
        with catch_warnings():
            # openpyxl warns of decoration that it drops; only the text of the cells matters here.
            simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            try:
                if not book.worksheets:
                    raise _damaged_book()
                sheet = book.worksheets[0]
                # The size that a sheet states may be wrong either way.
                sheet.reset_dimensions()
                for row in sheet.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True):
                    yield [_cell_text(value) for value in row]
            finally:
                book.close()
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        # Of whichever XML parser openpyxl found; defusedxml's are ValueErrors.
        SyntaxError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        EOFError,
    ) as error:
        raise _damaged_book() from error


def _guard_archive(data: bytes) -> None:
    """Refuse an archive by what its directory states; unpacking never goes beyond that."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise _damaged_book() from error
    if len(members) > MAX_ARCHIVE_FILES or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        message = _(
            "The XLSX file would unpack to more than ${limit} MB. Save only the rows as a new file, or as CSV.",
            mapping={"limit": MAX_UNPACKED_BYTES // _MEGABYTE},
        )
        raise Invalid("file.too_large", message)


def _damaged_book() -> Invalid:
    message: Text = _("The file is not a readable XLSX workbook. Save it again as XLSX, or as CSV in UTF-8.")
    return Invalid("file.damaged", message)


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
