"""Rules read back into the form of common rules: all that it can say and nothing less, and why it cannot say others."""

import os
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_access.core.i18n import plain
from infra_access.core.roles import ROLES
from infra_access.policy.common_rules import ABROAD, MANY, Asked, From, Then, rule_asked_for
from infra_access.policy.documents import REQUEST_FIELDS, load_rules
from infra_access.policy.reading_back import read_back
from infra_access.policy.rule_json import dump_rule
from infra_access.policy.rules import ApprovalScope, Disclosure, Grounds, RequestField
from infra_access.policy.templates import TEMPLATES, rules_from
from tests.factories.policy import raw_rule

EXAMPLES = 2_000 if os.environ.get("SOAK") else 60
SCOPE = "facility:f"
LOCALES = ("en", "ja")
APPROVE = {"type": "approve", "role": "facility_manager", "scope": "facility"}
PERMIT, DENY = {"type": "permit"}, {"type": "deny"}
COMPANY = {"op": "in", "fact": "applicant.sector", "value": ["company"]}
STARTUP = {"op": "eq", "fact": "applicant.startup", "value": True}
LASER = {"type": "require", "kind": "training", "code": "laser", "issuers": ["KEK", "PSI"]}

lines = st.text("abcé 日.", min_size=1, max_size=20).filter(str.strip)
days = st.dates(date(2026, 1, 1), date(2026, 12, 31)).map(str)
sometimes = st.just("") | days


def many_of(values):
    return st.lists(st.sampled_from(sorted(values)), unique=True)


@st.composite
def forms(draw):
    """Return what somebody may fill in, so that it is taken."""
    then = draw(st.sampled_from(Then))
    due = then not in (Then.OPEN, Then.CLOSED)
    values = {
        "then": then,
        "from": draw(st.sampled_from(From)),
        "group": "ODA:2024",
        "startup": draw(st.sampled_from(["", "yes"])),
        "role": draw(st.sampled_from(sorted(ROLES))),
        "scope": draw(st.sampled_from(ApprovalScope)),
        "code": draw(st.sampled_from(["laser", "a.b-1"])),
        "stage": draw(st.sampled_from(["", "1", "7"])) if due else "",
        "issuers": "\r\n".join(draw(st.lists(lines, max_size=3))) if then is Then.TRAINING else "",
        "expected_days": draw(st.sampled_from(["0", "3"])),
        "latest_days": draw(st.sampled_from(["3", "40"])),
        "grounds": draw(st.sampled_from([one for one in Grounds if one is not Grounds.NONE])),
        "legal_ref": draw(st.just("") | lines),
        "overridable_by": draw(st.sampled_from(["", *ROLES])) if then is not Then.OPEN else "",
        "valid_from": draw(sometimes),
        "valid_to": draw(st.sampled_from(["", "2027-01-01"])),
    }
    said = draw(st.sampled_from([("message",), ("message_ja",), ("message", "message_ja")]))
    values |= {name: draw(lines) for name in said}
    many = {name: draw(many_of(kind)) for name, kind in MANY.items()}
    many["applies_to"] = many["applies_to"] or ["book"]
    if then is not Then.APPROVAL:
        many["asks"] = []
    values["disclosure"] = "" if many["asks"] else draw(st.sampled_from(["", *Disclosure]))
    return Asked(values, many)


def kept(raw):
    """Return a rule as drafts keep it."""
    (rule,) = load_rules([raw], scope=SCOPE)
    return dump_rule(rule)


