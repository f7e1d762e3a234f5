"""What stands around writing rules: words for conditions, what differs, what is probably not meant, common rules."""

from datetime import date
from decimal import Decimal
from time import process_time

import pytest

from infra_access.core.errors import Invalid
from infra_access.core.i18n import plain
from infra_access.policy.common_rules import Asked, rule_asked_for
from infra_access.policy.comparing import changes_between
from infra_access.policy.condition_json import Problems, parse_condition
from infra_access.policy.countries import COUNTRY_CODES
from infra_access.policy.documents import load_rules
from infra_access.policy.impossible import never_holds
from infra_access.policy.lint import warnings
from infra_access.policy.rules import ApprovalScope, Approve, Asking, Limit, Mask, Prefer
from infra_access.policy.words import Phrase, condition_in_words, effect_in_words
from tests.factories.policy import raw_rule

COMPANY = {"op": "eq", "fact": "applicant.sector", "value": "company"}
STARTUP = {"op": "eq", "fact": "applicant.startup", "value": True}
LONG_AHEAD = {"op": "gte", "fact": "time.lead_days", "value": 9}
ODA = {"op": "member_of", "fact": "applicant.country_groups", "value": "ODA:2024"}
MAY = {"fact": "time.start", "value": "2026-05-04"}
PRINCIPAL = {"op": "eq", "fact": "participants[].role", "value": "principal"}
BOTH = {"all": [PRINCIPAL, {**PRINCIPAL, "value": "member"}]}
FROM_JAPAN = {"op": "eq", "fact": "applicant.country", "value": "JP"}
GROUPS = {"ODA:2024": frozenset({"KE", "BR"})}
TODAY = date(2026, 5, 4)


def condition(raw):
    problems = Problems()
    parsed = parse_condition(raw, problems)
    assert not problems.found
    return parsed


def told(phrase: Phrase) -> object:
    text = plain(phrase.text)
    return (text, [told(part) for part in phrase.parts]) if phrase.parts else text


def warned(*rules, trainings=(), above=()):
    found = warnings(
        load_rules(list(rules), scope="facility:f"),
        today=TODAY,
        trainings=trainings,
        groups=GROUPS,
        above=load_rules(list(above)),
    )
    return {place: plain(text) for place, text in found}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"all": []}, "always"),
        (COMPANY, "your sector is Company"),
        (STARTUP, "being a startup is yes"),
        ({"not": STARTUP}, ("this is not so:", ["being a startup is yes"])),
        (
            {"op": "in", "fact": "applicant.sector", "value": ["academic", "company"]},
            "your sector is one of: University or research institute, Company",
        ),
        (
            {"op": "ne", "fact": "applicant.country", "other": "facility.country"},
            "your organisation's country is not the facility's country",
        ),
        (
            {"any": [COMPANY, STARTUP]},
            ("at least one of these:", ["your sector is Company", "being a startup is yes"]),
        ),
        (
            {"share": {"over": "participants", "when": {"op": "eq", "fact": "participants[].role", "value": "operator"},
                       "gt": "0.5"}},
            ("for more than 50 % of the participants:", ["the participant's role is operator"]),
        ),
        (
            {"some": {"over": "samples", "when": {"op": "eq", "fact": "samples[].biosafety", "value": "none"}}},
            ("for at least one sample:", ["the biosafety level of the sample is No biological hazard"]),
        ),
        (
            {"some": {"over": "samples", "when": {"op": "ne", "fact": "samples[].fate", "value": "returned"}}},
            ("for at least one sample:", ["what becomes of the sample is not Returned to the team"]),
        ),
    ],
)  # fmt: skip
def test_a_condition_is_told_as_a_tree_of_sentences(raw, words):
    assert told(condition_in_words(condition(raw))) == words


@pytest.mark.parametrize("over", ["participants", "samples", "legs"])
@pytest.mark.parametrize("how", ["some", "every", "share"])
def test_every_quantifier_has_words(over, how):
    fact = {"participants": "participants[].role", "samples": "samples[].kind", "legs": "legs[].kind"}[over]
    raw = {how: {"over": over, "when": {"op": "exists", "fact": fact}, **({"gt": "0.2"} if how == "share" else {})}}
    text, parts = told(condition_in_words(condition(raw)))
    assert text.endswith(":")
    assert len(parts) == 1


def test_effects_are_told_in_words():
    assert plain(effect_in_words(Approve("safety_officer", ApprovalScope.COUNTRY))) == (
        "Needs approval: Safety officer (of the country where it stands)"
    )
    asking = Approve("safety_officer", ApprovalScope.FACILITY, asks=(Asking.NATIONALITY,))
    assert "asks everybody on the team for their nationality, seen only by" in plain(effect_in_words(asking))
    assert plain(effect_in_words(Limit(Decimal("2.5"), 30, 1))) == (
        "Limited: at most 2.5 access units, at most 30 days ahead, at most 1 sessions at a time"
    )
    assert plain(effect_in_words(Mask(("price", "contact")))) == "Not shown: price, contact"
    assert plain(effect_in_words(Prefer(5))) == "Ranked by 5 more"


