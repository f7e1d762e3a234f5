"""What a request waits for: whose approval by name, no more than its rule discloses, and deadlines that stand still."""

import pytest
from sqlalchemy.orm import Session

from infra_access.access_requests.request_queries import request_by_public_id
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    OPEN_TO_ALL,
    decide,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_actor

HOME = {
    **HOST_COUNTRY,
    "id": "outbound",
    "effect": {"type": "approve", "role": "access_administrator", "scope": "home_country"},
}


def test_each_is_named_with_its_country_or_facility(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY, HOME])
    make_actor(session, ("access_administrator", ("country", "KE")))
    request = make_submitted(session, world)
    waiting = request_by_public_id(session, request.public_id, actor=world.applicant).waiting
    assert {(one.role, one.scope, one.scope_name) for one in waiting} == {
        ("facility_manager", "facility", world.facility.name),
        ("access_administrator", "country", "Germany"),
        ("access_administrator", "country", "Kenya"),
    }


@pytest.mark.parametrize("disclosure", ["generic", "none"])
def test_of_a_rule_that_is_not_disclosed_the_team_reads_only_that_the_facility_checks(
    session: Session, disclosure: str
) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, {**HOST_COUNTRY, "disclosure": disclosure}])
    request = make_submitted(session, world)
    kept = [one for one in request.decision["approvals"] if one["rule"] == "withheld"]
    assert {(one["role"], one["scope"], tuple(one["rests_on"])) for one in kept} == (
        {("withheld", "facility", ())} if disclosure == "generic" else set()
    )
    (hidden,) = (one for one in told(session, request, world.applicant) if one.role != "facility_manager")
    assert (hidden.role, hidden.scope, hidden.scope_name) == ("withheld", "facility", world.facility.name)
    assert hidden.due is not None
    assert request.case in hidden.message["en"]
    (seen,) = (one for one in told(session, request, world.administrator) if one.scope == "country")
    assert (seen.role, seen.message) == ("access_administrator", HOST_COUNTRY["message"])


def test_a_paused_request_has_no_deadline_and_says_since_when(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    decide(session, world.manager, pending(session, request)["facility_manager"], "pause", reason="Wait.")
    waiting = told(session, request, world.applicant)
    assert {one.state for one in waiting} == {"paused", "pending"}
    assert {(one.due, one.held_since) for one in waiting} == {(None, request.state_since)}


def told(session, request, actor):
    """Return what somebody reads that a request waits for."""
    return request_by_public_id(session, request.public_id, actor=actor).waiting
