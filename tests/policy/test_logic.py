from datetime import date
from decimal import Decimal

import pytest

from infra_access.policy.conditions import ALWAYS, AllOf, AnyOf, Compare, Every, Not, Op, Share, Some, reads, rests_on
from infra_access.policy.logic import Verdict, View, all_of, any_of, judge, negated, shortfalls
from tests.factories.policy import NOW, facts

T, F, U = Verdict(True), Verdict(False), Verdict(None, frozenset({"x"}))
ABROAD = Compare(Op.NE, "participants[].country_of_work", other="facility.country")


def truth(condition, known):
    return judge(condition, View(known, NOW)).truth


@pytest.mark.parametrize(
    ("left", "right", "conjunction", "disjunction"),
    [
        (T, T, True, True),
        (T, F, False, True),
        (T, U, None, True),
        (F, T, False, True),
        (F, F, False, False),
        (F, U, False, None),
        (U, T, None, True),
        (U, F, False, None),
        (U, U, None, None),
    ],
)
def test_all_and_any_follow_kleene(left, right, conjunction, disjunction):
    assert all_of([left, right]).truth is conjunction
    assert any_of([left, right]).truth is disjunction


def test_not_follows_kleene():
    assert [negated(v).truth for v in (T, F, U)] == [False, True, None]


def test_all_of_nothing_is_true_and_any_of_nothing_is_false():
    assert truth(ALWAYS, facts()) is True
    assert truth(AnyOf(()), facts()) is False


@pytest.mark.parametrize(
    ("op", "path", "held", "value", "expected"),
    [
        (Op.EQ, "applicant.country", "KE", "KE", True),
        (Op.NE, "applicant.country", "KE", "KE", False),
        (Op.IN, "applicant.country", "KE", ("JP", "KE"), True),
        (Op.NOT_IN, "applicant.country", "KE", ("JP", "KE"), False),
        (Op.OVERLAPS, "instrument.tags", frozenset({"a", "b"}), ("b", "c"), True),
        (Op.OVERLAPS, "instrument.tags", frozenset({"a"}), ("b", "c"), False),
        (Op.CONTAINS, "instrument.tags", frozenset({"a"}), "a", True),
        (Op.MEMBER_OF, "applicant.country_groups", frozenset({"ODA:2024"}), "ODA:2024", True),
        (Op.MEMBER_OF, "applicant.country_groups", frozenset({"ODA:2024"}), "ODA:2023", False),
        (Op.GTE, "request.quantity", Decimal("1.5"), Decimal("1.5"), True),
        (Op.LTE, "request.quantity", 2, Decimal("1.5"), False),
        (Op.WITHIN, "request.quantity", 3, (1, 3), True),
        (Op.WITHIN, "time.start", date(2026, 5, 1), (date(2026, 5, 1), date(2026, 6, 1)), True),
        (Op.WITHIN, "time.start", date(2026, 6, 1), (date(2026, 5, 1), date(2026, 6, 1)), False),
        (Op.BEFORE, "time.start", date(2026, 5, 1), date(2026, 5, 1), False),
        (Op.AFTER, "time.start", date(2026, 5, 2), date(2026, 5, 1), True),
    ],
)
def test_it_compares(op, path, held, value, expected):
    condition = Compare(op, path, value)
    assert truth(condition, facts({path: held})) is expected
    assert judge(condition, View(facts(), NOW)) == Verdict(None, frozenset({path}))
    assert truth(condition, facts({path: None})) is (op in (Op.NE, Op.NOT_IN))


def test_what_exists_is_true_false_or_unknown():
    condition = Compare(Op.EXISTS, "project.funding")
    assert truth(condition, facts({"project.funding": "grant"})) is True
    assert truth(condition, facts({"project.funding": None})) is False
    assert truth(condition, facts()) is None


def test_only_what_would_decide_is_named_as_unknown():
    closed = Compare(Op.EQ, "request.regime", "open")
    startup = Compare(Op.EQ, "applicant.startup", True)
    known = facts({"request.regime": "proprietary"})
    assert judge(AllOf((closed, startup)), View(known, NOW)) == Verdict(False)
    assert judge(AnyOf((closed, startup)), View(known, NOW)).unknown == {"applicant.startup"}


def test_a_quantifier_names_the_member_of_whom_it_does_not_know():
    known = facts({"facility.country": "FR"}, participants=[{"country_of_work": "FR"}, {"role": "member"}])
    verdict = judge(Some("participants", ABROAD), View(known, NOW))
    assert verdict == Verdict(None, frozenset({"participants[1].country_of_work"}))


@pytest.mark.parametrize(
    ("countries", "some", "every", "most"),
    [
        ([], False, True, False),
        (["KE"], True, True, True),
        (["FR", "KE"], True, False, False),
        (["KE", "KE", "FR"], True, False, True),
        (["FR", None], None, False, False),
        (["KE", None], True, None, None),
        (["KE", "JP", None], True, None, True),
    ],
)
def test_quantifiers_count_members(countries, some, every, most):
    members = [{} if country is None else {"country_of_work": country} for country in countries]
    known = facts({"facility.country": "FR"}, participants=members)
    assert truth(Some("participants", ABROAD), known) is some
    assert truth(Every("participants", ABROAD), known) is every
    assert truth(Share("participants", ABROAD, Decimal("0.5")), known) is most


def test_an_unknown_collection_is_asked_for_as_a_whole():
    for condition in (Some("legs", ALWAYS), Every("legs", ALWAYS), Share("legs", ALWAYS, Decimal(0))):
        assert judge(condition, View(facts(), NOW)) == Verdict(None, frozenset({"legs"}))


def test_it_tells_what_a_condition_reads_and_rests_on():
    condition = AllOf((Some("participants", ABROAD), Not(Compare(Op.EQ, "request.regime", "open"))))
    assert reads(condition) == {
        "participants",
        "participants[].country_of_work",
        "facility.country",
        "request.regime",
    }
    assert rests_on(condition) == ("instruments", "participants", "regime")


def test_the_shortest_way_to_a_match_is_named():
    company, small = Compare(Op.EQ, "applicant.sector", "company"), Compare(Op.EQ, "applicant.size", "small")
    academic = Compare(Op.EQ, "applicant.sector", "academic")
    view = View(facts({"applicant.sector": "public", "applicant.size": "large"}), NOW)
    found = shortfalls(AnyOf((AllOf((company, small)), academic)), view)
    assert [(s.condition, s.wanted) for s in found] == [(academic, True)]


def test_a_negation_asks_for_the_opposite():
    company = Compare(Op.EQ, "applicant.sector", "company")
    view = View(facts({"applicant.sector": "company"}), NOW)
    assert [(s.condition, s.wanted) for s in shortfalls(Not(company), view)] == [(company, False)]


def test_an_unknown_collection_hides_no_other_question():
    inner = AllOf((ABROAD, Compare(Op.EQ, "applicant.startup", True)))
    verdict = judge(Some("participants", inner), View(facts({"facility.country": "FR"}), NOW))
    assert verdict.unknown == {"participants", "applicant.startup"}
