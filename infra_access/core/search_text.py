"""The one normaliser of search: the same tokens for the index and the query, on every database.

Text is folded (NFKC, case, accents), cut into words, and runs of scripts that put no spaces between words
into pairs of characters. The index also holds the single characters, so that a query of one character finds.
Combining signs are dropped in every script: that may find a little more than meant, but never less.
Every token consists of letters and digits only, so it needs no quoting in an FTS5 MATCH or in a tsquery.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

MAX_INDEX_CHARACTERS = 50_000
MAX_QUERY_CHARACTERS = 200
MAX_QUERY_TERMS = 20
MAX_TOKEN_CHARACTERS = 64
_MIN_PREFIX_CHARACTERS = 2
_NUMBER = re.compile(r"[0-9]+")

# Letters that have no decomposition but that people type without their stroke.
_FOLD = str.maketrans(
    {"ı": "i", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Kana voicing marks make other letters (ガ is not カ), so they are no accents.
_KANA_MARKS = frozenset("\u3099\u309a")
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x31FF),  # Han radicals and marks, kana, bopomofo, Hangul letters
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA960, 0xA97F),  # Hangul
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),  # Han
    (0x1B000, 0x1B16F),  # kana
    (0x20000, 0x3FFFF),  # Han
)


@dataclass(frozen=True, slots=True)
class Term:
    """One token that must occur; with `prefix`, a word that begins with it is enough."""

    token: str
    prefix: bool = False


def index_tokens(text: str) -> list[str]:
    """Return the distinct tokens under which a text is found, in the order of the text.

    >>> index_tokens("Beamline 10.3.2, Lübeck: X線")
    ['beamline', '10', '3', '2', 'lubeck', 'x', '線']
    """
    return _distinct(
        token for run, unspaced in runs_of(text[:MAX_INDEX_CHARACTERS]) for token in _indexed(run, unspaced)
    )


def query_tokens(text: str) -> list[str]:
    """Return the distinct tokens of a query, all of which must occur.

    >>> query_tokens("顕微鏡")
    ['顕微', '微鏡']
    """
    return [term.token for term in query_terms(text)]


def query_terms(text: str) -> list[Term]:
    """Return what a query asks for; the last word counts as a beginning while nothing is typed after it.

    >>> query_terms("x-ray micro")
    [Term(token='x', prefix=False), Term(token='ray', prefix=False), Term(token='micro', prefix=True)]
    """
    text = text[:MAX_QUERY_CHARACTERS]
    runs = list(runs_of(text))
    tokens = _distinct(token for run, unspaced in runs for token in _queried(run, unspaced))[:MAX_QUERY_TERMS]
    terms = [Term(token) for token in tokens]
    if terms and text[-1:].isalnum():
        last, unspaced = runs[-1]
        if not unspaced and len(last) >= _MIN_PREFIX_CHARACTERS and terms[-1].token == last:
            terms[-1] = Term(last, prefix=True)
    return terms


def fold(text: str) -> str:
    """Return the form in which two texts are the same to a reader: without case, accents and width.

    >>> fold("Ångström ＡＢＣ")
    'angstrom abc'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_FOLD)
    kept = (
        character
        for character in unicodedata.normalize("NFD", folded)
        if character in _KANA_MARKS or unicodedata.category(character) not in {"Mn", "Mc", "Me", "Cf"}
    )
    return unicodedata.normalize("NFC", "".join(kept))


def order_key(text: str, *, max_length: int = 300) -> str:
    """Return the key by which names are ordered: folded, with numbers of up to six digits in the order of their value.

    It is compared character by character, so that every database gives the same order.

    >>> sorted(["Beamline 10", "Émile", "beamline 2"], key=order_key)
    ['beamline 2', 'Beamline 10', 'Émile']
    """
    key = " ".join(fold(text).split())
    return _NUMBER.sub(lambda match: match[0].zfill(6), key)[:max_length]


def runs_of(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each run of letters and digits of one kind of script, and whether its words stand without spaces."""
    for kind, group in groupby(fold(text), key=_kind):
        if kind is not None:
            run = "".join(group)
            yield run if kind else run[:MAX_TOKEN_CHARACTERS], kind


def _kind(character: str) -> bool | None:
    if not character.isalnum():
        return None
    point = ord(character)
    return point >= 0x0E00 and any(first <= point <= last for first, last in _UNSPACED) and not character.isdigit()


def _pairs(run: str) -> Iterator[str]:
    return (first + second for first, second in pairwise(run))


def _indexed(run: str, unspaced: bool) -> Iterator[str]:
    if not unspaced:
        yield run
        return
    yield from run
    yield from _pairs(run)


def _queried(run: str, unspaced: bool) -> Iterator[str]:
    if not unspaced or len(run) == 1:
        yield run
        return
    yield from _pairs(run)


def _distinct(tokens: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tokens))
