"""Three-valued evaluation of conditions (Kleene's strong logic): true, false, or None for not known.

What is not known never becomes known by guessing: a comparison with an unknown fact is None, and None passes
through `not`, `all`, `any` and the quantifiers unless another part decides. So giving one more fact can turn a
None into an answer, but never one answer into another.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from infra_access.policy.conditions import AllOf, AnyOf, Compare, Condition, Every, Not, Op, Quantifier, Share, Some
from infra_access.policy.facts import Facts, Gap
from infra_access.policy.kinds import Value

Truth = bool | None

# Read once: this is asked of every comparison, and a member of an enumeration is slow to reach by its class.
_UNKNOWN, _ABSENT = Gap.UNKNOWN, Gap.ABSENT

_HOLD_OF_NOTHING = frozenset({Op.NE, Op.NOT_IN})
"""What does not exist equals nothing and is in nothing; only the two negative comparisons hold of it."""


def _within(value: Any, bounds: Any) -> bool:
    low, high = bounds
    # Spans of days are half-open; bounds of a quantity are both meant.
    return bool(low <= value < high if isinstance(low, date) else low <= value <= high)


_TESTS: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.EXISTS: lambda _fact, _value: True,
    Op.WITHIN: _within,
    Op.EQ: lambda fact, value: bool(fact == value),
    Op.NE: lambda fact, value: bool(fact != value),
    Op.IN: lambda fact, value: fact in value,
    Op.NOT_IN: lambda fact, value: fact not in value,
    Op.OVERLAPS: lambda fact, value: not fact.isdisjoint(value),
    Op.CONTAINS: lambda fact, value: value in fact,
    Op.MEMBER_OF: lambda fact, value: value in fact,
    Op.GTE: lambda fact, value: bool(fact >= value),
    Op.LTE: lambda fact, value: bool(fact <= value),
    Op.BEFORE: lambda fact, value: bool(fact < value),
    Op.AFTER: lambda fact, value: bool(fact > value),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition came to; `unknown` are the paths that would decide it, empty unless truth is None."""

    truth: Truth
    unknown: frozenset[str] = frozenset()


_FALSE, _TRUE = _SURE = (Verdict(False), Verdict(True))


@dataclass(frozen=True, slots=True)
class View:
    """What a condition sees: the facts at one moment and, inside quantifiers, the member at hand.

    The views of members are made once, since many rules ask about the same people.
    """

    facts: Facts
    as_of: datetime
    bound: Mapping[str, tuple[int, Facts]] = field(default_factory=dict)
    within: "dict[str, list[View] | None]" = field(default_factory=dict, init=False, repr=False, compare=False)

    def value(self, path: str) -> Value | Gap:
        """Return what is known of a fact, of the member at hand for `participants[].role`."""
        if not self.bound or "[" not in path:
            return self.facts.value(path, self.as_of)
        collection, _bracket, name = path.partition("[].")
        return self.bound[collection][1].value(name, self.as_of)

    def exact(self, path: str) -> str:
        """Return the path with the number of the member at hand: `participants[0].role`."""
        collection, bracket, name = path.partition("[].")
        return f"{collection}[{self.bound[collection][0]}].{name}" if bracket else path

    def each(self, collection: str) -> "list[View] | None":
        """Return one view for each member, or None where the collection is unknown."""
        if collection not in self.within:
            members = self.facts.members(collection)
            self.within[collection] = None if members is None else self._of_each(collection, members)
        return self.within[collection]

    def _of_each(self, collection: str, members: Iterable[Facts]) -> "list[View]":
        # Not `replace`, which costs more than all that is asked of the view.
        return [View(self.facts, self.as_of, {**self.bound, collection: (n, one)}) for n, one in enumerate(members)]


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join: false if any is false, else unknown if any is unknown, else true."""
    return _joined(verdicts, decides=_FALSE, otherwise=_TRUE)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join: true if any is true, else unknown if any is unknown, else false."""
    return _joined(verdicts, decides=_TRUE, otherwise=_FALSE)


def negated(verdict: Verdict) -> Verdict:
    """Turn true and false around; unknown stays."""
    return verdict if verdict.truth is None else _SURE[not verdict.truth]


def judge(condition: Condition, view: View) -> Verdict:
    """Return what the condition comes to in this view."""
    match condition:
        case Compare():
            return _compare(condition, view)
        case AllOf(parts):
            return all_of(judge(part, view) for part in parts)
        case AnyOf(parts):
            return any_of(judge(part, view) for part in parts)
        case Not(part):
            return negated(judge(part, view))
        case _:
            return _quantify(condition, view)


