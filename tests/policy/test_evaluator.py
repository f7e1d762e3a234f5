from datetime import date, timedelta

import pytest

from infra_access.core.decision import Outcome
from infra_access.core.i18n import plain
from infra_access.policy.conditions import AllOf, Compare, Every, Op, Some
from infra_access.policy.rules import (
    Action,
    ApprovalScope,
    Approve,
    Disclosure,
    Limit,
    Mask,
    Prefer,
    Require,
    RequirementKind,
)
from tests.factories.policy import NOW, decide, deny, facts, permit, rule

COMPANY = Compare(Op.EQ, "applicant.sector", "company")
ACADEMIC = Compare(Op.EQ, "applicant.sector", "academic")
STARTUP = Compare(Op.EQ, "applicant.startup", True)
ABROAD = Some("participants", Compare(Op.NE, "participants[].country_of_work", other="facility.country"))
TRAINING = Require(RequirementKind.TRAINING, "laser-safety")
COUNTRY = Approve("access_administrator", ApprovalScope.COUNTRY)
FACILITY = Approve("facility_manager", ApprovalScope.FACILITY)


def codes(decision):
    return [(missing.kind, missing.code) for missing in decision.missing]


def told(decision):
    return [(reason.rule, plain(reason.message)) for reason in decision.reasons]


def test_a_permit_that_matches_permits_at_once():
    decision = decide([permit(when=COMPANY)], facts({"applicant.sector": "company"}))
    assert decision.outcome is Outcome.PERMIT
    assert decision.earliest_start.safe == date(2026, 5, 4)
    assert (decision.policy_version, decision.case, decision.as_of) == ("7", "AB12-CD34", NOW)
    assert told(decision) == [("permit", "Rule permit.")]


def test_nothing_is_open_without_a_permit():
    decision = decide([])
    assert decision.outcome is Outcome.NOT_ELIGIBLE
    assert told(decision) == [("none", "No rule opens this yet. Ask the facility.")]
    assert decision.earliest_start is None


def test_the_nearest_permits_are_named_with_what_each_misses():
    far = permit("far", AllOf((ACADEMIC, Compare(Op.EQ, "applicant.size", "small"))))
    near = permit("near", ACADEMIC)
    decision = decide([far, near], facts({"applicant.sector": "company", "applicant.size": "large"}))
    assert decision.outcome is Outcome.NOT_ELIGIBLE
    assert told(decision) == [("near", "Not met: Rule near."), ("near", "Needed: your sector is academic.")]
    assert decision.missing == ()


def test_a_permit_on_an_unknown_fact_does_not_match_but_says_what_it_misses():
    decision = decide([permit(when=COMPANY), deny(when=STARTUP)], facts())
    assert decision.outcome is Outcome.NOT_ELIGIBLE
    assert codes(decision) == [("fact", "applicant.sector"), ("fact", "applicant.startup")]
    assert plain(decision.missing[0].message) == "In which sector do you work?"


@pytest.mark.parametrize(
    "weaker",
    [TRAINING, COUNTRY, Limit(amount=2), Mask(("title",)), Prefer(2)],
    ids=lambda effect: type(effect).__name__,
)
def test_a_denial_beats_everything_and_asks_for_nothing(weaker):
    decision = decide([permit(), rule("t", weaker), deny(when=STARTUP)], facts({"applicant.startup": True}))
    assert decision.outcome is Outcome.DENY
    assert told(decision) == [("deny", "Rule deny.")]
    assert (decision.missing, decision.approvals, decision.earliest_start) == ((), (), None)
    assert decision.limits == {}


def test_a_denial_on_an_unknown_fact_asks_and_keeps_closed():
    decision = decide([permit(), deny(when=STARTUP)])
    assert decision.outcome is Outcome.CONDITIONAL
    assert codes(decision) == [("fact", "applicant.startup")]


def test_an_unmet_requirement_makes_it_conditional_and_says_how():
    rules = [permit(), rule("t", TRAINING, expected_days=7, latest_days=21)]
    decision = decide(rules)
    assert decision.outcome is Outcome.CONDITIONAL
    assert codes(decision) == [("training", "laser-safety")]
    assert "profile" in decision.missing[0].how
    assert decision.earliest_start.safe == date(2026, 5, 25)
    assert decide(rules, facts({"satisfied": frozenset({"training:laser-safety"})})).outcome is Outcome.PERMIT


def test_a_requirement_that_is_met_does_not_ask_whether_it_applies():
    rules = [permit(), rule("t", TRAINING, STARTUP)]
    assert codes(decide(rules)) == [("fact", "applicant.startup")]
    assert decide(rules, facts({"satisfied": frozenset({"training:laser-safety"})})).outcome is Outcome.PERMIT


def test_an_approval_names_role_days_and_the_fields_it_rests_on():
    rules = [permit(), rule("abroad", COUNTRY, ABROAD, expected_days=5, latest_days=20)]
    decision = decide(rules, facts({"facility.country": "FR"}, participants=[{"country_of_work": "KE"}]))
    assert decision.outcome is Outcome.NEEDS_APPROVAL
    (due,) = decision.approvals
    assert (due.role, due.scope, due.rule) == ("access_administrator", "country", "abroad")
    assert (due.expected_days, due.latest_days, due.rests_on) == (5, 20, ("instruments", "participants"))
    assert (decision.earliest_start.likely, decision.earliest_start.safe) == (date(2026, 5, 9), date(2026, 5, 24))
    assert "access administrator (country), 5 days" in plain(decision.earliest_start.because)


