"""Talking about a booking: its owner, the team of its grant, and the staff; nobody else."""

import pytest

from infra_access.access_requests.conversations.enquiries import enquiry_of
from infra_access.access_requests.conversations.response_times import response_times
from infra_access.access_requests.conversations.speaking import (
    conversation_by_public_id,
    conversations_about,
    conversations_of,
    facility_conversations,
    own_conversations,
    reply,
)
from infra_access.access_requests.conversations.unanswered import unanswered
from infra_access.access_requests.models import AccessRequest, Participant
from infra_access.core.errors import Forbidden, Invalid, NotFound
from infra_access.scheduling.talking import ask_about_booking
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_allocation, make_booking, make_place, span

WORDS = {"subject": "Gases", "text": "Is there argon?"}


@pytest.fixture
def place(session):
    make_policy(session)
    return make_place(session)


@pytest.fixture
def manager(session, place):
    return make_actor(session, ("facility_manager", ("facility", place.facility.public_id)))


def test_the_staff_writes_to_the_owner_of_a_booking_who_answers(session, place, manager):
    owner, stranger = make_actor(session), make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=owner)
    for other in (stranger, make_actor(session, ("auditor", ("network", "")))):
        with pytest.raises(NotFound):
            ask_about_booking(session, actor=other, now=MONDAY, booking=booking, **WORDS)
    talk = ask_about_booking(session, actor=manager, now=MONDAY, booking=booking, **WORDS)
    assert unanswered(session, place.facility) == []
    reply(session, actor=owner, now=MONDAY, conversation=talk, text="I bring some.")
    assert unanswered(session, place.facility) == [talk]
    reply(session, actor=manager, now=span(1, 2).start, conversation=talk, text="Good.")
    assert response_times(session, place.facility, now=span(3, 4).start).answered == 1
    view = conversation_by_public_id(session, talk.public_id, actor=owner)
    assert [one.by_staff for one in view.messages] == [True, False, True]
    assert (view.relations, view.made) == ({"team"}, None)
    assert [one.conversation for one in own_conversations(session, actor=owner).items] == [talk]
    assert len(facility_conversations(session, actor=manager, facility=place.facility).items) == 1
    with pytest.raises(NotFound):
        conversation_by_public_id(session, talk.public_id, actor=stranger)
    with pytest.raises(Forbidden):
        reply(session, actor=stranger, now=MONDAY, conversation=talk, text="Hello.")


def test_the_team_of_the_grant_takes_part_and_no_request_is_made_of_it(session, place):
    owner, member = make_actor(session), make_actor(session)
    allocation = make_allocation(session, place, owner)
    session.add(
        Participant(
            access_request_id=allocation.access_request_id,
            account_id=member.account_id,
            email="member@example.org",
            name="Member",
            role="member",
            country_of_work="DE",
            presence="on-site",
        )
    )
    booking = make_booking(session, place, span(10, 12), actor=owner, allocation=allocation.public_id)
    talk = ask_about_booking(session, actor=member, now=MONDAY, booking=booking, **WORDS)
    assert conversation_by_public_id(session, talk.public_id, actor=owner).relations == {"team"}
    access_request = session.get_one(AccessRequest, allocation.access_request_id)
    assert list(conversations_of(session, access_request, staff=False)) == [talk]
    with pytest.raises(Invalid) as refused:
        enquiry_of(session, talk.public_id, actor=member)
    assert refused.value.code == "conversation.booking"


def test_the_staff_talks_about_a_booking_among_itself(session, place, manager):
    owner = make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=owner)
    private = {"now": MONDAY, "booking": booking, "visibility": "staff", **WORDS}
    with pytest.raises(Forbidden):
        ask_about_booking(session, actor=owner, **private)
    talk = ask_about_booking(session, actor=manager, **private)
    assert list(conversations_about(session, "booking", booking.public_id, staff=True)) == [talk]
    assert list(conversations_about(session, "booking", booking.public_id, staff=False)) == []
    assert own_conversations(session, actor=owner).items == ()
    with pytest.raises(NotFound):
        conversation_by_public_id(session, talk.public_id, actor=owner)