def _joined(verdicts: Iterable[Verdict], *, decides: Verdict, otherwise: Verdict) -> Verdict:
    """Join lazily: what comes after the one that decides is not judged."""
    undecided = []
    for one in verdicts:
        if one.truth is decides.truth:
            return decides
        if one.truth is None:
            undecided.append(one.unknown)
    return Verdict(None, frozenset().union(*undecided)) if undecided else otherwise


def _compare(condition: Compare, view: View) -> Verdict:
    left = view.value(condition.fact)
    right = condition.value if condition.other is None else view.value(condition.other)
    if left is _UNKNOWN or right is _UNKNOWN:
        paths = ((condition.fact, left), (condition.other or "", right))
        return Verdict(None, frozenset(view.exact(path) for path, value in paths if value is _UNKNOWN))
    if left is _ABSENT or right is _ABSENT:
        return _SURE[condition.op in _HOLD_OF_NOTHING]
    return _SURE[_TESTS[condition.op](left, right)]


def _quantify(condition: Quantifier, view: View) -> Verdict:
    views = view.each(condition.over)
    if views is None:
        return Verdict(None, _unknown_members(condition, view))
    verdicts = (judge(condition.when, each) for each in views)
    match condition:
        case Some():
            return any_of(verdicts)
        case Every():
            return all_of(verdicts)
        case Share(gt=gt):
            return _share(list(verdicts), Fraction(gt))


def _unknown_members(condition: Quantifier, view: View) -> frozenset[str]:
    """Return the collection, asked for as a whole, and what else would be asked once its members are known."""
    nobody = replace(view, bound={**view.bound, condition.over: (0, Facts())})
    inner = judge(condition.when, nobody).unknown
    return frozenset({condition.over}) | {path for path in inner if not path.startswith(f"{condition.over}[")}


def _share(verdicts: list[Verdict], gt: Fraction) -> Verdict:
    wanted = gt * len(verdicts)
    sure = sum(v.truth is True for v in verdicts)
    possible = sum(v.truth is not False for v in verdicts)
    if sure > wanted:
        return _TRUE
    if possible <= wanted:
        return _FALSE
    return Verdict(None, frozenset().union(*(v.unknown for v in verdicts)))


@dataclass(frozen=True, slots=True)
class Count:
    """Of which members a condition holds, by their numbers from 1 on; of the others it does not, or nobody knows."""

    met: tuple[int, ...]
    others: tuple[int, ...]

    @property
    def total(self) -> int:
        """Return how many there are."""
        return len(self.met) + len(self.others)


def count(condition: Quantifier, view: View) -> Count | None:
    """Return of how many members the inner condition holds, or None where nobody knows who they are."""
    views = view.each(condition.over)
    if views is None:
        return None
    met = [judge(condition.when, each).truth is True for each in views]
    numbered = list(enumerate(met, 1))
    return Count(tuple(n for n, one in numbered if one), tuple(n for n, one in numbered if not one))


def just_enough(condition: Condition, view: View) -> Iterator[tuple[Share, Count]]:
    """Yield each share that a condition which holds rests on, and that would be missed if one member fewer met it."""
    if isinstance(condition, AllOf):
        for part in condition.parts:
            yield from just_enough(part, view)
    elif isinstance(condition, Share):
        counted = count(condition, view)
        # Of somebody alone there is nothing to tell.
        if counted is not None and counted.total > 1 and len(counted.met) - 1 <= Fraction(condition.gt) * counted.total:
            yield condition, counted


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One comparison, or a quantifier as a whole, that would have to come out as `wanted`; how a share stands."""

    condition: Compare | Quantifier
    wanted: bool
    counted: Count | None = None


def shortfalls(condition: Condition, view: View, wanted: bool = True) -> tuple[Shortfall, ...]:
    """Return the fewest comparisons that stand between the condition and the wanted answer; none where it is met."""
    if judge(condition, view).truth is wanted:
        return ()
    match condition:
        case Compare():
            return (Shortfall(condition, wanted),)
        case Share():
            return (Shortfall(condition, wanted, count(condition, view)),)
        case Not(part):
            return shortfalls(part, view, not wanted)
        case AllOf(parts) | AnyOf(parts):
            found = [shortfalls(part, view, wanted) for part in parts]
            return _together(found, needs_all=isinstance(condition, AllOf) is wanted)
        case Some() | Every():
            views = view.each(condition.over)
            if not views:
                return (Shortfall(condition, wanted),)
            found = [shortfalls(condition.when, each, wanted) for each in views]
            return _together(found, needs_all=isinstance(condition, Every) is wanted)


def _together(found: list[tuple[Shortfall, ...]], *, needs_all: bool) -> tuple[Shortfall, ...]:
    if not needs_all:
        return min(found, key=len, default=())
    return tuple(dict.fromkeys(_flat(found)))


def _flat(found: list[tuple[Shortfall, ...]]) -> Iterator[Shortfall]:
    for one in found:
        yield from one
