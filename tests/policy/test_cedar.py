"""Permits and denials agree with Cedar's own evaluator on the same input, but where it skips a rule for want of a fact.

Cedar leaves out a policy that fails on a missing attribute (cedar-policy/cedar#2428): a forbid so skipped lets in whom
ours asks first. Each such difference is counted and told.
"""

from collections import Counter

import cedarpy
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_access.core.decision import Outcome
from infra_access.policy.conditions import AllOf, AnyOf, Compare, Condition, Not, Op
from infra_access.policy.rules import Deny, Permit
from tests.factories.policy import decide, facts, rule
from tests.policy.test_properties import EXAMPLES

ATTRIBUTES = {
    "applicant.sector": "sector",
    "applicant.startup": "startup",
    "applicant.country": "country",
    "request.quantity": "quantity",
}
SIGNS = {Op.EQ: "==", Op.NE: "!=", Op.GTE: ">=", Op.LTE: "<="}
VALUES = {
    "applicant.sector": st.sampled_from(["company", "academic", "public"]),
    "applicant.startup": st.booleans(),
    "applicant.country": st.sampled_from(["KE", "JP", "DE"]),
    "request.quantity": st.integers(1, 4),
}
leaves = st.one_of(
    *(
        st.builds(Compare, st.sampled_from([Op.EQ, Op.NE]), st.just(path), VALUES[path])
        for path in ("applicant.sector", "applicant.startup", "applicant.country")
    ),
    st.builds(Compare, st.sampled_from([Op.GTE, Op.LTE]), st.just("request.quantity"), VALUES["request.quantity"]),
    st.builds(Compare, st.just(Op.IN), st.just("applicant.country"), st.just(("DE", "KE"))),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
rule_sets = st.lists(st.tuples(st.sampled_from([Permit(), Deny()]), conditions), max_size=5)
known_facts = st.fixed_dictionaries({}, optional=VALUES)


def in_cedar(condition: Condition) -> str:
    """Return a condition in Cedar's language."""
    match condition:
        case AllOf(parts):
            return "(" + " && ".join(in_cedar(part) for part in parts) + ")" if parts else "true"
        case AnyOf(parts):
            return "(" + " || ".join(in_cedar(part) for part in parts) + ")"
        case Not(part):
            return f"!({in_cedar(part)})"
        case Compare(Op.IN, fact, value):
            assert isinstance(value, tuple)
            return "[" + ", ".join(_literal(one) for one in value) + f"].contains(context.{ATTRIBUTES[fact]})"
        case Compare(op, fact, value):
            return f"(context.{ATTRIBUTES[fact]} {SIGNS[op]} {_literal(value)})"
    raise AssertionError(condition)


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


def of_cedar(parts: list[tuple[Permit | Deny, Condition]], known: dict[str, object]) -> tuple[bool, bool]:
    """Return whether Cedar allows it, and whether it skipped a policy on the way."""
    policies = "\n".join(
        f"{'permit' if isinstance(effect, Permit) else 'forbid'}(principal, action, resource) "
        f"when {{ {in_cedar(when)} }};"
        for effect, when in parts
    )
    asked = {
        "principal": 'Applicant::"a"',
        "action": 'Action::"book"',
        "resource": 'Instrument::"x"',
        "context": {ATTRIBUTES[path]: value for path, value in known.items()},
    }
    answer = cedarpy.is_authorized(asked, policies, [])
    return answer.decision == cedarpy.Decision.Allow, bool(answer.diagnostics.errors)


def test_we_agree_but_where_it_skips_a_rule_for_want_of_a_fact():
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES)
    @given(rule_sets, known_facts)
    def compare(parts, known):
        rules = [rule(f"r{number}", effect, when) for number, (effect, when) in enumerate(parts)]
        ours = decide(rules, facts(known)).outcome in (Outcome.PERMIT, Outcome.PERMIT_WITH_LIMITS)
        theirs, skipped = of_cedar(parts, known)
        seen["compared"] += 1
        if ours != theirs:
            assert skipped, "nothing was missing, and yet the answers differ"
            seen["cedar lets in, we ask first" if theirs else "cedar keeps out, we know enough to let in"] += 1

    compare()
    print(", ".join(f"{name} {count}" for name, count in sorted(seen.items())))
    assert seen["compared"] >= EXAMPLES
    assert seen["cedar lets in, we ask first"], "the examples never came upon the difference"


def test_a_forbid_that_it_skips_lets_in_whom_we_ask():
    """Show the difference in one example, by which the counts of the other test are to be read."""
    company = Compare(Op.EQ, "applicant.sector", "company")
    parts = [(Permit(), AllOf(())), (Deny(), company)]
    assert of_cedar(parts, {}) == (True, True)
    decision = decide([rule("all", Permit()), rule("firms", Deny(), company)], facts({}))
    assert decision.outcome is Outcome.CONDITIONAL
    assert [one.code for one in decision.missing] == ["applicant.sector"]
    assert of_cedar(parts, {"applicant.sector": "company"}) == (False, False)
