from datetime import datetime, timedelta

import pytest

from infra_access.policy.facts import Fact, Facts, Gap
from tests.factories.policy import NOW, fact, facts


def test_a_fact_is_known_absent_or_unknown():
    known = facts({"applicant.country": "KE", "project.funding": None})
    assert known.value("applicant.country", NOW) == "KE"
    assert known.value("project.funding", NOW) is Gap.ABSENT
    assert known.value("applicant.sector", NOW) is Gap.UNKNOWN


def test_a_fact_holds_until_just_before_it_expires():
    known = Facts.of({"applicant.startup": fact(True, expires_at=NOW)})
    assert known.value("applicant.startup", NOW - timedelta(microseconds=1)) is True
    assert known.value("applicant.startup", NOW) is Gap.UNKNOWN


def test_a_collection_is_unknown_or_known_to_be_empty():
    assert facts().members("participants") is None
    assert facts(participants=[]).members("participants") == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("applicant.shoe_size", 42),
        ("applicant.country", "Kenya"),
        ("applicant.country", "ZZ"),
        ("applicant.sector", "circus"),
        ("applicant.startup", 1),
        ("request.quantity", 1.5),
        ("request.quantity", True),
        ("time.start", NOW),
        ("instrument.tags", ["laser"]),
        ("applicant.country_groups", frozenset({"ODA"})),
        ("participants[].role", "member"),
    ],
)
def test_it_refuses_what_the_vocabulary_does_not_know(path, value):
    with pytest.raises(ValueError, match=r"fact|may have"):
        facts({path: value})


def test_it_refuses_unknown_collections_and_wrong_members():
    with pytest.raises(ValueError, match="no collection"):
        facts(parrots=[])
    with pytest.raises(ValueError, match="no country"):
        facts(participants=[{"country_of_work": "Kenya"}])


def test_it_refuses_naive_instants():
    with pytest.raises(ValueError, match="aware"):
        Fact("KE", "profile", "ada", datetime(2026, 1, 1))  # noqa: DTZ001 - the fault under test


def test_facts_cannot_be_changed_and_joining_makes_new_ones():
    known = facts({"applicant.country": "KE"})
    with pytest.raises(TypeError):
        known.values["applicant.country"] = fact("JP")
    joined = known.joined(facts({"applicant.country": "JP"}, legs=[]))
    assert joined.value("applicant.country", NOW) == "JP"
    assert joined.members("legs") == ()
    assert known.value("applicant.country", NOW) == "KE"
