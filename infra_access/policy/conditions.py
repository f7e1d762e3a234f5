"""The form of conditions: comparisons of facts, joined by all, any and not, and quantified over collections.

`within` takes a number from its first to its last bound, both included, and a date from the first day until
before the second (half-open, as every span of time). `before` and `after` exclude the date that they name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from infra_access.policy.kinds import Kind, Scalar
from infra_access.policy.vocabulary import request_fields


class Op(StrEnum):
    """How a fact is compared."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    OVERLAPS = "overlaps"
    CONTAINS = "contains"
    GTE = "gte"
    LTE = "lte"
    BEFORE = "before"
    AFTER = "after"
    WITHIN = "within"
    EXISTS = "exists"
    MEMBER_OF = "member_of"


TEXT_OPS = frozenset({Op.EQ, Op.NE, Op.IN, Op.NOT_IN, Op.EXISTS})
OPS_OF = {
    Kind.STRING: TEXT_OPS,
    Kind.COUNTRY: TEXT_OPS,
    Kind.NUMBER: TEXT_OPS | {Op.GTE, Op.LTE, Op.WITHIN},
    Kind.BOOLEAN: frozenset({Op.EQ, Op.NE, Op.EXISTS}),
    Kind.DATE: frozenset({Op.EQ, Op.NE, Op.BEFORE, Op.AFTER, Op.WITHIN, Op.EXISTS}),
    Kind.STRINGS: frozenset({Op.OVERLAPS, Op.CONTAINS, Op.EXISTS}),
    Kind.GROUPS: frozenset({Op.MEMBER_OF, Op.OVERLAPS, Op.EXISTS}),
}
LIST_OPS = frozenset({Op.IN, Op.NOT_IN, Op.OVERLAPS})
"""Comparisons with a list of values."""

FACT_OPS = frozenset({Op.EQ, Op.NE, Op.GTE, Op.LTE, Op.BEFORE, Op.AFTER})
"""Comparisons whose right side may be another fact of the same kind."""

Literal = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """A fact against a literal, or against another fact (`other`)."""

    op: Op
    fact: str
    value: Literal | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """True where every part is; true without parts."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where some part is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where its part is false."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Some:
    """True where the condition holds for at least one member of the collection."""

    over: str
    when: "Condition"


@dataclass(frozen=True, slots=True)
class Every:
    """True where the condition holds for each member; true for a collection known to be empty."""

    over: str
    when: "Condition"


@dataclass(frozen=True, slots=True)
class Share:
    """True where it holds for more than the part `gt` (0 to 1) of the members; the share of none is 0."""

    over: str
    when: "Condition"
    gt: Decimal


Quantifier = Some | Every | Share
Condition = Compare | AllOf | AnyOf | Not | Quantifier

ALWAYS = AllOf(())
"""The condition of a rule that states none."""


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions directly inside."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return parts
        case Not(part):
            return (part,)
        case Some() | Every() | Share():
            return (condition.when,)
        case Compare():
            return ()


def walk(condition: Condition) -> Iterator[Condition]:
    """Yield the condition and every one inside it."""
    yield condition
    for part in parts_of(condition):
        yield from walk(part)


def reads(condition: Condition) -> frozenset[str]:
    """Return the paths of all facts and collections that the condition reads."""
    paths: set[str] = set()
    for part in walk(condition):
        if isinstance(part, Compare):
            paths.add(part.fact)
            if part.other is not None:
                paths.add(part.other)
        elif isinstance(part, Some | Every | Share):
            paths.add(part.over)
    return frozenset(paths)


def rests_on(condition: Condition) -> tuple[str, ...]:
    """Return the fields of an access request that the condition depends on, in order.

    >>> rests_on(Some("participants", Compare(Op.NE, "participants[].country_of_work", other="facility.country")))
    ('instruments', 'participants')
    """
    fields: set[str] = set()
    for path in reads(condition):
        fields |= request_fields(path)
    return tuple(sorted(fields))


def is_bound(bounds: Literal | None) -> bool:
    """Tell whether a literal is a pair (low, high) in order, equal ends allowed for numbers only."""
    if not isinstance(bounds, tuple) or len(bounds) != 2:
        return False
    low, high = bounds
    if isinstance(low, date) and isinstance(high, date):
        return low < high
    if isinstance(low, int | Decimal) and isinstance(high, int | Decimal):
        return low <= high
    return False
