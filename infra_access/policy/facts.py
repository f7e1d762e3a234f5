"""Facts, never bare values: each says who holds it true, since when and until when.

A fact is known, known to be absent (its value is None), or unknown (not there, or expired at the moment asked).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from infra_access.policy.kinds import Value
from infra_access.policy.vocabulary import COLLECTIONS, VOCABULARY


class Gap(Enum):
    """Why there is no value: there is none, or nobody has said."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement; a value of None says that there is none, which is knowledge too."""

    value: Value | None
    source: str
    asserted_by: str
    asserted_at: datetime
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse naive instants. Raises ValueError."""
        for instant in (self.asserted_at, self.expires_at):
            if instant is not None and instant.tzinfo is None:
                raise ValueError("a fact needs aware instants")

    def at(self, as_of: datetime) -> Value | Gap:
        """Return the value at `as_of`; it holds until just before `expires_at`."""
        if self.expires_at is not None and self.expires_at <= as_of:
            return Gap.UNKNOWN
        return Gap.ABSENT if self.value is None else self.value


def _frozen_values() -> Mapping[str, Fact]:
    return MappingProxyType({})


def _frozen_collections() -> Mapping[str, tuple["Facts", ...]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Facts:
    """An immutable mapping of dotted paths to facts, and collections of such mappings.

    A collection that is not there is unknown; an empty one is known to be empty. Make one with `of`, which checks.
    """

    values: Mapping[str, Fact] = field(default_factory=_frozen_values)
    collections: Mapping[str, tuple["Facts", ...]] = field(default_factory=_frozen_collections)

    @classmethod
    def of(
        cls,
        values: Mapping[str, Fact] | None = None,
        collections: Mapping[str, Iterable[Mapping[str, Fact]]] | None = None,
    ) -> "Facts":
        """Make facts of the vocabulary; members of collections use short names (`role`). Raises ValueError."""
        values = values or {}
        for path, fact in values.items():
            _check(path, fact)
        members: dict[str, tuple[Facts, ...]] = {}
        for name, items in (collections or {}).items():
            if name not in COLLECTIONS:
                raise ValueError(f"there is no collection {name!r}")
            members[name] = tuple(_member(name, item) for item in items)
        return cls(MappingProxyType(dict(values)), MappingProxyType(members))

    def value(self, path: str, as_of: datetime) -> Value | Gap:
        """Return what is known of `path` at `as_of`."""
        fact = self.values.get(path)
        return Gap.UNKNOWN if fact is None else fact.at(as_of)

    def members(self, collection: str) -> "tuple[Facts, ...] | None":
        """Return the members of a collection, or None where they are unknown."""
        return self.collections.get(collection)

    def joined(self, other: "Facts") -> "Facts":
        """Return these facts with those of `other`, which win, added."""
        return Facts(
            MappingProxyType({**self.values, **other.values}),
            MappingProxyType({**self.collections, **other.collections}),
        )


def _member(collection: str, item: Mapping[str, Fact]) -> Facts:
    for path, fact in item.items():
        _check(path, fact, within=f"{collection}[].")
    return Facts(MappingProxyType(dict(item)))


def _check(path: str, fact: Fact, within: str = "") -> None:
    definition = VOCABULARY.get(within + path)
    if definition is None or "[]." in path:
        raise ValueError(f"there is no fact {path!r}")
    if fact.value is not None and not definition.admits(fact.value):
        raise ValueError(f"{fact.value!r} is no {definition.kind} that {path!r} may have")
