"""Candidates: entries of the current lists whose name may be that of somebody who takes part. Computed, never kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import and_, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from infra_access.screening.loading import CURRENT, listed_name
from infra_access.screening.models import ScreeningEntry, ScreeningList, ScreeningWord
from infra_access.screening.names import LEAST_SHARED, Kind, readings_of, words_of

_COMPARED = {
    Kind.PERSON: (Kind.PERSON, Kind.EITHER),
    Kind.ORGANISATION: (Kind.ORGANISATION, Kind.EITHER),
    Kind.EITHER: tuple(Kind),
}
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who takes part. `key` tells them from others of the same name, `part` says how they take part.

    `names` begins with the one that people see; `country` is where a person works, or where an organisation is.
    """

    kind: Kind
    key: str
    part: str
    names: tuple[str, ...]
    country: str | None = None
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A party beside an entry whose name `listed` may be theirs. `id` is the same for the same two, as they are now."""

    id: str
    party: Party
    name: str
    listed: str
    entry: ScreeningEntry
    source: ScreeningList


def candidates_for(session: Session, parties: Sequence[Party]) -> list[Candidate]:
    """Return the candidates of all parties, in their order. Two statements for each 200 names."""
    asked = [
        _Asked(at, name, party.kind, words)
        for at, party in enumerate(parties)
        for name in dict.fromkeys(party.names)
        for words in readings_of(name, party.kind)
        if words
    ]
    hits: dict[tuple[int, int], tuple[str, int]] = {}
    for first in range(0, len(asked), _AT_ONCE):
        for index, entry_id, position in _hits(session, asked[first : first + _AT_ONCE]):
            one = asked[first + index]
            hits.setdefault((one.party, entry_id), (one.name, position))
    entries = _entries(session, sorted({entry_id for _party, entry_id in hits}))
    return [
        _candidate(parties[at], name, position, *entries[entry_id])
        for (at, entry_id), (name, position) in sorted(hits.items())
        if entry_id in entries
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One name of a party, which is known by its index."""

    party: int
    name: str
    kind: Kind
    words: frozenset[str]


def _hits(session: Session, asked: Sequence[_Asked]) -> list[tuple[int, int, int]]:
    """Return (index of the name, entry, which of its names) of what `names.may_be_same` takes. One statement."""
    if not asked:
        return []
    word, shared = ScreeningWord, func.count()
    selects = []
    for index, one in enumerate(asked):
        size = len(one.words)
        whole = and_(word.size == size, shared == size)
        part = and_(shared >= LEAST_SHARED, or_(shared == word.size, shared == size))
        selects.append(
            select(literal(index).label("at"), word.entry_id, word.position)
            .join(ScreeningEntry, ScreeningEntry.id == word.entry_id)
            .where(word.word.in_(sorted(one.words)), ScreeningEntry.kind.in_(_COMPARED[one.kind]))
            .group_by(word.entry_id, word.position, word.size)
            .having(or_(whole, part))
        )
    found = union_all(*selects).subquery()
    return [tuple(row) for row in session.execute(select(found).order_by(*found.c))]


def _entries(session: Session, keys: Sequence[int]) -> dict[int, tuple[ScreeningEntry, ScreeningList]]:
    """Return the entries with their list, those of lists that are current."""
    found: dict[int, tuple[ScreeningEntry, ScreeningList]] = {}
    for at in range(0, len(keys), _AT_ONCE):
        rows = session.execute(
            select(ScreeningEntry, ScreeningList)
            .join(ScreeningList, ScreeningList.id == ScreeningEntry.list_id)
            .where(ScreeningEntry.id.in_(keys[at : at + _AT_ONCE]), ScreeningList.state == CURRENT)
        )
        found |= {entry.id: (entry, source) for entry, source in rows}
    return found


def _candidate(party: Party, name: str, position: int, entry: ScreeningEntry, source: ScreeningList) -> Candidate:
    compared = [party.kind, party.key, sorted(words_of(name)), party.country or "", source.name, entry.digest]
    digest = sha256(json.dumps(compared, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
    return Candidate(digest[:32], party, name, listed_name(entry, position), entry, source)
