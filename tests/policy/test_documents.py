import copy
import json
from decimal import Decimal

import pytest

from infra_access.access_requests.appealed import APPEAL
from infra_access.core.errors import Invalid
from infra_access.core.i18n import plain
from infra_access.policy.conditions import AllOf, Compare, Op, Share
from infra_access.policy.disclosure import WITHHELD
from infra_access.policy.documents import load_policy, load_rules
from infra_access.policy.rule_json import dump_policy
from infra_access.policy.rules import Action, Asking, Limit, Mask, Prefer

WHOLE = {
    "id": "host-country",
    "version": 2,
    "scope": "country:FR",
    "applies_to": ["book", "request"],
    "effect": {"type": "approve", "role": "access_administrator", "scope": "country", "stage": 2},
    "message": {"en": "Teams from abroad need the country's approval.", "fr": "Accord du pays."},
    "when": {
        "all": [
            {
                "some": {
                    "over": "participants",
                    "when": {"op": "ne", "fact": "participants[].country_of_work", "other": "facility.country"},
                }
            },
            {"any": [{"op": "within", "fact": "request.quantity", "value": [1, "2.5"]}]},
            {"not": {"op": "exists", "fact": "project.funding"}},
            {"op": "member_of", "fact": "applicant.country_groups", "value": "ODA:2024"},
            {"share": {"over": "legs", "when": {"op": "eq", "fact": "legs[].crosses", "value": True}, "gt": "0.5"}},
            {"op": "before", "fact": "time.start", "value": "2027-01-01"},
        ]
    },
    "grounds": "security",
    "legal_ref": "Code, article 4",
    "disclosure": "generic",
    "overridable_by": "facility_manager",
    "expected_days": 5,
    "latest_days": 20,
    "valid_from": "2026-01-01",
    "valid_to": "2027-01-01",
    "rests_on": ["participants"],
}
SIMPLE = {"id": "open", "applies_to": ["book"], "effect": {"type": "permit"}, "message": {"en": "Open to all."}}


def places(*rules):
    with pytest.raises(Invalid) as refused:
        load_policy({"name": "p", "rules": list(rules)})
    assert refused.value.code == "policy.invalid"
    return {place: plain(messages[0]) for place, messages in refused.value.fields.items()}


def changed(**changes):
    return {**copy.deepcopy(SIMPLE), **changes}


@pytest.mark.parametrize("taken", [WITHHELD, APPEAL])
def test_an_id_that_stands_for_something_else_is_refused_and_what_is_stored_with_it_read(taken):
    found = places(SIMPLE, changed(id=taken))
    assert list(found) == ["rules.1.id"]
    assert f'"{taken}"' in found["rules.1.id"]
    assert [rule.id for rule in load_rules([changed(id=taken)])] == [taken]


def test_a_whole_rule_is_loaded_and_dumped_back_to_the_same():
    (rule,) = load_policy({"name": "p", "rules": [WHOLE]})
    assert rule.applies_to == (Action.BOOK, Action.REQUEST)
    assert isinstance(rule.when, AllOf)
    assert rule.when.parts[1].parts[0] == Compare(Op.WITHIN, "request.quantity", (1, Decimal("2.5")))
    assert isinstance(rule.when.parts[4], Share)
    assert rule.message.in_locale("fr-CA") == "Accord du pays."
    assert dump_policy("p", [rule]) == {"name": "p", "rules": [WHOLE]}


def test_a_short_rule_takes_the_scope_of_its_document():
    (rule,) = load_rules([SIMPLE], scope="facility:abc")
    assert rule.scope == "facility:abc"
    assert load_policy(dump_policy("p", [rule])) == (rule,)


