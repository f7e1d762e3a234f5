import pytest

from infra_access.core.errors import Invalid
from infra_access.policy.visitor import STATED_BY_VISITOR, parse_statement
from tests.factories.policy import NOW


def test_a_visitor_states_facts():
    text = "sector:company,size:small,startup:yes,country:KE,access_type:mail-in,regime:open"
    stated = parse_statement(text, now=NOW, groups_of=lambda country: frozenset({f"{country}:2024"}))
    assert {path: fact.value for path, fact in stated.values.items()} == {
        "applicant.sector": "company",
        "applicant.size": "small",
        "applicant.startup": True,
        "applicant.country": "KE",
        "applicant.country_groups": frozenset({"KE:2024"}),
        "request.access_type": "mail-in",
        "request.regime": "open",
    }
    assert {fact.source for fact in stated.values.values()} == {STATED_BY_VISITOR}


def test_a_visitor_may_say_nothing():
    assert parse_statement("", now=NOW).values == {}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("country:Kenya", ["as.country"]),
        ("country:ke", ["as.country"]),
        ("country:KE,country:JP", ["as.country"]),
        ("startup:maybe,sector:circus", ["as.startup", "as.sector"]),
        ("age:7", ["as"]),
        ("country", ["as"]),
        ("country:KE,", ["as"]),
        ("country:KE\x00", ["as.country"]),
        ("a" * 400, ["as"]),
    ],
)
def test_it_names_the_part_that_it_cannot_read(text, places):
    with pytest.raises(Invalid) as refused:
        parse_statement(text, now=NOW)
    assert list(refused.value.fields) == places
