"""Rules that are well formed and still may not be published."""

from infra_access.policy.conditions import Compare, Not, Op
from infra_access.policy.lint import faults
from infra_access.policy.rules import ApprovalScope, Approve, Deny, Grounds
from tests.factories.policy import deny, permit, rule

MEMBER = Compare(Op.MEMBER_OF, "applicant.country_groups", "ODA:2024")
ROLES, GROUPS = {"facility_manager"}, {"ODA:2024"}


def places(*rules):
    return [place for place, _message in faults(rules, roles=ROLES, groups=GROUPS)]


def test_it_finds_nothing_wrong_with_sound_rules():
    assert places(permit(), rule("a", Approve("facility_manager", ApprovalScope.FACILITY)), deny(when=MEMBER)) == []


def test_it_finds_roles_and_groups_that_nothing_answers_to():
    unknown = deny("c", Compare(Op.OVERLAPS, "applicant.country_groups", ("ODA:2024", "LDC:2024")))
    assert places(permit(), rule("a", Approve("wizard", ApprovalScope.FACILITY)), unknown) == [
        "rules.1.effect.role",
        "rules.2.when",
    ]


def test_reciprocity_may_not_close_the_door_to_those_eligible_for_assistance():
    grounds = {"grounds": Grounds.RECIPROCITY}
    on_ledger = Compare(Op.EQ, "applicant.sector", "company")
    assert places(rule("a", Deny(), on_ledger, **grounds)) == ["rules.0"]
    assert places(rule("a", Deny(), MEMBER, **grounds)) == ["rules.0"]
    assert places(rule("a", Deny(), Not(MEMBER), **grounds)) == []
