"""Talking about a service order: its owner, the team of its grant, and the staff; nobody else."""

import pytest

from infra_access.access_requests.conversations.enquiries import enquiry_of
from infra_access.access_requests.conversations.speaking import (
    conversation_by_public_id,
    conversations_about,
    conversations_of,
    facility_conversations,
    own_conversations,
    reply,
)
from infra_access.access_requests.conversations.unanswered import unanswered
from infra_access.access_requests.models import AccessRequest
from infra_access.core.errors import Forbidden, Invalid, NotFound
from infra_access.orders.talking import ask_about_order
from tests.factories.orders import NOW, make_ordered, make_queue, make_sample_grant
from tests.factories.people import make_actor

WORDS = {"subject": "Coating", "text": "Which side is coated?"}


@pytest.fixture
def world(session):
    return make_queue(session)


def test_the_staff_asks_about_the_samples_and_their_owner_answers(session, world):
    order = make_ordered(session, world)
    stranger = make_actor(session)
    for other in (stranger, make_actor(session, ("auditor", ("network", "")))):
        with pytest.raises(NotFound):
            ask_about_order(session, actor=other, now=NOW, order=order, **WORDS)
    talk = ask_about_order(session, actor=world.manager, now=NOW, order=order, **WORDS)
    assert unanswered(session, world.facility) == []
    reply(session, actor=world.applicant, now=NOW, conversation=talk, text="The upper one.")
    assert unanswered(session, world.facility) == [talk]
    view = conversation_by_public_id(session, talk.public_id, actor=world.applicant)
    assert [one.by_staff for one in view.messages] == [True, False]
    assert (view.relations, view.made, view.sample) == ({"team"}, None, None)
    assert [one.conversation for one in own_conversations(session, actor=world.applicant).items] == [talk]
    assert len(facility_conversations(session, actor=world.manager, facility=world.facility).items) == 1
    with pytest.raises(NotFound):
        conversation_by_public_id(session, talk.public_id, actor=stranger)
    with pytest.raises(Forbidden):
        reply(session, actor=stranger, now=NOW, conversation=talk, text="Hello.")


def test_the_team_of_the_grant_takes_part_and_no_request_is_made_of_it(session, world):
    allocation = make_sample_grant(session, world)
    order = make_ordered(session, world, allocation=allocation.public_id)
    talk = ask_about_order(session, actor=world.applicant, now=NOW, order=order, **WORDS)
    access_request = session.get_one(AccessRequest, allocation.access_request_id)
    assert list(conversations_of(session, access_request, staff=False)) == [talk]
    with pytest.raises(Invalid):
        enquiry_of(session, talk.public_id, actor=world.applicant)


def test_the_staff_talks_about_an_order_among_itself_and_nobody_in_public(session, world):
    order = make_ordered(session, world)
    private = {"now": NOW, "order": order, "visibility": "staff", **WORDS}
    with pytest.raises(Forbidden):
        ask_about_order(session, actor=world.applicant, **private)
    talk = ask_about_order(session, actor=world.manager, **private)
    for staff, found in ((True, [talk]), (False, [])):
        assert list(conversations_about(session, "service_order", order.public_id, staff=staff)) == found
    with pytest.raises(NotFound):
        conversation_by_public_id(session, talk.public_id, actor=world.applicant)
    with pytest.raises(Invalid) as refused:
        ask_about_order(session, actor=world.manager, **private | {"visibility": "all"})
    assert list(refused.value.fields) == ["visibility"]
