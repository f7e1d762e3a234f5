"""What the table says that people are told is what they are told, on facts made by hand and on what is stored."""

import pytest
from sqlalchemy.orm import Session

from infra_access.policy.vocabulary import VOCABULARY
from tests.policy.cases import by_hand, stored
from tests.policy.cases.places import PLACES
from tests.policy.cases.reading import TABLE, Case, cases

CASES = cases(TABLE.read_text(encoding="utf-8"))
NEVER_STORED = {
    "Nobody knows how much of the programme is used": "where a rule asks, what was granted and is asked for is counted",
}
"""Cases that are about requests and do not come up so, with the reason."""
SENT = [case for case in CASES if stored.can_be_sent(case) and case.name not in NEVER_STORED]


def _is_of_majority(case: Case) -> bool:
    return any("just enough" in one or "Needed is" in one for one in case.told)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_people_are_told_what_the_table_says(case: Case) -> None:
    assert by_hand.told(case) == case.told


def test_people_who_send_their_request_are_told_the_same(session: Session) -> None:
    world = stored.make_world(session)
    told = {}
    for case in SENT:
        with session.begin_nested() as alone:
            told[case.name] = stored.told(session, world, case)
            alone.rollback()
    assert told == {case.name: case.told for case in SENT}


def test_the_table_covers_enough() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({case.who["country"] for case in CASES if "country" in case.who}) >= 12
    assert {case.asked[0] for case in CASES} == {case.asked[0] for case in SENT} == set(PLACES)
    outcomes = {"permit", "conditional", "needs_approval", "not_eligible", "deny"}
    for some in (CASES, SENT):
        assert {case.told[0].removeprefix("-> ").split(";")[0] for case in some} == outcomes
        assert sum(_is_of_majority(case) for case in some) >= 12


def test_most_requests_of_the_table_are_sent() -> None:
    assert NEVER_STORED.keys() <= {case.name for case in CASES if stored.can_be_sent(case)}
    assert len(SENT) >= 40


def test_what_a_case_states_beside_is_in_the_vocabulary() -> None:
    assert {path for case in CASES for path in case.beside} <= set(VOCABULARY)
