"""Translations fit the code: each is of a text that we have, with the same values to fill in, whole and certain."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from infra_access.http.localisation import LOCALES, PSEUDO, translations_for

PACKAGE = Path(__file__).parents[2] / "infra_access"
FILES = sorted(PACKAGE.glob("locale/*/LC_MESSAGES/*.po"))
VALUE = re.compile(r"\$\{\w+\}|%\(\w+\)s")


def test_there_is_one_for_each_language_on_offer() -> None:
    assert {path.parts[-3] for path in FILES} == set(LOCALES) - {"en"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parts[-3])
def test_each_translates_a_text_that_we_have(path: Path) -> None:
    catalog = read(path)

    assert [message.id for message in catalog if message.id and message.id not in texts()] == []
    assert list(catalog.obsolete) == []
    assert [message.id for message in catalog if message.id and (message.fuzzy or not all(_strings(message)))] == []
    assert sum(1 for message in catalog if message.id) >= 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parts[-3])
def test_each_fills_in_the_same_values(path: Path) -> None:
    for message in read(path):
        if message.id:
            wanted = set(VALUE.findall(_last(message.id)))
            for translated in _strings(message):
                assert set(VALUE.findall(translated)) == wanted, message.id


def test_a_reader_of_japanese_gets_it_and_english_for_the_rest() -> None:
    japanese = translations_for("ja")

    assert japanese.gettext("Search") == "検索"
    assert japanese.ngettext("%(number)s instrument", "%(number)s instruments", 2) == "機器 %(number)s 台"
    assert japanese.gettext("No such text") == "No such text"
    assert translations_for(PSEUDO).gettext("Search") == "⟦Search⟧"


@lru_cache
def texts() -> frozenset[str | tuple[str, ...]]:
    """Return every text of the code and the templates that is marked for translation."""
    found = extract_from_dir(
        PACKAGE,
        [("**.py", "python"), ("**.jinja2", "jinja2")],
        {"**.jinja2": {"newstyle_gettext": "true", "silent": "false"}},
        keywords={"_": None, "gettext": None, "ngettext": (1, 2)},
    )
    return frozenset(text for _file, _line, text, _comments, _context in found)


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def _last(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[-1]


def _strings(message: Message) -> Iterator[str]:
    yield from (message.string,) if isinstance(message.string, str) else message.string
