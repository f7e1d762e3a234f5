"""Rules that are well formed and still may not be published."""

from datetime import date

import pytest

from infra_access.policy.conditions import AllOf, AnyOf, Compare, Not, Op, Some
from infra_access.policy.lint import faults
from infra_access.policy.rules import (
    Action,
    ApprovalScope,
    Approve,
    Deny,
    Grounds,
    Limit,
    Mask,
    Permit,
    Prefer,
    Require,
    RequirementKind,
)
from tests.factories.policy import deny, permit, rule

MEMBER = Compare(Op.MEMBER_OF, "applicant.country_groups", "ODA:2024")
ROLES = {"facility_manager"}
GROUPS = {"ODA:2020": frozenset({"KE", "CL"}), "ODA:2024": frozenset({"KE", "GH"}), "LDC:2024": frozenset({"GH"})}


def places(*rules):
    return [place for place, _message in faults(rules, roles=ROLES, groups=GROUPS)]


def test_it_finds_nothing_wrong_with_sound_rules():
    assert places(permit(), rule("a", Approve("facility_manager", ApprovalScope.FACILITY)), deny(when=MEMBER)) == []


def test_it_finds_roles_and_groups_that_nothing_answers_to():
    unknown = deny("c", Compare(Op.OVERLAPS, "applicant.country_groups", ("ODA:2024", "SIDS:2024")))
    assert places(permit(), rule("a", Approve("wizard", ApprovalScope.FACILITY)), unknown) == [
        "rules.1.effect.role",
        "rules.2.when",
    ]


def test_reciprocity_may_not_close_the_door_to_those_eligible_for_assistance():
    grounds = {"grounds": Grounds.RECIPROCITY}
    company = Compare(Op.EQ, "applicant.sector", "company")
    for effect in (Deny(), Require(RequirementKind.DOCUMENT, "letter"), Limit(amount=0), Limit(spans=0)):
        assert places(rule("a", effect, company, **grounds)) == ["rules.0"]
        assert places(rule("a", effect, MEMBER, **grounds)) == ["rules.0"]
        assert places(rule("a", effect, Not(MEMBER), **grounds)) == []
    for harmless in (Prefer(-50), Limit(amount=8), Approve("facility_manager", ApprovalScope.FACILITY), Permit()):
        assert places(rule("a", harmless, company, **grounds)) == []


RECEIVED = Compare(Op.GTE, "ledger.received_units", 100)
OWES = Compare(Op.LTE, "ledger.balance_value", -1000)
REQUEST = {"applies_to": (Action.REQUEST,)}


@pytest.mark.parametrize("effect", [Deny(), Require(RequirementKind.FUNDING, "own"), Limit(horizon=0)])
@pytest.mark.parametrize("reading", [RECEIVED, OWES, Not(RECEIVED), AnyOf((RECEIVED, OWES))])
def test_what_reads_the_ledger_keeps_out_nobody_eligible_whatever_its_grounds(effect, reading):
    def refused(*parts):
        return places(rule("a", effect, AllOf((reading, *parts)), **REQUEST)) == ["rules.0"]

    assert refused()
    assert refused(Compare(Op.EQ, "applicant.sector", "company"))
    assert refused(Compare(Op.IN, "applicant.country", ("DE", "GH")))
    assert refused(Compare(Op.MEMBER_OF, "applicant.country_groups", "LDC:2024"))
    assert refused(Some("participants", Compare(Op.EQ, "participants[].country_of_work", "KE")))
    assert refused(Not(Compare(Op.MEMBER_OF, "applicant.country_groups", "ODA:2020")))  # Ghana is on the newest list
    assert not refused(Not(MEMBER))
    assert not refused(Compare(Op.IN, "applicant.country", ("DE", "CL")))  # and Chile no longer
    assert not refused(Compare(Op.NOT_IN, "applicant.country", ("GH", "KE")))


def test_it_may_rank_and_what_is_decided_by_people_may_read_what_is_surely_known():
    approve = Approve("facility_manager", ApprovalScope.FACILITY)
    assert places(rule("a", Prefer(50), Not(OWES)), rule("b", Prefer(-50), RECEIVED)) == []
    for effect in (approve, Limit(amount=8), Mask(("contact",))):
        assert places(rule("a", effect, RECEIVED, **REQUEST)) == []
        assert places(rule("a", effect, RECEIVED)) == ["rules.0"]  # nobody knows it who books without a request
        assert places(rule("a", effect, OWES, **REQUEST)) == ["rules.0"]  # nor the balance in several currencies
        assert places(rule("a", effect, AllOf((OWES, Not(MEMBER))))) == []


def test_a_permit_may_read_it_where_those_eligible_are_let_in_without_it_too():
    company = Compare(Op.EQ, "applicant.sector", "company")
    balanced = AllOf((company, Not(OWES)))
    assert places(permit("a", balanced)) == ["rules.0"]
    assert places(permit("a", RECEIVED), permit("b", AnyOf((company, Not(RECEIVED))))) == ["rules.0", "rules.1"]
    assert places(permit("a", balanced), permit("b", AllOf((company, RECEIVED)))) == ["rules.0", "rules.1"]
    assert places(permit("a", balanced), permit("b", Compare(Op.EQ, "applicant.sector", "public"))) == ["rules.0"]
    assert places(permit("a", balanced), permit("b", applies_to=(Action.REQUEST,))) == ["rules.0"]
    assert places(permit("a", balanced), permit("b", valid_to=date(2027, 1, 1))) == ["rules.0"]
    for other in (permit("b"), permit("b", company), permit("b", MEMBER), permit("b", AllOf((company, MEMBER)))):
        assert places(permit("a", balanced), other) == []
    assert places(permit("a", AllOf((Not(OWES), Not(MEMBER))))) == []
    assert places(permit("a", AnyOf((MEMBER, Not(OWES))))) == []


def test_without_a_list_of_those_eligible_anybody_may_be():
    assert [place for place, _why in faults([deny(when=RECEIVED)], roles=ROLES, groups={})] == ["rules.0"]
    europe = deny(when=AllOf((RECEIVED, Compare(Op.EQ, "applicant.country", "DE"))))
    assert [place for place, _why in faults([europe], roles=ROLES, groups={})] == ["rules.0"]