def test_versions_are_compared_rule_by_rule():
    open_ = raw_rule("a", {"type": "permit"})
    before = [open_, raw_rule("b", {"type": "deny"})]
    after = [raw_rule("c", {"type": "permit"}), {**open_, "when": COMPANY, "version": 7}]
    found = [(one.id, str(one.difference), one.keys) for one in changes_between(before, after)]
    assert found == [("c", "added", ()), ("a", "changed", ("when",)), ("b", "removed", ())]
    assert changes_between(before, [*reversed(before)]) == []


@pytest.mark.parametrize(
    ("raw", "never"),
    [
        ({"all": [COMPANY, {**COMPANY, "value": "academic"}]}, True),
        ({"all": [COMPANY, {"op": "in", "fact": "applicant.sector", "value": ["academic", "person"]}]}, True),
        ({"all": [COMPANY, {"op": "ne", "fact": "applicant.sector", "value": "company"}]}, True),
        ({"all": [COMPANY, {"op": "ne", "fact": "applicant.sector", "value": "academic"}]}, False),
        ({"all": [LONG_AHEAD, {"op": "lte", "fact": "time.lead_days", "value": 8}]}, True),
        ({"all": [LONG_AHEAD, {"op": "lte", "fact": "time.lead_days", "value": 9}]}, False),
        ({"all": [{"all": [COMPANY]}, {"all": [{**COMPANY, "value": "public"}]}]}, True),
        ({"any": [COMPANY, {**COMPANY, "value": "academic"}]}, False),
        ({"any": [{"all": [COMPANY, {**COMPANY, "value": "public"}]}, {"not": {"all": []}}]}, True),
        ({"all": [ODA, {"not": ODA}]}, True),
        ({"all": [ODA, {"not": STARTUP}]}, False),
        ({"all": [ODA, FROM_JAPAN]}, True),
        ({"all": [ODA, {**FROM_JAPAN, "value": "KE"}]}, False),
        ({"all": [{**ODA, "value": "LDC:2024"}, FROM_JAPAN]}, False),
        ({"all": [LONG_AHEAD, {"op": "eq", "fact": "time.lead_days", "value": 8}]}, True),
        ({"all": [LONG_AHEAD, {"op": "in", "fact": "time.lead_days", "value": [8, 9]}]}, False),
        ({"all": [LONG_AHEAD, {"op": "within", "fact": "time.lead_days", "value": [2, 8]}]}, True),
        ({"all": [{"op": "before", **MAY}, {"op": "after", **MAY}]}, True),
        ({"all": [{"op": "before", **MAY}, {"op": "eq", **MAY}]}, True),
        ({"all": [{"op": "within", **MAY, "value": ["2026-04-01", "2026-05-04"]}, {"op": "eq", **MAY}]}, True),
        ({"all": [{"op": "within", **MAY, "value": ["2026-05-04", "2026-05-05"]}, {"op": "eq", **MAY}]}, False),
        ({"some": {"over": "participants", "when": BOTH}}, True),
        ({"every": {"over": "participants", "when": BOTH}}, False),
        ({"all": [{"op": "contains", "fact": "instrument.tags", "value": one} for one in ("a", "b")]}, False),
    ],
)  # fmt: skip
def test_what_nobody_can_meet_is_seen(raw, never):
    assert never_holds(condition(raw), GROUPS) is never


def test_one_rule_that_says_what_another_says_to_fewer_is_named():
    permit = {"type": "permit"}
    wide, narrow = raw_rule("wide", permit), raw_rule("narrow", permit, {"all": [COMPANY, STARTUP]})
    middle = raw_rule("middle", permit, COMPANY)
    assert set(warned(wide, narrow)) == {"rules.1"}
    assert set(warned(middle, narrow)) == {"rules.1"}
    assert set(warned({**wide, "applies_to": ["book"]}, narrow)) == set()
    assert set(warned({**wide, "valid_to": "2030-01-01"}, narrow)) == set()
    assert set(warned(wide, {**wide, "id": "same"})) == {"rules.0"}
    prefer = {"type": "prefer", "weight": 5}
    assert set(warned(raw_rule("a", prefer), raw_rule("b", prefer, COMPANY))) == set()


def test_a_rule_for_some_of_the_values_of_another_says_nothing_more():
    permit = {"type": "permit"}
    either = {**COMPANY, "op": "in", "value": ["company", "public"]}
    assert set(warned(raw_rule("a", permit, either), raw_rule("b", permit, COMPANY))) == {"rules.1"}
    assert set(warned(raw_rule("a", permit, {"any": [COMPANY, ODA]}), raw_rule("b", permit, COMPANY))) == {"rules.1"}
    later = {**LONG_AHEAD, "value": 20}
    assert set(warned(raw_rule("a", permit, LONG_AHEAD), raw_rule("b", permit, later))) == {"rules.1"}
    assert set(warned(raw_rule("a", permit, later), raw_rule("b", permit, LONG_AHEAD))) == {"rules.0"}


