"""What a reader of a page sees or hears, and what of it nobody could translate.

In the pseudo-locale every translatable text stands in ⟦brackets⟧. What stands outside must be data: a value of the
database, a date, a country, a number, or a text that says of itself that it is not to be translated.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from sqlalchemy import select

from infra_access.core.columns import Base
from tests.demo_world import DemoWorld

SPOKEN = {"title", "aria-label", "aria-description", "aria-roledescription", "placeholder", "alt", "label"}
UNSEEN = {"script", "style", "template"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
OF_OUR_OWN = {"Infra Access", "English", "日本語", "UTC", "OpenAPI", "API", "ROR", "ORCID", "CSV", "iCalendar"}
_BREAKS = re.compile(r"[·,()–—/:;|\n→←…]+")
_LETTER = re.compile(r"[^\W\d_]")


class _Reader(HTMLParser):
    """Collects text in the order of the page, so that a bracket may open in one element and close in another."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.running: list[str] = []
        self.spoken: list[str] = []
        self._open: list[tuple[str, bool]] = []

    @property
    def _left_alone(self) -> bool:
        return any(alone for _tag, alone in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        alone = values.get("translate") == "no" or tag in UNSEEN
        if not (alone or self._left_alone):
            self.spoken += [value for name, value in attrs if name in SPOKEN and value]
            if tag == "input" and values.get("type") in {"submit", "button", "reset"}:
                self.spoken.append(values.get("value") or "")
        if tag not in VOID:
            self._open.append((tag, alone))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            closed, _alone = self._open.pop()
            if closed == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self._left_alone:
            self.running.append(data)


def untranslatable(page: str, data: set[str]) -> list[str]:
    """Return what stands outside brackets and is no data."""
    reader = _Reader()
    reader.feed(page)
    outside = list(_outside(reader.running))
    for text in reader.spoken:
        outside += _outside([text])
    return sorted({text for text in outside if not _is_data(text, data)})


def _outside(texts: Iterable[str]) -> Iterator[str]:
    depth = 0
    for text in texts:
        plain = ""
        for character in text:
            if character == "⟦":
                depth += 1
                plain += "\n"
            elif character == "⟧":
                depth -= 1
            elif depth == 0:
                plain += character
        for part in plain.split("\n"):
            if _LETTER.search(part):
                yield " ".join(part.split())
    if depth:
        yield f"{depth} brackets are left open"


def _is_data(text: str, data: set[str]) -> bool:
    if text in data:
        return True
    return all(_piece_is_data(piece.strip(), data) for piece in _BREAKS.split(text))


def _piece_is_data(piece: str, data: set[str]) -> bool:
    if not _LETTER.search(piece) or piece in data:
        return True
    return all(word in data for word in piece.split() if _LETTER.search(word))


def data_of(world: DemoWorld) -> set[str]:
    """Return every text of the database, and what CLDR writes of dates and countries."""
    english = Locale.parse("en")
    known = set(OF_OUR_OWN)
    known |= {name for code, name in english.territories.items() if len(code) == 2}
    for names in (english.days, english.months):
        for widths in names.values():
            for width in widths.values():
                known |= {str(name) for name in width.values()}
    known |= available_timezones()
    known |= {zone.rpartition("/")[2].replace("_", " ") for zone in available_timezones()}
    with world.database.reader() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)):
                for value in row:
                    known |= set(_texts(value))
    return known


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        for line in (value, *value.splitlines()):
            whole = " ".join(line.split())
            yield whole
            yield from (piece.strip() for piece in _BREAKS.split(whole))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
