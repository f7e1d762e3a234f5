"""Which groups of questions rules ask for, by what is known already."""

import pytest

from infra_access.access_requests.questions import GROUP_OF, Group, joined, questions, stated_in
from infra_access.policy.conditions import AllOf, AnyOf, Compare, Every, Not, Op, Some
from infra_access.policy.kinds import Kind
from infra_access.policy.rules import ApprovalScope, Approve, Limit, Mask, Prefer, Require, RequirementKind
from infra_access.policy.vocabulary import VOCABULARY
from tests.factories.policy import NOW, deny, facts, permit, rule

ON_SITE = {"country_of_work": "DE", "presence": "on-site", "role": "principal"}
BONES = Some("samples", Compare(Op.EQ, "samples[].kind", "bone"))
CROSSING = Some("legs", Compare(Op.EQ, "legs[].crosses", True))


def asked(*rules, known=None):
    return {one.fact: [each.id for each in one.rules] for one in questions(rules, known or facts(), as_of=NOW)}


def literal(path):
    definition = VOCABULARY[path]
    if definition.kind is Kind.BOOLEAN:
        return Compare(Op.EQ, path, True)
    if definition.kind is Kind.COUNTRY:
        return Compare(Op.EQ, path, "KE")
    return Compare(Op.CONTAINS if definition.kind.is_set else Op.EQ, path, "x")


@pytest.mark.parametrize("path", sorted(GROUP_OF.keys() - {"samples"}))
def test_a_fact_is_asked_where_a_rule_reads_it_and_only_there(path):
    assert asked(deny(when=literal(path))) == {path: ["deny"]}
    assert asked(deny(when=Compare(Op.EQ, "request.regime", "open"))) == {}


def test_each_fact_of_the_project_is_asked_somewhere():
    stated = {path for path, one in VOCABULARY.items() if one.field == "project"}
    assert stated <= GROUP_OF.keys()


def test_samples_are_asked_as_a_whole_whatever_was_listed():
    assert asked(deny(when=BONES)) == {"samples": ["deny"]}
    assert asked(deny(when=BONES), known=facts(samples=[])) == {"samples": ["deny"]}
    assert asked(deny(when=BONES), known=facts(samples=[{"kind": "bone"}])) == {"samples": ["deny"]}


def test_what_is_known_already_decides_whether_a_condition_still_asks():
    rules = [deny(when=AllOf((Compare(Op.EQ, "request.regime", "proprietary"), BONES)))]
    assert asked(*rules, known=facts({"request.regime": "open"})) == {}
    assert asked(*rules, known=facts({"request.regime": "proprietary"})) == {"samples": ["deny"]}
    assert asked(*rules) == {"samples": ["deny"]}
    either = [deny(when=AnyOf((Compare(Op.EQ, "request.regime", "proprietary"), BONES)))]
    assert asked(*either, known=facts({"request.regime": "proprietary"})) == {}


def test_an_answer_of_one_group_hides_no_question_of_another():
    both = deny(when=AllOf((Compare(Op.EQ, "project.dual_use", True), BONES)))
    assert asked(both, known=facts({"project.dual_use": False})) == {"project.dual_use": ["deny"], "samples": ["deny"]}


def test_a_permit_asks_nothing_once_another_holds():
    teaching = permit("teaching", Compare(Op.EQ, "request.purpose", "teaching"))
    assert asked(teaching) == {"request.purpose": ["teaching"]}
    assert asked(teaching, permit("all")) == {}


def test_a_preference_asks_nothing_and_every_other_effect_does():
    effects = [Limit(amount=1), Mask(("contact",)), Approve("manager", ApprovalScope.FACILITY)]
    for effect in effects:
        assert asked(rule("it", effect, BONES)) == {"samples": ["it"]}
    assert asked(rule("it", Prefer(5), BONES)) == {}


def test_a_requirement_that_is_met_asks_nothing_unless_the_request_itself_meets_it():
    known = facts({"satisfied": frozenset({"training:laser", "document:permit"})})
    assert asked(rule("it", Require(RequirementKind.TRAINING, "laser"), BONES), known=known) == {}
    named = rule("it", Require(RequirementKind.TRAINING, "laser", issuers=("PSI",)), BONES)
    assert asked(named, known=known) == {"samples": ["it"]}  # by nobody whom the rule trusts
    by_psi = facts({"satisfied": frozenset({"training:laser by psi"})})
    assert asked(named, known=by_psi) == {}
    assert asked(rule("it", Require(RequirementKind.DOCUMENT, "permit"), BONES), known=known) == {"samples": ["it"]}


def test_what_may_still_cross_a_border_is_asked_until_something_crosses_anyway():
    at_home = {"kind": "participant", "from": "DE", "to": "DE", "crosses": False}
    abroad = {"kind": "participant", "from": "KE", "to": "DE", "crosses": True}
    answered = {"kind": "sample", "from": "KE", "to": "DE", "crosses": True}
    crossing = {"samples": ["it"], "project.funder_country": ["it"]}
    it = rule("it", Approve("administrator", ApprovalScope.COUNTRY), CROSSING)
    for legs in ([], [at_home], [at_home, answered]):
        assert asked(it, known=facts(legs=legs)) == crossing
    assert asked(it, known=facts(legs=[at_home, abroad])) == {}


def test_a_condition_on_one_kind_of_leg_asks_for_that_kind():
    def only(kind):
        return AllOf((Compare(Op.EQ, "legs[].kind", kind), Compare(Op.EQ, "legs[].crosses", True)))

    known = facts(legs=[])
    assert asked(deny(when=Some("legs", only("sample"))), known=known) == {"samples": ["deny"]}
    assert asked(deny(when=Some("legs", only("funder"))), known=known) == {"project.funder_country": ["deny"]}
    assert asked(deny(when=Some("legs", only("data"))), known=known) == {}
    assert asked(deny(when=Not(Every("legs", Not(only("sample"))))), known=known) == {"samples": ["deny"]}


def test_what_everybody_is_asked_is_no_question_here():
    abroad = Some("participants", Compare(Op.NE, "participants[].country_of_work", other="facility.country"))
    assert asked(deny(when=abroad)) == asked(deny(when=abroad), known=facts(participants=[ON_SITE])) == {}


def test_rules_on_several_instruments_are_named_once_each():
    found = [*questions([deny("a", BONES)], facts(), as_of=NOW), *questions([deny("b", BONES)], facts(), as_of=NOW)]
    (one,) = joined([*found, *found])
    assert ([each.id for each in one.rules], one.group) == (["a", "b"], Group.SAMPLES)


@pytest.mark.parametrize(
    ("kind", "code", "group"),
    [
        ("document", "end-use-declaration", Group.END_USE),
        ("document", "ethics-vote", Group.STATEMENTS),
        ("assurance", "peaceful", Group.STATEMENTS),
        ("funding", "purchase-order", Group.FUNDING),
        ("training", "laser", None),
        ("fact", "project.field", None),
    ],
)
def test_what_a_request_meets_itself_has_its_group(kind, code, group):
    assert stated_in(kind, code) is group