def test_what_another_rule_closes_to_all_whom_it_reaches_is_named_also_from_a_wider_scope():
    permit, no = raw_rule("open", {"type": "permit"}, COMPANY), raw_rule("no", {"type": "deny"})
    assert "closes it" in warned(no, permit)["rules.1"]
    assert set(warned({**no, "when": COMPANY}, permit)) == {"rules.1"}
    assert set(warned({**no, "when": {"all": [COMPANY, ODA]}}, permit)) == set()
    assert "closes it" in warned(permit, above=[no])["rules.0"]
    assert "says the same" in warned(permit, above=[permit])["rules.0"]
    assert set(warned({**no, "when": COMPANY}, above=[permit])) == set()


def test_an_unknown_training_and_an_ended_rule_are_named():
    laser = raw_rule("laser", {"type": "require", "kind": "training", "code": "laser"})
    assert set(warned(laser, trainings={"laser"})) == set()
    assert "laser" in warned(laser, trainings={"lasers"})["rules.0.effect.code"]
    assert set(warned({**laser, "valid_to": "2026-05-04"}, trainings={"laser"})) == {"rules.0.valid_to"}


APPROVAL = {"then": "approval", "role": "safety_officer", "expected_days": "3", "latest_days": "9"}


def asked(many=None, **values):
    given = {"then": "open", "from": "anywhere", "message": "It is so.", "grounds": "safety"}
    return Asked(given | values, {"applies_to": ["book"], **(many or {})})


@pytest.mark.parametrize(
    ("values", "effect"),
    [
        ({"then": "open"}, {"type": "permit"}),
        ({"then": "closed"}, {"type": "deny"}),
        ({"then": "approval", "role": "safety_officer", "scope": "country", "expected_days": "3", "latest_days": "9"},
         {"type": "approve", "role": "safety_officer", "scope": "country"}),
        ({"then": "funding", "code": "voucher", "expected_days": "3", "latest_days": "9"},
         {"type": "require", "kind": "funding", "code": "voucher"}),
    ],
)  # fmt: skip
def test_a_form_gives_a_rule_that_loads(values, effect):
    raw = rule_asked_for(asked(**values), taken={f"{values['then']}-1"})
    assert raw["effect"] == effect
    assert raw["id"] == f"{values['then']}-2"
    (rule,) = load_rules([raw])
    assert rule.applies_to == ("book",)


@pytest.mark.parametrize(
    ("many", "values", "at"),
    [
        ({"applies_to": []}, {}, {"applies_to"}),
        ({"sectors": ["royal"]}, {}, {"sectors"}),
        ({}, {"then": "maybe", "from": "mars"}, {"then", "from"}),
        ({}, {"message": " "}, {"message"}),
        ({}, {"from": "group", "group": "Europe"}, {"group"}),
        ({}, {"then": "training", "code": "", "expected_days": "soon", "latest_days": "9" * 30},
         {"code", "expected_days", "latest_days"}),
        ({}, {"then": "training", "code": "laser", "expected_days": "9", "latest_days": "3"}, {"latest_days"}),
        ({}, {"then": "closed", "grounds": "none"}, {"grounds"}),
        ({"asks": ["nationality"]}, {"then": "closed", "issuers": "PSI", "stage": "2"}, {"asks", "issuers", "stage"}),
        ({}, {"overridable_by": "member"}, {"overridable_by"}),
        ({}, {"then": "closed", "overridable_by": "pope"}, {"overridable_by"}),
        ({}, {"disclosure": "half", "valid_from": "soon", "valid_to": "2026-02-30", "message_ja": "x" * 601},
         {"disclosure", "valid_from", "valid_to", "message_ja"}),
        ({}, {"valid_from": "2026-05-01", "valid_to": "2026-05-01"}, {"valid_to"}),
        ({}, APPROVAL | {"stage": "first"}, {"stage"}),
        ({"asks": ["nationality"]}, APPROVAL, {"asks"}),  # as nobody may for a whole network
        ({}, {"then": "training", "code": "laser", "issuers": "x" * 201, "expected_days": "1", "latest_days": "1"},
         {"issuers"}),
    ],
)  # fmt: skip
def test_every_fault_of_a_form_is_named_by_its_field(many, values, at):
    with pytest.raises(Invalid) as caught:
        rule_asked_for(asked(many, **values), taken=())
    assert set(caught.value.fields) == at


def test_long_lists_of_values_are_compared_at_once() -> None:
    most = sorted(COUNTRY_CODES)[:200]
    rules = load_rules(
        [
            raw_rule(f"r{n}", {"type": "permit"}, when={**FROM_JAPAN, "op": "in", "value": [*most, last]})
            for n, last in enumerate(sorted(COUNTRY_CODES)[-40:] * 6)
        ]
    )
    began = process_time()
    found = list(warnings(rules, today=TODAY, trainings=(), groups={}))
    assert len(found) == 200
    assert process_time() - began < 2
