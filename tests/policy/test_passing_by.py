"""Approvals of requests that booking would pass by, and approvals that no change of a request undoes."""

import pytest

from infra_access.core.i18n import plain
from infra_access.policy.documents import load_rules
from infra_access.policy.passing_by import approvals_on_nothing, approvals_passed_by
from infra_access.policy.rules import Approve
from infra_access.policy.templates import TEMPLATES, rules_from
from tests.factories.policy import raw_rule

OPEN = raw_rule("open", {"type": "permit"}, applies_to=["request", "book", "mail_in"])
INTERNAL = {"op": "eq", "fact": "applicant.relation", "value": "internal"}
EXTERNAL = {"op": "ne", "fact": "applicant.relation", "value": "internal"}
COMPANY = {"op": "eq", "fact": "applicant.sector", "value": "company"}
ABROAD = {"op": "ne", "fact": "applicant.country", "other": "facility.country"}
SAMPLES = {"some": {"over": "legs", "when": {"op": "eq", "fact": "legs[].crosses", "value": True}}}


def asks(when=None, **more):
    effect = {"type": "approve", "role": "safety_officer", "scope": "facility"}
    days = {"expected_days": 1, "latest_days": 2}
    rests = {"applies_to": ["request"], "rests_on": ["samples"]}
    return raw_rule(more.pop("id", "asks"), effect, when, **rests | days | more)


def granted(when=None, **more):
    gate = {"type": "require", "kind": "gate", "code": "allocation"}
    return raw_rule(
        "granted", gate, when, **{"applies_to": ["book", "mail_in"], "expected_days": 1, "latest_days": 2} | more
    )


def warned(*rules, above=()):
    found = approvals_passed_by(load_rules(list(rules)), above=load_rules(list(above)), groups={})
    return {place: plain(text) for place, text in found}


def test_an_approval_that_booking_passes_by_is_told():
    (told,) = warned(OPEN, asks()).items()
    assert told[0] == "rules.1.applies_to"
    assert told[1].startswith("Asking needs an approval here, but booking or sending samples passes it by")
    assert list(warned(asks(), above=[OPEN])) == ["rules.0.applies_to"]
    assert "but booking passes" in warned(raw_rule("book", {"type": "permit"}, applies_to=["book"]), asks())[told[0]]


@pytest.mark.parametrize(
    "rules",
    [
        (asks(),),
        (raw_rule("only", {"type": "permit"}, applies_to=["request"]), asks()),
        (OPEN, asks(applies_to=["request", "book", "mail_in"])),
        (OPEN, asks(), granted()),
        (OPEN, asks(COMPANY), granted(COMPANY)),
        (OPEN, asks(), granted(EXTERNAL)),
        (OPEN, asks({"any": [ABROAD, SAMPLES]}), granted(ABROAD)),
        (raw_rule("staff", {"type": "permit"}, INTERNAL), asks(EXTERNAL)),
        (OPEN, asks(COMPANY), raw_rule("shut", {"type": "deny"}, COMPANY, applies_to=["book", "mail_in"])),
    ],
)
def test_nothing_is_told_where_nobody_passes(rules):
    assert warned(*rules) == {}


@pytest.mark.parametrize(
    "rules",
    [
        (OPEN, asks(), granted(COMPANY)),
        (OPEN, asks(), granted(applies_to=["book"])),
        (OPEN, asks(EXTERNAL), granted(INTERNAL)),
    ],
)
def test_a_grant_that_is_asked_of_others_does_not_count(rules):
    assert list(warned(*rules)) == ["rules.1.applies_to"]


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_no_template_lets_anybody_past_an_approval_nor_keeps_one_through_every_change(name):
    raw = rules_from(name, {ask.name: ask.default for ask in TEMPLATES[name].asks})
    assert warned(*raw, above=[OPEN]) == {}
    assert all("samples" in rule.fields for rule in load_rules(raw) if isinstance(rule.effect, Approve))


def test_an_approval_that_rests_on_nothing_is_told():
    rules = [asks(rests_on=[]), asks(id="b"), asks(COMPANY, id="c", rests_on=[])]
    silent = {key: value for key, value in asks(id="d").items() if key != "rests_on"}
    reading = {key: value for key, value in asks(COMPANY, id="e").items() if key != "rests_on"}
    found = [place for place, _message in approvals_on_nothing(load_rules([*rules, silent, reading]))]
    assert found == ["rules.0.rests_on", "rules.2.rests_on", "rules.3.rests_on"]
