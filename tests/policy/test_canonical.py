import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from infra_access.core.decision import Decision, Outcome
from infra_access.core.i18n import plain
from infra_access.policy.canonical import canonical, case_code, restore_decision, restore_facts
from infra_access.policy.conditions import Compare, Op, Some
from infra_access.policy.disclosure import decision_to_json
from infra_access.policy.documents import load_rules
from infra_access.policy.rules import ApprovalScope, Approve, Asking, Limit, Require, RequirementKind
from infra_access.policy.wording import Wording, render
from tests.factories.policy import NOW, decide, deny, facts, permit, rule

KNOWN = facts(
    {
        "request.quantity": Decimal("1.5"),
        "time.start": date(2026, 6, 1),
        "instrument.tags": frozenset({"b", "a"}),
        "project.funding": None,
        "facility.country": "JP",
    },
    participants=[{"role": "principal", "country_of_work": "KE"}],
    legs=[],
)
RULES = [
    permit(message=Wording({"en": "Open.", "ja": "公開。"})),
    rule("limit", Limit(amount=Decimal("2.5"))),
    rule("training", Require(RequirementKind.TRAINING, "x-ray"), expected_days=1, latest_days=2),
    rule(
        "country",
        Approve("access_administrator", ApprovalScope.COUNTRY),
        Some("participants", Compare(Op.NE, "participants[].country_of_work", other="facility.country")),
        expected_days=3,
        latest_days=9,
    ),
]


def test_facts_come_back_as_they_were():
    assert restore_facts(canonical(KNOWN)) == KNOWN


def test_rules_have_the_same_bytes_in_whatever_order_and_come_back():
    assert canonical(RULES) == canonical(list(reversed(RULES)))
    assert canonical(load_rules(json.loads(canonical(RULES)))) == canonical(RULES)


def test_the_bytes_are_sorted_compact_and_without_floats():
    data = canonical(KNOWN)
    plain_data = json.loads(data, parse_float=pytest.fail)
    assert data == json.dumps(plain_data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert plain_data["values"]["request.quantity"]["value"] == "1.5"


def test_a_decision_without_an_assurance_is_kept_in_its_old_words_and_read_in_new_ones():
    vouched = rule("vouched", Require(RequirementKind.ASSURANCE, "identity-high"), expected_days=1, latest_days=2)
    made = decide([permit(), vouched], facts({}))
    assert b"Log in with an account that gives the assurance asked for, or ask the facility." in canonical(made)
    assert decision_to_json(made)["missing"][0]["how"].startswith("Whom to ask: ")


def test_a_float_is_refused():
    decision = Decision(Outcome.PERMIT, NOW, "1", "AB12-CD34", limits={"amount": 1.5})
    with pytest.raises(TypeError, match="canonical"):
        canonical(decision)


def test_a_decision_comes_back_and_is_shown_in_another_language():
    decision = decide(RULES, KNOWN)
    again = restore_decision(canonical(decision))
    assert again == decision
    assert canonical(again) == canonical(decision)
    messages = [reason["message"] for reason in decision_to_json(again, plain, "ja")["reasons"]]
    assert "公開。" in messages


def test_replaying_stored_inputs_gives_the_same_bytes():
    rules = load_rules(json.loads(canonical(RULES)))
    assert canonical(decide(rules, restore_facts(canonical(KNOWN)))) == canonical(decide(RULES, KNOWN))


def test_a_decision_says_what_people_are_asked_for_and_nothing_where_they_are_not():
    asks = Approve("safety_officer", ApprovalScope.FACILITY, asks=(Asking.NATIONALITY,))
    decision = decide([permit(), rule("asking", asks)])
    assert decision_to_json(decision)["approvals"][0]["asks"] == ["nationality"]
    assert restore_decision(canonical(decision)) == decision
    silent = decide([permit(), rule("silent", replace(asks, asks=None))])
    assert b"asks" not in canonical(silent)
    assert "asks" not in decision_to_json(silent)["approvals"][0]


def test_a_decision_has_the_shape_of_the_contract():
    shown = decision_to_json(decide(RULES, KNOWN))
    assert set(shown) == {
        "outcome",
        "earliest_start",
        "reasons",
        "missing",
        "approvals",
        "limits",
        "policy_version",
        "as_of",
        "case",
    }
    assert shown["outcome"] == "conditional"
    assert shown["earliest_start"]["likely"] == "2026-05-07"
    assert shown["limits"] == {"amount": "2.5"}
    assert shown["as_of"] == "2026-05-04T12:00:00Z"
    assert shown["approvals"][0]["rests_on"] == ["instruments", "participants"]
    assert shown["missing"][0]["code"] == "x-ray"
    assert json.loads(json.dumps(shown)) == shown
    assert decision_to_json(decide([deny()]))["earliest_start"] is None


def test_texts_inside_texts_are_translated_too():
    decision = decide(
        [permit(when=Compare(Op.EQ, "applicant.sector", "public"))], facts({"applicant.sector": "person"})
    )
    shown = render(decision.reasons[1].message, lambda text: f"<{plain(text)}>")
    assert shown == "<Needed: <your sector> is public.>"


def test_a_case_code_is_short_and_follows_from_the_inputs():
    code = case_code(canonical(KNOWN))
    assert code == case_code(canonical(KNOWN))
    assert len(code) == 9
    assert not set(code) & set("ILOU")
    assert code != case_code(canonical(RULES))
