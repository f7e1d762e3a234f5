"""Whatever makes a booking keeps the rules of its applicant, its escort and its way in."""

from datetime import timedelta

import pytest

from infra_access.access_requests.routes import create_route
from infra_access.catalogue.models import OrganisationFact
from infra_access.core.errors import Invalid
from infra_access.people.actors import load_actor
from infra_access.people.affiliations import affiliate
from infra_access.people.models import Account
from infra_access.scheduling.bookings import book
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.opening_hours import WeeklyHours
from infra_access.scheduling.plan import Wish
from tests.factories.catalogue import make_organisation
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, SYSTEM, make_booking, make_companion, make_place, set_rules, span, wishes


@pytest.fixture
def place(session):
    """Return an instrument that everybody may book."""
    make_policy(session)
    return make_place(session)


def codes(caught):
    return [one["code"] for one in caught.value.details["broken"]]


def test_a_horizon_is_the_applicants(session, place):
    set_rules(session, place.instrument, horizon_days=10, horizons=[{"sector": "company", "days": 60}])
    firm = make_organisation(session)
    session.add(
        OrganisationFact(
            organisation_id=firm.id,
            name="sector",
            value="company",
            source="register",
            asserted_by="us",
            asserted_at=MONDAY - timedelta(days=1),
        )
    )
    actor = make_actor(session)
    affiliate(session, actor=actor, now=MONDAY, account=session.get_one(Account, actor.account_id), organisation=firm)
    founder = load_actor(session, actor.account_id, now=MONDAY)
    make_booking(session, place, span(9, 10, day=60), actor=founder)
    with pytest.raises(Invalid) as caught:
        make_booking(session, place, span(9, 10, day=61), actor=founder)
    assert codes(caught) == ["horizon"]
    with pytest.raises(Invalid) as caught:
        make_booking(session, place, span(9, 10, day=11))
    assert codes(caught) == ["horizon"]


def test_off_hours_need_a_person_in_the_booking(session, place):
    set_hours(session, actor=SYSTEM, now=MONDAY, facility=place.facility, weekly=[WeeklyHours(1, 9 * 60, 17 * 60)])
    set_rules(session, place.instrument, off_hours="escort")
    with pytest.raises(Invalid) as caught:
        make_booking(session, place, span(20, 22))
    assert codes(caught) == ["escort"]
    escort = make_companion(session, place)
    make_booking(session, place, span(20, 22))
    part = [Wish(span(18, 20)), Wish(span(18, 19), escort.public_id)]
    with pytest.raises(Invalid) as caught:
        book(session, actor=make_actor(session), now=MONDAY, place=place, wishes=part)
    assert codes(caught) == ["escort"]
    whole = [Wish(span(18, 20)), Wish(span(18, 20), escort.public_id)]
    book(session, actor=make_actor(session), now=MONDAY, place=place, wishes=whole)


def test_a_direct_way_in_brings_its_own_rules(session, place):
    create_route(
        session,
        actor=SYSTEM,
        now=MONDAY,
        facility=place.facility,
        name="Walk in",
        access_mode="wide",
        entry="continuous",
        time_given="team_picks",
        operated_by="self",
        access_unit="hour",
        access_types=["physical"],
        regimes=["open"],
        instruments=[place.instrument],
        booking_rules={
            "max_minutes": 60,
            "quotas": [{"of": "person", "amount": 1, "measure": "bookings", "per": "day"}],
        },
    )
    ada = make_actor(session)
    book(session, actor=ada, now=MONDAY, place=place, wishes=wishes(span(9, 10)))
    with pytest.raises(Invalid) as caught:
        book(session, actor=ada, now=MONDAY, place=place, wishes=wishes(span(11, 13)))
    assert codes(caught) == ["max_length", "quota.person.day"]
