"""What must hold for an exception from any rule among any others."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from infra_access.core.i18n import plain
from infra_access.policy.canonical import canonical
from infra_access.policy.disclosure import Audience
from infra_access.policy.overrides import (
    Override,
    dump_overridden,
    is_overridable,
    load_overridden,
    overridden,
    rule_hash,
    telling,
)
from infra_access.policy.rules import Deny, Disclosure, Limit, Mask, Permit, Prefer, Require, RequirementKind, Rule
from tests.factories.policy import decide, permit, rule

DAY = date(2026, 5, 4)
effects = st.sampled_from(
    [Deny(), Permit(), Prefer(3), Mask(("price",)), Limit(amount=3), Require(RequirementKind.TRAINING, "laser")]
)
rules = st.builds(
    lambda id, effect, **more: rule(id, effect, **more),
    st.sampled_from(["a", "b", "c"]),
    effects,
    scope=st.sampled_from(["network", "country:DE", "tag:dual-use"]),
    version=st.integers(1, 2),
    overridable_by=st.sampled_from([None, "facility_manager"]),
    disclosure=st.sampled_from(Disclosure),
)


def override_of(one: Rule) -> Override:
    return Override(one.scope, one.id, rule_hash(one), DAY)


@given(st.lists(rules, max_size=8), rules)
def test_it_leaves_out_its_own_rule_and_no_other(others: list[Rule], one: Rule) -> None:
    left_out = [each.rule for each in overridden([*others, one], [override_of(one)])]

    assert all(each == one for each in left_out)
    assert bool(left_out) is is_overridable(one)
    rest = [each for each in [*others, one] if each not in left_out]
    assert all(each == one or each in rest for each in others)


@given(st.lists(rules, min_size=1, max_size=4), st.sampled_from(Audience))
def test_it_is_read_back_and_told_the_same_again_in_any_order(some: list[Rule], audience: Audience) -> None:
    left_out = overridden(some, [override_of(one) for one in some])
    known = dump_overridden(left_out)
    decision = decide([permit()], audience=audience)

    assert dump_overridden(reversed(left_out)) == known == dump_overridden(load_overridden(known))
    told = telling(decision, left_out, audience)
    assert canonical(told) == canonical(telling(decision, load_overridden(known), audience))
    assert told.reasons[: len(decision.reasons)] == decision.reasons
    hidden = audience is Audience.APPLICANT
    said = [plain(reason.message) for reason in told.reasons[len(decision.reasons) :]]
    assert bool(said) is any(not hidden or one.rule.disclosure is not Disclosure.NONE for one in left_out)
    assert all("2026-05-04" in one for one in said)
