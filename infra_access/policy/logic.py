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

_TESTS: Mapping[Op, Callable[[Any, Any], bool]] = {
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


_SURE = (Verdict(False), Verdict(True))


@dataclass(frozen=True, slots=True)
class View:
    """What a condition sees: the facts at one moment and, inside quantifiers, the member at hand."""

    facts: Facts
    as_of: datetime
    bound: Mapping[str, tuple[int, Facts]] = field(default_factory=dict)

    def value(self, path: str) -> Value | Gap:
        """Return what is known of a fact, of the member at hand for `participants[].role`."""
        collection, bracket, name = path.partition("[].")
        if not bracket:
            return self.facts.value(path, self.as_of)
        return self.bound[collection][1].value(name, self.as_of)

    def exact(self, path: str) -> str:
        """Return the path with the number of the member at hand: `participants[0].role`."""
        collection, bracket, name = path.partition("[].")
        return f"{collection}[{self.bound[collection][0]}].{name}" if bracket else path

    def each(self, collection: str) -> "list[View] | None":
        """Return one view for each member, or None where the collection is unknown."""
        members = self.facts.members(collection)
        if members is None:
            return None
        # Not `replace`, which costs more than all that is asked of the view.
        return [View(self.facts, self.as_of, {**self.bound, collection: (n, one)}) for n, one in enumerate(members)]


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join: false if any is false, else unknown if any is unknown, else true."""
    seen = list(verdicts)
    if any(v.truth is False for v in seen):
        return Verdict(False)
    return _open(seen) or Verdict(True)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join: true if any is true, else unknown if any is unknown, else false."""
    seen = list(verdicts)
    if any(v.truth is True for v in seen):
        return Verdict(True)
    return _open(seen) or Verdict(False)


def negated(verdict: Verdict) -> Verdict:
    """Turn true and false around; unknown stays."""
    return verdict if verdict.truth is None else Verdict(not verdict.truth)


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


def _open(verdicts: list[Verdict]) -> Verdict | None:
    undecided = [v.unknown for v in verdicts if v.truth is None]
    return Verdict(None, frozenset().union(*undecided)) if undecided else None


def _compare(condition: Compare, view: View) -> Verdict:
    left = view.value(condition.fact)
    right = condition.value if condition.other is None else view.value(condition.other)
    if left is Gap.UNKNOWN or right is Gap.UNKNOWN:
        paths = ((condition.fact, left), (condition.other or "", right))
        return Verdict(None, frozenset(view.exact(path) for path, value in paths if value is Gap.UNKNOWN))
    if condition.op is Op.EXISTS:
        return _SURE[left is not Gap.ABSENT]
    if left is Gap.ABSENT or right is Gap.ABSENT:
        # What does not exist equals nothing and is in nothing; only the two negative comparisons hold of it.
        return _SURE[condition.op in (Op.NE, Op.NOT_IN)]
    return _SURE[_within(left, right) if condition.op is Op.WITHIN else _TESTS[condition.op](left, right)]


def _within(value: Any, bounds: Any) -> bool:
    low, high = bounds
    # Spans of days are half-open; bounds of a quantity are both meant.
    return bool(low <= value < high if isinstance(low, date) else low <= value <= high)


def _quantify(condition: Quantifier, view: View) -> Verdict:
    views = view.each(condition.over)
    if views is None:
        return Verdict(None, _unknown_members(condition, view))
    verdicts = [judge(condition.when, each) for each in views]
    match condition:
        case Some():
            return any_of(verdicts)
        case Every():
            return all_of(verdicts)
        case Share(gt=gt):
            return _share(verdicts, Fraction(gt))


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
        return Verdict(True)
    if possible <= wanted:
        return Verdict(False)
    return _open(verdicts) or Verdict(False)


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
