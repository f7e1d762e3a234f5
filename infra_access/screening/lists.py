"""Reading the lists that a site supplies, as streams: OpenSanctions' simple CSV, and OFAC's SDN.CSV with ALT.CSV.

Which of them a file is, its first row says. What is no such list is refused with the line where that shows. A list is
read row by row, so that its size costs time and no memory; the names of ALT.CSV are kept while the other is read.
Vessels, aircraft and the like are passed over: neither a person nor an organisation is called so.

Sources: https://www.opensanctions.org/docs/bulk/csv/ and
https://ofac.treasury.gov/specially-designated-nationals-list-data-formats-data-schemas
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import chain
from typing import BinaryIO, Protocol

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.screening.names import Kind

MAX_BYTES = 200 * 1024 * 1024
MAX_ENTRIES = 500_000
MAX_FIELD = 100_000
MAX_NAME = 1_000
MAX_SHOWN = 1_000
_MAX_LINE = 1_000_000
_MEGABYTE = 1024 * 1024

_NEEDED = ("id", "schema", "name", "aliases", "birth_date", "countries", "sanctions")
_SDN_COLUMNS = 12
_ALT_COLUMNS = 5
_END_OF_FILE = b"\x1a"
"""Ends the files of OFAC, as CP/M had it."""


class ListFormat(StrEnum):
    """The formats known here."""

    OPENSANCTIONS = "opensanctions"
    OFAC_SDN = "ofac-sdn"


_SCHEMAS: Mapping[str, Kind] = {
    "Person": Kind.PERSON,
    "Company": Kind.ORGANISATION,
    "Organization": Kind.ORGANISATION,
    "PublicBody": Kind.ORGANISATION,
    "LegalEntity": Kind.EITHER,
}
_SDN_TYPES: Mapping[str, Kind] = {"individual": Kind.PERSON, "": Kind.ORGANISATION}


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry with what a human compares: `names` begins with the main one, the rest is as the list writes it."""

    reference: str
    kind: Kind
    names: tuple[str, ...]
    born: str = ""
    countries: str = ""
    programme: str = ""
    remarks: str = ""


class Digest(Protocol):
    """The hash of what was read so far."""

    def hexdigest(self) -> str:
        """Return it."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list that is being read: its format, its entries (None for one that is passed over), the hash of what was read.

    The hash is that of the file once the entries are read to their end.
    """

    format: ListFormat
    entries: Iterator[Listed | None]
    digest: Digest


def read_list(stream: BinaryIO, *, aliases: Mapping[str, Sequence[str]] | None = None) -> ListFile:
    """Return the list in a file, known by its first row; `aliases` are those of `read_aliases`.

    Raises Invalid `screening_list.invalid` naming the line, here or while the entries are read.
    """
    rows, digest = _rows(stream)
    first = next(rows, None)
    if first is None:
        raise _fault(1, _("The file is empty."))
    line, cells = first
    if cells[:1] == ["id"] and "schema" in cells:
        missing = [name for name in _NEEDED if name not in cells]
        if missing:
            message = _("The heading ${name} is missing.", mapping={"name": missing[0]})
            raise _fault(line, message)
        if aliases:
            raise _fault(line, _("A list of OpenSanctions names its aliases itself. Leave the second file out."))
        return ListFile(ListFormat.OPENSANCTIONS, _counted(_opensanctions(cells, rows)), digest)
    if len(cells) == _SDN_COLUMNS and cells[0].strip().isdecimal():
        return ListFile(ListFormat.OFAC_SDN, _counted(_sdn(chain([first], rows), aliases or {})), digest)
    message = _("This is neither the simple CSV of OpenSanctions, with its headings, nor SDN.CSV of OFAC.")
    raise _fault(line, message)


def read_aliases(stream: BinaryIO) -> tuple[dict[str, list[str]], str]:
    """Return the further names in ALT.CSV of OFAC by the number of their entry, and the file's SHA-256.

    Raises Invalid `screening_list.invalid` naming the line.
    """
    rows, digest = _rows(stream)
    found: dict[str, list[str]] = {}
    for count, (line, cells) in enumerate(rows):
        if len(cells) != _ALT_COLUMNS or not cells[0].strip().isdecimal():
            raise _fault(line, _("This is no row of ALT.CSV of OFAC, which has five columns and begins with a number."))
        if count >= MAX_ENTRIES:
            raise _too_many(line)
        found.setdefault(cells[0].strip(), []).append(_name(_known(cells[3]), line))
    if not found:
        raise _fault(1, _("The file is empty."))
    return found, digest.hexdigest()


