"""What must hold for any rules and any facts."""

import os
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from infra_access.core.decision import Outcome
from infra_access.policy.canonical import canonical, restore_facts
from infra_access.policy.conditions import AllOf, AnyOf, Compare, Every, Not, Op, Share, Some
from infra_access.policy.facts import Facts, Gap
from infra_access.policy.logic import View, judge
from infra_access.policy.rules import (
    ApprovalScope,
    Approve,
    Deny,
    Limit,
    Mask,
    Permit,
    Prefer,
    Require,
    RequirementKind,
)
from tests.factories.policy import NOW, decide, fact, rule

EXAMPLES = 10_000 if os.environ.get("SOAK") else 1_000
OPEN = {Outcome.PERMIT, Outcome.PERMIT_WITH_LIMITS}
VALUES = {
    "applicant.sector": ["company", "academic", None],
    "applicant.startup": [True, False, None],
    "request.quantity": [1, 2, Decimal("2.5"), None],
    "applicant.country": ["KE", "JP", None],
}
MEMBER_VALUES = {"country_of_work": ["KE", "JP", None], "sector": ["company", "academic", None]}

leaves = st.one_of(
    st.builds(
        Compare, st.sampled_from([Op.EQ, Op.NE]), st.just("applicant.sector"), st.sampled_from(["company", "public"])
    ),
    st.builds(Compare, st.just(Op.EQ), st.just("applicant.startup"), st.booleans()),
    st.builds(Compare, st.sampled_from([Op.GTE, Op.LTE]), st.just("request.quantity"), st.integers(1, 3)),
    st.builds(Compare, st.just(Op.EXISTS), st.sampled_from(sorted(VALUES))),
)
member_leaves = st.one_of(
    leaves,
    st.builds(Compare, st.just(Op.NE), st.just("participants[].country_of_work"), other=st.just("applicant.country")),
    st.builds(Compare, st.just(Op.EQ), st.just("participants[].sector"), st.just("academic")),
)
quantifiers = st.one_of(
    st.builds(Some, st.just("participants"), member_leaves),
    st.builds(Every, st.just("participants"), member_leaves),
    st.builds(Share, st.just("participants"), member_leaves, st.sampled_from([Decimal(0), Decimal("0.5")])),
)
conditions = st.recursive(
    st.one_of(leaves, quantifiers),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
effects = st.one_of(
    st.just(Permit()),
    st.just(Permit()),
    st.just(Deny()),
    st.just(Approve("facility_manager", ApprovalScope.FACILITY)),
    st.builds(Require, st.just(RequirementKind.TRAINING), st.sampled_from(["a", "b"])),
    st.builds(Limit, amount=st.integers(1, 9)),
    st.just(Mask(("title",))),
    st.just(Prefer(2)),
)


@st.composite
def rule_sets(draw):
    parts = draw(st.lists(st.tuples(effects, conditions, st.integers(0, 9), st.integers(0, 9)), max_size=6))
    return [
        rule(f"r{n}", effect, when, expected_days=days, latest_days=days + more)
        for n, (effect, when, days, more) in enumerate(parts)
    ]


def picks(values):
    return st.fixed_dictionaries({path: st.sampled_from(choices).map(fact) for path, choices in values.items()})


@st.composite
def whole_facts(draw):
    """Facts with nothing unknown."""
    members = draw(st.lists(picks(MEMBER_VALUES), max_size=3))
    held = fact(frozenset(draw(st.sets(st.sampled_from(["training:a", "training:b"])))))
    return Facts.of({**draw(picks(VALUES)), "satisfied": held}, {"participants": members})


def hidden(draw, known):
    """Return the same facts with some of them unknown."""
    kept = st.booleans()
    members = [{p: f for p, f in item.values.items() if draw(kept)} for item in known.members("participants")]
    values = {path: f for path, f in known.values.items() if path == "satisfied" or draw(kept)}
    return Facts.of(values, {"participants": members} if draw(kept) else {})


def supplied(partial, known, missing):
    """Return `partial` with every missing fact answered from `known`."""
    asked = {entry.code for entry in missing if entry.kind == "fact"}
    values = {**partial.values, **{path: f for path, f in known.values.items() if path in asked}}
    whole = known.members("participants")
    if "participants" in asked:
        return Facts.of(values, {"participants": [item.values for item in whole]})
    members = partial.members("participants")
    if members is None:
        return Facts.of(values)
    filled = [
        {**item.values, **{p: f for p, f in whole[n].values.items() if f"participants[{n}].{p}" in asked}}
        for n, item in enumerate(members)
    ]
    return Facts.of(values, {"participants": filled})


@settings(max_examples=EXAMPLES)
@given(rule_sets(), whole_facts(), conditions, st.data())
def test_adding_a_deny_never_permits(rules, known, when, data):
    partial = hidden(data.draw, known)
    before, after = decide(rules, partial), decide([*rules, rule("extra", Deny(), when)], partial)
    assert before.outcome in OPEN or after.outcome not in OPEN
    truth = judge(when, View(partial, NOW)).truth
    assert truth is False or after.outcome not in OPEN
    assert truth is not True or after.outcome is Outcome.DENY
    if after.earliest_start is not None:
        assert before.earliest_start is not None


@settings(max_examples=EXAMPLES)
@given(conditions, whole_facts(), st.data())
def test_a_further_fact_never_turns_an_answer_into_another(when, known, data):
    partial = hidden(data.draw, known)
    before, after = judge(when, View(partial, NOW)), judge(when, View(known, NOW))
    assert after.truth is not None
    assert before.truth in (None, after.truth)
    assert bool(before.unknown) is (before.truth is None)


@settings(max_examples=EXAMPLES)
@given(rule_sets(), whole_facts(), st.data())
def test_unknown_never_permits_more_than_any_known_value(rules, known, data):
    partial = decide(rules, hidden(data.draw, known))
    whole = decide(rules, known)
    if partial.outcome in OPEN | {Outcome.NEEDS_APPROVAL, Outcome.DENY}:
        assert partial.outcome is whole.outcome
    if partial.outcome in OPEN:
        assert {**partial.limits, "preference": 0} == {**whole.limits, "preference": 0}
    if partial.earliest_start is not None and whole.earliest_start is not None:
        assert partial.earliest_start.safe >= whole.earliest_start.safe


@settings(max_examples=EXAMPLES)
@given(rule_sets(), whole_facts(), st.data())
def test_supplying_all_that_is_missing_leaves_nothing_missing(rules, known, data):
    satisfied = Facts.of({"satisfied": fact(frozenset({"training:a", "training:b"}))})
    known = known.joined(satisfied)
    partial = hidden(data.draw, known)
    first = decide(rules, partial)
    second = decide(rules, supplied(partial, known, first.missing))
    whole = decide(rules, known)
    # An unknown team is answered as a whole, so what the first round asked for is all there is to ask.
    assert [entry.code for entry in second.missing] == []
    closed = {Outcome.DENY, Outcome.NOT_ELIGIBLE}
    assert second.outcome is whole.outcome or {second.outcome, whole.outcome} <= closed


@settings(max_examples=EXAMPLES)
@given(rule_sets(), whole_facts(), st.data())
def test_the_order_of_rules_never_matters_and_replay_gives_the_same_bytes(rules, known, data):
    partial = hidden(data.draw, known)
    shuffled = data.draw(st.permutations(rules))
    for audience in ("applicant", "officer"):
        once = canonical(decide(rules, partial, audience=audience))
        assert once == canonical(decide(shuffled, restore_facts(canonical(partial)), audience=audience))


@settings(max_examples=EXAMPLES)
@given(rule_sets(), whole_facts(), st.data())
def test_nothing_that_is_known_is_asked_for(rules, known, data):
    partial = hidden(data.draw, known)
    for entry in decide(rules, partial).missing:
        if entry.kind == "fact" and "[" not in entry.code and entry.code != "participants":
            assert partial.value(entry.code, NOW) is Gap.UNKNOWN
