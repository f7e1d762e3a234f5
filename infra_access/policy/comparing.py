"""What differs between two versions of the rules of a scope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Raw = Mapping[str, Any]
"""A rule as documents state it."""


class Difference(StrEnum):
    """What became of a rule."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that differs; `keys` names the parts of it that do, sorted. What was not there is None."""

    id: str
    difference: Difference
    before: Raw | None
    after: Raw | None
    keys: tuple[str, ...] = ()


def changes_between(before: Sequence[Raw], after: Sequence[Raw]) -> list[Change]:
    """Return the rules that differ, matched by their ids: those of the later version in its order, then what is gone.

    The order of rules and a rule's own version number mean nothing to a decision, so neither is a change.

    >>> [(one.id, str(one.difference)) for one in changes_between([{"id": "a"}], [{"id": "b"}])]
    [('b', 'added'), ('a', 'removed')]
    """
    earlier = {rule["id"]: rule for rule in before}
    found: list[Change] = []
    for rule in after:
        old = earlier.pop(rule["id"], None)
        if old is None:
            found.append(Change(rule["id"], Difference.ADDED, None, rule))
        elif keys := _different(old, rule):
            found.append(Change(rule["id"], Difference.CHANGED, old, rule, keys))
    found += [Change(key, Difference.REMOVED, old, None) for key, old in earlier.items()]
    return found


def _different(before: Raw, after: Raw) -> tuple[str, ...]:
    keys = (before.keys() | after.keys()) - {"id", "version"}
    return tuple(sorted(key for key in keys if before.get(key) != after.get(key)))