def _opensanctions(headings: Sequence[str], rows: Iterator[tuple[int, list[str]]]) -> Iterator[Listed | None]:
    at = {name: headings.index(name) for name in _NEEDED}
    for line, cells in rows:
        _check_width(cells, len(headings), line)
        reference = _reference(cells[at["id"]], line)
        kind = _SCHEMAS.get(cells[at["schema"]])
        names = [cells[at["name"]], *cells[at["aliases"]].split(";")]
        if kind is None:
            yield None
            continue
        yield Listed(
            reference=reference,
            kind=kind,
            names=_names(names, line),
            born=cells[at["birth_date"]][:MAX_SHOWN],
            countries=cells[at["countries"]][:MAX_SHOWN],
            programme=cells[at["sanctions"]][:MAX_SHOWN],
        )


def _sdn(rows: Iterator[tuple[int, list[str]]], aliases: Mapping[str, Sequence[str]]) -> Iterator[Listed | None]:
    for line, cells in rows:
        _check_width(cells, _SDN_COLUMNS, line)
        known = [_known(cell) for cell in cells]
        reference = _reference(known[0], line)
        kind = _SDN_TYPES.get(known[2].casefold())
        if kind is None:
            yield None
            continue
        yield Listed(
            reference=reference,
            kind=kind,
            names=_names([known[1], *aliases.get(reference, ())], line),
            programme=known[3][:MAX_SHOWN],
            remarks="; ".join(part for part in (known[4], known[11]) if part)[:MAX_SHOWN],
        )


def _counted(entries: Iterator[Listed | None]) -> Iterator[Listed | None]:
    count = 0
    for count, entry in enumerate(entries, start=1):
        if count > MAX_ENTRIES:
            raise _too_many(count)
        yield entry
    if not count:
        raise _fault(2, _("The list has headings and no entry."))


def _rows(stream: BinaryIO) -> tuple[Iterator[tuple[int, list[str]]], Digest]:
    """Return the rows that are not empty, with the line on which each ends, and the hash of what was read of them."""
    digest = sha256()

    def lines() -> Iterator[str]:
        size = number = 0
        while read := stream.readline(_MAX_LINE + 1):
            number += 1
            size += len(read)
            digest.update(read)
            if size > MAX_BYTES:
                most = _("A list has at most ${most} MB.", mapping={"most": MAX_BYTES // _MEGABYTE})
                raise _fault(number, most)
            if len(read) > _MAX_LINE or b"\0" in read:
                raise _fault(number, _("This is no line of text."))
            if read.rstrip() == _END_OF_FILE:
                continue
            try:
                yield read.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise _fault(number, _("This is not UTF-8.")) from None

    reader = csv.reader(lines(), strict=True)

    def rows() -> Iterator[tuple[int, list[str]]]:
        try:
            for cells in reader:
                if any(len(cell) > MAX_FIELD for cell in cells):
                    most = _("A field has at most ${most} characters.", mapping={"most": MAX_FIELD})
                    raise _fault(reader.line_num, most)
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            message = _("This cannot be read: ${reason}. Is a quote not closed?", mapping={"reason": str(error)})
            raise _fault(reader.line_num, message) from None

    return rows(), digest


def _check_width(cells: Sequence[str], width: int, line: int) -> None:
    if len(cells) != width:
        message = _(
            "This row has ${count} columns, and those of this list have ${width}.",
            mapping={"count": len(cells), "width": width},
        )
        raise _fault(line, message)


def _known(cell: str) -> str:
    """Return a cell of OFAC, where -0- stands for nothing."""
    text = cell.strip()
    return "" if text == "-0-" else text


def _reference(cell: str, line: int) -> str:
    reference = cell.strip()
    if not 0 < len(reference) <= 200:
        raise _fault(line, _("The entry's own number is missing, or too long."))
    return reference


def _names(cells: Sequence[str], line: int) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(_name(cell, line) for cell in cells if cell.strip()))
    if not names:
        raise _fault(line, _("The entry has no name."))
    return names


def _name(cell: str, line: int) -> str:
    name = " ".join(cell.split())
    if len(name) > MAX_NAME:
        raise _fault(line, _("A name has at most ${most} characters.", mapping={"most": MAX_NAME}))
    return name


def _too_many(line: int) -> Invalid:
    return _fault(line, _("A list has at most ${most} entries.", mapping={"most": MAX_ENTRIES}))


def _fault(line: int, message: Text) -> Invalid:
    whole = _("Nothing was taken in. Line ${line}: ${message}", mapping={"line": line, "message": message})
    return Invalid("screening_list.invalid", whole, fields={f"line {line}": [message]}, details={"line": line})
