"""Days on which a team cannot come, or would rather come."""

import pytest

from infra_access.access_requests.approvals.verdicts import approvals_of
from infra_access.access_requests.date_preferences import dates_of, set_dates
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from tests.factories.access_requests import NOW, make_submitted, make_world
from tests.factories.drafts import days
from tests.factories.people import make_actor


@pytest.fixture
def world(session):
    return make_world(session, time_given="facility_schedules")


def given(session, world, access_request, *dates, **more):
    values = {"actor": world.applicant, "now": NOW}
    return set_dates(session, access_request=access_request, dates=list(dates), **values | more)


def test_they_can_change_after_submission_and_void_no_approval(session, world):
    access_request = make_submitted(session, world)
    before = [(one.public_id, one.state) for one in approvals_of(session, "access_request", access_request.id)]
    seen = access_request.version
    given(session, world, access_request, days("preferred", 9), days("impossible", 5, 7, "Teaching"))
    found = dates_of(session, [access_request.id])[access_request.id]
    assert [(one.kind, one.reason) for one in found] == [("impossible", "Teaching"), ("preferred", "")]
    assert [(one.public_id, one.state) for one in approvals_of(session, "access_request", access_request.id)] == before
    with pytest.raises(PreconditionFailed):
        given(session, world, access_request, expected_version=seen)
    given(session, world, access_request)
    assert dates_of(session, [access_request.id]) == {access_request.id: []}


@pytest.mark.parametrize(
    ("dates", "field"),
    [
        ([days("never", 1)], "dates.0.kind"),
        ([days("impossible", 1), days("impossible", 3, 2)], "dates.1.last_day"),
        ([days("impossible", 1, 3), days("preferred", 3)], "dates"),
        ([days("impossible", 1, reason="x" * 201)], "dates.0.reason"),
        ([days("impossible", n) for n in range(101)], "dates"),
    ],
)
def test_what_is_not_right_is_named(session, world, dates, field):
    with pytest.raises(Invalid) as caught:
        given(session, world, make_submitted(session, world), *dates)
    assert caught.value.fields[field]


def test_only_the_requester_states_them_and_only_where_the_facility_schedules(session, world):
    access_request = make_submitted(session, world)
    for other in (make_actor(session), world.manager):
        with pytest.raises(Forbidden):
            given(session, world, access_request, actor=other)


def test_where_the_team_picks_none_are_asked_for(session):
    world = make_world(session)
    with pytest.raises(Conflict) as caught:
        given(session, world, make_submitted(session, world), days("impossible", 1))
    assert caught.value.code == "dates.not_asked"