def test_an_approval_rests_on_what_its_rule_states():
    rules = [permit(), rule("a", FACILITY, rests_on=("quantity",))]
    assert decide(rules).approvals[0].rests_on == ("quantity",)


def test_a_requirement_stands_above_an_approval_and_both_are_told():
    decision = decide([permit(), rule("a", FACILITY), rule("t", TRAINING)])
    assert decision.outcome is Outcome.CONDITIONAL
    assert len(decision.approvals) == len(decision.missing) == 1


def test_an_approval_that_may_be_due_counts_for_the_safe_date():
    decision = decide([permit(), rule("a", COUNTRY, STARTUP, expected_days=5, latest_days=20)])
    assert decision.approvals == ()
    assert (decision.earliest_start.likely, decision.earliest_start.safe) == (date(2026, 5, 4), date(2026, 5, 24))


def test_the_least_limit_holds_and_masks_add_up():
    rules = [
        permit(),
        rule("l1", Limit(amount=10, horizon=60)),
        rule("l2", Limit(amount=4)),
        rule("m1", Mask(("title",))),
        rule("m2", Mask(("summary", "title"))),
    ]
    decision = decide(rules)
    assert decision.outcome is Outcome.PERMIT_WITH_LIMITS
    assert decision.limits == {"amount": 4, "horizon": 60, "masked": ["summary", "title"]}


def test_a_mask_on_an_unknown_fact_masks_and_asks():
    decision = decide([permit(), rule("m", Mask(("title",)), STARTUP)])
    assert decision.limits == {"masked": ["title"]}
    assert codes(decision) == [("fact", "applicant.startup")]


def test_preferences_add_up_and_an_unknown_one_counts_nothing():
    rules = [permit(), rule("p1", Prefer(3)), rule("p2", Prefer(-1)), rule("p3", Prefer(50), STARTUP)]
    decision = decide(rules)
    assert (decision.outcome, decision.limits) == (Outcome.PERMIT, {"preference": 2})


def test_a_rule_holds_for_its_actions_and_days_only():
    day = NOW.date()
    booked = deny(applies_to=(Action.REQUEST,))
    past, future = deny("past", valid_to=day), deny("future", valid_from=day + timedelta(days=1))
    assert decide([permit(), booked, past, future]).outcome is Outcome.PERMIT
    assert decide([permit(), deny("now", valid_from=day)]).outcome is Outcome.DENY


def test_a_member_of_the_team_is_asked_for_by_number():
    rules = [permit(), rule("a", COUNTRY, ABROAD)]
    decision = decide(rules, facts({"facility.country": "FR"}, participants=[{"country_of_work": "FR"}, {}]))
    assert codes(decision) == [("fact", "participants[1].country_of_work")]
    assert plain(decision.missing[0].message) == "In which country does participant 2 work?"


def test_a_permit_for_every_member_fails_for_one():
    rules = [permit(when=Every("participants", Compare(Op.EQ, "participants[].sector", "academic")))]
    decision = decide(rules, facts(participants=[{"sector": "academic"}, {"sector": "company"}]))
    assert decision.outcome is Outcome.NOT_ELIGIBLE


@pytest.mark.parametrize(("disclosure", "expected"), [("full", "secret-rule"), ("generic", "withheld")])
def test_an_applicant_reads_no_more_than_a_rule_discloses(disclosure, expected):
    hidden = {"disclosure": Disclosure(disclosure), "legal_ref": "Article 4"}
    decision = decide([permit(), deny("secret-rule", **hidden)])
    (reason,) = decision.reasons
    assert reason.rule == expected
    if disclosure == "generic":
        assert plain(reason.message) == (
            "This needs a check by the facility (case AB12-CD34). You can ask the facility about it."
        )
        assert (reason.grounds, reason.legal_ref) == ("withheld", None)


def test_a_hidden_rule_says_nothing_to_the_applicant_and_all_to_the_officer():
    rules = [permit(), deny("secret-rule", disclosure=Disclosure.NONE)]
    applicant, officer = decide(rules), decide(rules, audience="officer")
    assert applicant.outcome is officer.outcome is Outcome.DENY
    assert (applicant.reasons, applicant.case) == ((), "AB12-CD34")
    assert told(officer) == [("secret-rule", "Rule secret-rule.")]


@pytest.mark.parametrize("disclosure", [Disclosure.GENERIC, Disclosure.NONE])
def test_nothing_of_a_withheld_rule_leaks_into_what_is_due(disclosure):
    rules = [
        permit(),
        rule("secret-a", COUNTRY, disclosure=disclosure, expected_days=3, latest_days=9),
        rule("secret-t", TRAINING, disclosure=disclosure),
    ]
    decision = decide(rules)
    assert "secret" not in repr(decision)
    assert "administrator" not in plain(decision.earliest_start.because)
    assert decision.earliest_start.safe == date(2026, 5, 13)
    assert len(decision.approvals) == len(decision.missing) == (1 if disclosure is Disclosure.GENERIC else 0)


def test_an_officer_reads_what_could_not_be_decided():
    decision = decide([permit(), deny(when=STARTUP)], audience="officer")
    assert ("deny", "Cannot be decided without the missing facts: Rule deny.") in told(decision)


def test_the_facility_is_asked_for_what_only_it_knows():
    decision = decide([permit(), deny(when=Compare(Op.CONTAINS, "instrument.tags", "biosafety"))])
    assert plain(decision.missing[0].how) == "Ask the facility to complete its record."
