"""Which conditions nobody can meet, and which hold wherever another does, as far as the conditions alone tell.

Both are found by looking, not by proof: `False` may only mean that it is not seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, TypeGuard

from infra_access.policy.conditions import AllOf, AnyOf, Compare, Condition, Every, Not, Op, Share, Some
from infra_access.policy.kinds import Scalar
from infra_access.policy.rules import Rule
from infra_access.policy.vocabulary import VOCABULARY

Groups = Mapping[str, frozenset[str]]
"""The countries of each group, by its code."""

_COUNTRY_OF = {
    "applicant.country_groups": "applicant.country",
    "participants[].country_groups": "participants[].country_of_work",
}
"""From which country the groups follow that a fact names."""


def never_holds(condition: Condition, groups: Groups) -> bool:
    """Tell whether a condition asks for what excludes itself, such as one fact being two things at once.

    >>> company, public = (Compare(Op.EQ, "applicant.sector", one) for one in ("company", "public"))
    >>> never_holds(AllOf((company, public)), {}), never_holds(AnyOf((company, public)), {})
    (True, False)
    """
    match condition:
        case AllOf():
            parts = tuple(_flat(condition))
            return any(never_holds(part, groups) for part in parts) or _excludes_itself(parts, groups)
        case AnyOf(parts):
            return all(never_holds(part, groups) for part in parts)
        case Some() | Share():
            return never_holds(condition.when, groups)
        case Not(part):
            return always_holds(part)
        case _:
            return False


def always_holds(condition: Condition) -> bool:
    """Tell whether a condition asks for nothing."""
    match condition:
        case AllOf(parts):
            return all(always_holds(part) for part in parts)
        case AnyOf(parts):
            return any(always_holds(part) for part in parts)
        case Every():
            return always_holds(condition.when)
        case _:
            return False


def follows(narrow: Condition, wide: Condition) -> bool:
    """Tell whether `wide` holds wherever `narrow` does.

    >>> company = Compare(Op.EQ, "applicant.sector", "company")
    >>> follows(company, Compare(Op.IN, "applicant.sector", ("company", "public")))
    True
    """
    given = tuple(_parts(narrow))
    return all(any(_implies(part, needed) for part in given) or always_holds(needed) for needed in _parts(wide))


def reaches(wide: Rule, narrow: Rule) -> bool:
    """Tell whether a rule applies wherever another does: for the same actions, as long, and to the same people."""
    if not set(narrow.applies_to) <= set(wide.applies_to):
        return False
    if wide.valid_from is not None and (narrow.valid_from is None or narrow.valid_from < wide.valid_from):
        return False
    if wide.valid_to is not None and (narrow.valid_to is None or narrow.valid_to > wide.valid_to):
        return False
    return follows(narrow.when, wide.when)


def _implies(given: Condition, needed: Condition) -> bool:
    if _names_values(given) and _names_values(needed):
        # Long lists are compared as sets: one value after the other took half a minute for a thousand rules.
        return given.fact == needed.fact and _set_of(_values(given)) <= _set_of(_values(needed))
    if given == needed:
        return True
    if isinstance(needed, AnyOf):
        return any(follows(given, part) for part in needed.parts)
    if isinstance(given, Some) and isinstance(needed, Some) and given.over == needed.over:
        return follows(given.when, needed.when)
    if not (isinstance(given, Compare) and isinstance(needed, Compare)) or given.fact != needed.fact:
        return False
    if given.other is not None or needed.other is not None:
        return False
    return _narrower(given, needed)


def _names_values(condition: Condition) -> TypeGuard[Compare]:
    """Tell whether a condition says which values one fact may have."""
    return isinstance(condition, Compare) and condition.other is None and condition.op in (Op.EQ, Op.IN)


@lru_cache(maxsize=4_096)
def _set_of(values: tuple[Scalar, ...]) -> frozenset[Scalar]:
    return frozenset(values)


def _narrower(given: Compare, needed: Compare) -> bool:
    one_of = _values(given) if given.op in (Op.EQ, Op.IN) else None
    if one_of is not None and not VOCABULARY[given.fact].kind.is_set:
        return all(_meets(value, needed) for value in one_of)
    same: Any = given.value
    if given.op is needed.op is Op.GTE:
        return bool(same >= needed.value)
    if given.op is needed.op is Op.LTE:
        return bool(same <= needed.value)
    return False


def _meets(value: Scalar, needed: Compare) -> bool:
    bound: Any = needed.value
    number: Any = value
    match needed.op:
        case Op.EQ | Op.IN:
            return value in _values(needed)
        case Op.NE | Op.NOT_IN:
            return value not in _values(needed)
        case Op.GTE:
            return bool(number >= bound)
        case Op.LTE:
            return bool(number <= bound)
        case Op.EXISTS:
            return True
        case _:
            return False


@dataclass(slots=True)
class _Room:
    """What a conjunction leaves of one fact: values, and a span with its ends, of which dates exclude the later one."""

    values: set[Scalar] | None = None
    excluded: set[Scalar] = field(default_factory=set)
    least: Any = None
    most: Any = None

    def only(self, values: set[Scalar]) -> None:
        self.values = values if self.values is None else self.values & values

    def from_(self, bound: Any) -> None:
        self.least = bound if self.least is None else max(self.least, bound)

    def until(self, bound: Any) -> None:
        self.most = bound if self.most is None else min(self.most, bound)

    def is_empty(self) -> bool:
        if self.least is not None and self.most is not None and self.least > self.most:
            return True
        if self.values is None:
            return False
        return not any(self._takes(value) for value in self.values - self.excluded)

    def _takes(self, value: Any) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def _excludes_itself(parts: tuple[Condition, ...], groups: Groups) -> bool:
    if any(part.part in parts for part in parts if isinstance(part, Not)):
        return True
    rooms: dict[str, _Room] = {}
    for part in parts:
        if isinstance(part, Compare) and part.other is None:
            _narrow(rooms, part, groups)
    return any(room.is_empty() for room in rooms.values())


def _narrow(rooms: dict[str, _Room], part: Compare, groups: Groups) -> None:
    value: Any = part.value
    if VOCABULARY[part.fact].kind.is_set:
        country = _COUNTRY_OF.get(part.fact)
        if country is not None and part.op is Op.MEMBER_OF and value in groups:
            rooms.setdefault(country, _Room()).only(set(groups[value]))
        return
    room = rooms.setdefault(part.fact, _Room())
    # Days are whole, so what is before one is at most the day before; a number that is in a span may be its last.
    match part.op:
        case Op.EQ | Op.IN:
            room.only(set(_values(part)))
        case Op.NE | Op.NOT_IN:
            room.excluded |= set(_values(part))
        case Op.GTE:
            room.from_(value)
        case Op.LTE:
            room.until(value)
        case Op.AFTER:
            room.from_(_day(value, 1))
        case Op.BEFORE:
            room.until(_day(value, -1))
        case Op.WITHIN:
            room.from_(value[0])
            room.until(_day(value[1], -1) if isinstance(value[1], date) else value[1])


def _day(day: date, by: int) -> date:
    ordinal = min(max(day.toordinal() + by, date.min.toordinal()), date.max.toordinal())
    return date.fromordinal(ordinal)


def _values(part: Compare) -> tuple[Scalar, ...]:
    values: Any = part.value
    return values if isinstance(values, tuple) else (values,)


def _parts(condition: Condition) -> Iterator[Condition]:
    yield from _flat(condition) if isinstance(condition, AllOf) else (condition,)


def _flat(condition: AllOf) -> Iterator[Condition]:
    """Yield what must hold, in one list."""
    for part in condition.parts:
        if isinstance(part, AllOf):
            yield from _flat(part)
        else:
            yield part