def test_every_effect_survives_the_round_trip():
    effects = [
        {"type": "deny"},
        {"type": "limit", "amount": "1.5", "horizon": 30},
        {"type": "mask", "fields": ["title", "summary"]},
        {"type": "prefer", "weight": -3},
    ]
    rules = load_rules([changed(id=f"r{n}", effect=e, grounds="capacity") for n, e in enumerate(effects)])
    assert [rule.effect for rule in rules[1:]] == [
        Limit(Decimal("1.5"), 30),
        Mask(("summary", "title")),
        Prefer(-3),
    ]
    assert load_policy(dump_policy("p", rules)) == rules


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"colour": "red"}, "rules.0.colour"),
        ({"id": "Not An Id"}, "rules.0.id"),
        ({"id": None}, "rules.0.id"),
        ({"id": "a\x00"}, "rules.0.id"),
        ({"version": 1.0}, "rules.0.version"),
        ({"version": True}, "rules.0.version"),
        ({"version": 10**5000}, "rules.0.version"),
        ({"scope": "planet:mars"}, "rules.0.scope"),
        ({"applies_to": []}, "rules.0.applies_to"),
        ({"applies_to": ["book", "fly"]}, "rules.0.applies_to.1"),
        ({"effect": "permit"}, "rules.0.effect"),
        ({"effect": {"type": "bless"}}, "rules.0.effect.type"),
        ({"effect": {"type": "permit", "role": "x"}}, "rules.0.effect.role"),
        ({"effect": {"type": "limit"}, "grounds": "capacity"}, "rules.0.effect"),
        ({"effect": {"type": "limit", "amount": 1.5}, "grounds": "capacity"}, "rules.0.effect.amount"),
        ({"effect": {"type": "deny"}}, "rules.0.grounds"),
        ({"effect": {"type": "deny"}, "grounds": "none"}, "rules.0.grounds"),
        ({"message": {}}, "rules.0.message"),
        ({"message": {"english": "x"}}, "rules.0.message.english"),
        ({"message": {"en": ""}}, "rules.0.message.en"),
        ({"valid_from": "2026-02-30"}, "rules.0.valid_from"),
        ({"valid_from": "2026-W01-1"}, "rules.0.valid_from"),
        ({"valid_from": "2026-03-01", "valid_to": "2026-03-01"}, "rules.0.valid_to"),
        ({"expected_days": 9, "latest_days": 3}, "rules.0.latest_days"),
        ({"rests_on": ["phone"]}, "rules.0.rests_on.0"),
    ],
)
def test_it_names_the_place_of_a_fault_in_a_rule(changes, place):
    assert list(places(changed(**changes))) == [place]


ASKING = changed(
    effect={"type": "approve", "role": "safety_officer", "scope": "facility", "asks": ["nationality"]},
    grounds="legal",
    expected_days=1,
    latest_days=2,
)


@pytest.mark.parametrize("scope", ["organisation:x", "facility:x", "route:x", "instrument:x"])
def test_a_rule_of_a_site_may_ask_people_for_something(scope):
    (rule,) = load_rules([ASKING], scope=scope)
    assert rule.effect.asks == (Asking.NATIONALITY,)
    assert load_policy(json.loads(json.dumps(dump_policy("p", [rule])))) == (rule,)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, "rules.0.effect.asks"),
        ({"scope": "network"}, "rules.0.effect.asks"),
        ({"scope": "country:FR"}, "rules.0.effect.asks"),
        ({"scope": "tag:dual-use"}, "rules.0.effect.asks"),
        ({"scope": "facility:x", "disclosure": "generic"}, "rules.0.disclosure"),
        ({"scope": "facility:x", "effect": {**ASKING["effect"], "asks": ["religion"]}}, "rules.0.effect.asks.0"),
        ({"scope": "facility:x", "effect": {**ASKING["effect"], "asks": []}}, "rules.0.effect.asks"),
        ({"scope": "facility:x", "effect": {"type": "deny", "asks": ["nationality"]}}, "rules.0.effect.asks"),
    ],
)
def test_other_rules_may_not(changes, place):
    assert list(places({**ASKING, **changes})) == [place]


REVIEWED = {**ASKING, "effect": {"type": "approve", "role": "community_authority", "scope": "organisation"}}
REVIEWED |= {"effect": {**REVIEWED["effect"], "review": True}, "applies_to": ["request"]}


def test_a_rule_may_ask_for_a_date_of_review_with_a_yes_to_a_request():
    (rule,) = load_rules([REVIEWED])
    assert rule.effect.review is True
    assert load_policy(json.loads(json.dumps(dump_policy("p", [rule])))) == (rule,)
    assert list(places({**REVIEWED, "applies_to": ["request", "book"]})) == ["rules.0.applies_to"]
    assert list(places({**REVIEWED, "effect": {**REVIEWED["effect"], "review": "yes"}})) == ["rules.0.effect.review"]


def test_days_are_due_from_whoever_makes_people_wait():
    effect = {"type": "require", "kind": "training", "code": "laser-safety"}
    assert list(places(changed(effect=effect, grounds="safety"))) == ["rules.0.expected_days", "rules.0.latest_days"]