@settings(max_examples=EXAMPLES)
@given(forms())
def test_every_rule_of_the_form_is_read_back_whole(asked):
    rule = {**kept(rule_asked_for(asked, taken={f"{asked.one('then')}-1"}, scope=SCOPE)), "version": 3}
    again = read_back(rule, scope=SCOPE, locales=LOCALES)
    assert isinstance(again, Asked)
    assert kept(rule_asked_for(again, scope=SCOPE, instead_of=rule)) == rule


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_no_rule_of_a_template_loses_anything_in_the_form(name):
    for raw in rules_from(name, {ask.name: ask.default for ask in TEMPLATES[name].asks}):
        read = read_back(raw, scope=SCOPE)
        if isinstance(read, Asked):
            assert kept(rule_asked_for(read, scope=SCOPE, instead_of=raw)) == kept(raw)


def test_what_an_approval_rests_on_is_chosen_and_comes_back_in_any_order():
    raw = raw_rule("r", APPROVE, rests_on=["samples", "period", "instruments"])
    read = read_back(raw, scope=SCOPE)
    assert isinstance(read, Asked)
    assert rule_asked_for(read, scope=SCOPE)["rests_on"] == ["instruments", "period", "samples"]
    every = rule_asked_for(Asked(read.values, {**read.many, "rests_on": list(RequestField)}), scope=SCOPE)
    assert every["rests_on"] == list(REQUEST_FIELDS)
    assert "rests_on" not in rule_asked_for(Asked(read.values, {**read.many, "rests_on": []}), scope=SCOPE)


def test_what_a_form_said_comes_back_field_by_field():
    raw = raw_rule(
        "laser", LASER | {"stage": 2}, {"all": [COMPANY, STARTUP, ABROAD]},
        expected_days=2, latest_days=9, overridable_by="safety_officer", message={"en": "Train.", "ja": "訓練"},
    )  # fmt: skip
    read = read_back(raw, scope=SCOPE, locales=LOCALES)
    assert isinstance(read, Asked)
    said = {name: read.one(name) for name in ("then", "code", "issuers", "stage", "startup", "from", "message_ja")}
    assert said == {
        "then": "training", "code": "laser", "issuers": "KEK\nPSI", "stage": "2", "startup": "yes", "from": "abroad",
        "message_ja": "訓練",
    }  # fmt: skip
    assert read.many["sectors"] == ["company"]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (raw_rule("r", {"type": "prefer", "weight": 5}), "What this rule does"),
        (raw_rule("r", {"type": "limit", "spans": 5}), "What this rule does"),
        (raw_rule("r", {**LASER, "kind": "escort", "issuers": None}), "What this rule does"),
        (raw_rule("r", {"type": "approve", "role": "abbot", "scope": "facility"}), "What this rule does"),
        (raw_rule("r", PERMIT, {**COMPANY, "op": "eq", "value": "company"}), "when this rule applies"),
        (raw_rule("r", PERMIT, {"any": [COMPANY, STARTUP]}), "when this rule applies"),
        (raw_rule("r", PERMIT, {"all": [STARTUP, COMPANY]}), "when this rule applies"),
        (raw_rule("r", PERMIT, {**STARTUP, "value": False}), "when this rule applies"),
        (raw_rule("r", PERMIT, {"not": COMPANY}), "when this rule applies"),
        (raw_rule("r", PERMIT, message={"en": "Open.", "fr": "Ouvert."}), "in a language"),
        (raw_rule("r", PERMIT, message={"fr": "Ouvert."}), "in a language"),
        (raw_rule("r", DENY, rests_on=["title"]), "which changes of a request"),
        (raw_rule("r", APPROVE, rests_on=[]), "which changes of a request"),
        (raw_rule("r", DENY, expected_days=3, latest_days=4), "cannot: expected_days, latest_days."),
        (raw_rule("r", PERMIT, overridable_by="member"), "cannot: overridable_by."),
        (raw_rule("r", PERMIT, grounds="ip", legal_ref="A law"), "cannot: grounds, legal_ref."),
    ],
)
def test_why_the_form_cannot_say_a_rule_is_told(raw, why):
    raw["effect"] = {key: value for key, value in raw["effect"].items() if value is not None}
    assert why in plain(read_back(raw, scope=SCOPE, locales=LOCALES))
