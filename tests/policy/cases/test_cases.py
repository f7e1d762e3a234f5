"""What the table says that people are told is what they are told."""

import pytest

from infra_access.policy.vocabulary import VOCABULARY
from tests.policy.cases.places import PLACES
from tests.policy.cases.reading import TABLE, Case, cases, decided, told

CASES = cases(TABLE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_people_are_told_what_the_table_says(case: Case) -> None:
    assert told(decided(case)) == case.told


def test_the_table_covers_enough() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    countries = {word for case in CASES for word in case.given.get("who", "").split(", ") if len(word) == 2}
    assert len(countries) >= 12, sorted(countries)
    assert {case.given["ask"].split(",")[0] for case in CASES} == set(PLACES)
    outcomes = {case.told[0].removeprefix("-> ").split(";")[0] for case in CASES}
    assert outcomes == {"permit", "conditional", "needs_approval", "not_eligible", "deny"}
    majorities = [case for case in CASES if any("just enough" in one or "Needed is" in one for one in case.told)]
    assert len(majorities) >= 12


def test_what_a_case_states_beside_is_in_the_vocabulary() -> None:
    paths = {pair.partition("=")[0] for case in CASES for pair in case.given.get("also", "").split()}
    assert paths <= set(VOCABULARY)