@pytest.mark.parametrize(
    ("when", "place"),
    [
        ([], "when"),
        ({}, "when"),
        ({"all": [], "any": []}, "when.all"),
        ({"none": []}, "when.none"),
        ({"any": []}, "when.any"),
        ({"all": {}}, "when.all"),
        ({"all": [{"op": "like", "fact": "applicant.country", "value": "K"}]}, "when.all.0.op"),
        ({"all": [{"op": [], "fact": "applicant.country", "value": "K"}]}, "when.all.0.op"),
        ({"op": "eq", "fact": "applicant.shoe_size", "value": 42}, "when.fact"),
        ({"op": "eq", "fact": "applicant.country", "value": "XX"}, "when.value"),
        ({"op": "in", "fact": "applicant.country", "value": ["KE", "Kenya"]}, "when.value.1"),
        ({"op": "in", "fact": "applicant.country", "value": "KE"}, "when.value"),
        ({"op": "eq", "fact": "applicant.country"}, "when.value"),
        ({"op": "eq", "fact": "applicant.country", "value": "KE", "else": 1}, "when.else"),
        ({"op": "exists", "fact": "applicant.country", "value": True}, "when.value"),
        ({"op": "gte", "fact": "applicant.country", "value": "KE"}, "when.op"),
        ({"op": "gte", "fact": "request.quantity", "value": 0.5}, "when.value"),
        ({"op": "gte", "fact": "request.quantity", "value": "1_000"}, "when.value"),
        ({"op": "gte", "fact": "request.quantity", "value": 10**30}, "when.value"),
        ({"op": "within", "fact": "request.quantity", "value": [3, 1]}, "when.value"),
        ({"op": "within", "fact": "time.start", "value": ["2026-05-02", "2026-05-01"]}, "when.value"),
        ({"op": "eq", "fact": "applicant.startup", "value": "yes"}, "when.value"),
        ({"op": "member_of", "fact": "applicant.country_groups", "value": "ODA"}, "when.value"),
        ({"op": "eq", "fact": "participants[].role", "value": "member"}, "when.fact"),
        ({"op": "eq", "fact": "applicant.country", "other": "applicant.sector"}, "when.other"),
        ({"some": {"over": "parrots", "when": {"all": []}}}, "when.some.over"),
        ({"some": {"over": "participants"}}, "when.some.when"),
        (
            {"some": {"over": "legs", "when": {"every": {"over": "legs", "when": {"all": []}}}}},
            "when.some.when.every.over",
        ),
        ({"share": {"over": "legs", "when": {"all": []}, "gt": 0.5}}, "when.share.gt"),
        ({"share": {"over": "legs", "when": {"all": []}, "gt": "1.5"}}, "when.share.gt"),
        ({"op": "contains", "fact": "instrument.tags", "value": "\ud800"}, "when.value"),
    ],
)
def test_it_names_the_place_of_a_fault_in_a_condition(when, place):
    assert list(places(SIMPLE, changed(id="other", when=when))) == [f"rules.1.{place}"]


def test_it_names_every_fault_at_once():
    bad = {"op": "eq", "fact": "applicant.country", "value": "XX"}
    found = places(changed(when={"all": [bad, {"all": []}, bad]}, id=""), "no rule", SIMPLE)
    assert list(found) == ["rules.0.id", "rules.0.when.all.0.value", "rules.0.when.all.2.value", "rules.1"]


def test_two_rules_may_not_share_an_id():
    assert list(places(SIMPLE, SIMPLE)) == ["rules.1.id"]


def nested(depth):
    when = {"op": "exists", "fact": "project.funding"}
    for _level in range(depth - 1):
        when = {"not": when}
    return when


def test_conditions_may_be_nested_twenty_deep_and_no_deeper():
    assert load_rules([changed(when=nested(20))])
    (message,) = places(changed(when=nested(21))).values()
    assert "20" in message


def test_a_document_may_hold_a_thousand_conditions_and_no_more():
    leaf = {"op": "exists", "fact": "project.funding"}
    assert load_rules([changed(when={"all": [leaf] * 998}), changed(id="b", when={"all": []})])
    (message,) = places(changed(when={"all": [leaf] * 1_000})).values()
    assert "1000" in message
    assert list(places(changed(when={"all": [leaf] * 999}), changed(id="b"))) == ["rules.1.when"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (None, ""),
        ([], ""),
        ({"rules": []}, "name"),
        ({"name": "p"}, "rules"),
        ({"name": "p", "rules": {}}, "rules"),
        ({"name": "p", "rules": [SIMPLE] * 1_001}, "rules"),
        ({"name": "p", "rules": [], "owner": "me"}, "owner"),
    ],
)
def test_a_document_is_an_object_of_name_and_rules(document, place):
    with pytest.raises(Invalid) as refused:
        load_policy(document)
    assert list(refused.value.fields) == [place]
