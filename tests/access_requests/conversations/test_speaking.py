"""Questions and answers: who asks, who reads, who answers."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.conversations.speaking import (
    ask,
    conversation_by_public_id,
    facility_conversations,
    own_conversations,
    reply,
)
from infra_access.core.errors import Forbidden, Invalid, NotFound
from infra_access.outbox.models import OutboxEvent
from tests.factories.access_requests import NOW, make_request, make_submitted, make_world
from tests.factories.people import make_actor


def test_anyone_asks_about_an_instrument_and_the_staff_answers(session: Session) -> None:
    world = make_world(session)
    visitor = make_actor(session)
    question = {"subject": "Wet samples?", "text": "Can they be measured?"}
    asked = ask(session, actor=visitor, now=NOW, instrument=world.instrument, **question)
    reply(session, actor=world.manager, now=NOW, conversation=asked, text="In a closed cell.")
    view = conversation_by_public_id(session, asked.public_id, actor=visitor)
    assert [(one.message.text, one.by_staff) for one in view.messages] == [
        ("Can they be measured?", False),
        ("In a closed cell.", True),
    ]
    for stranger in (make_actor(session), None):
        with pytest.raises(NotFound):
            conversation_by_public_id(session, asked.public_id, actor=stranger)
    with pytest.raises(Forbidden):
        reply(session, actor=make_actor(session), now=NOW, conversation=asked, text="Buy from us!")
    assert len(own_conversations(session, actor=visitor).items) == 1
    assert len(facility_conversations(session, actor=world.manager, facility=world.facility).items) == 1
    with pytest.raises(Forbidden):
        facility_conversations(session, actor=visitor, facility=world.facility)
    payloads = session.scalars(
        select(OutboxEvent.payload).where(OutboxEvent.kind == "conversation.message").order_by(OutboxEvent.id)
    ).all()
    assert payloads == [{"conversation": asked.public_id}] * 2


def test_a_request_is_talked_about_by_its_team_and_the_staff(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    words = {"subject": "Holder", "text": "Which holder?"}
    with pytest.raises(NotFound):
        ask(session, actor=make_actor(session), now=NOW, access_request=request, **words)
    asked = ask(session, actor=world.manager, now=NOW, access_request=request, **words)
    seen = conversation_by_public_id(session, asked.public_id, actor=world.applicant)
    assert seen.relations == {"team"}
    assert [one.conversation.id for one in own_conversations(session, actor=world.applicant).items] == [asked.id]


def test_the_staff_talks_among_itself(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    words = {"subject": "Risk", "text": "Is it safe?", "visibility": "staff"}
    with pytest.raises(Forbidden):
        ask(session, actor=world.applicant, now=NOW, access_request=request, **words)
    asked = ask(session, actor=world.manager, now=NOW, access_request=request, **words)
    with pytest.raises(NotFound):
        conversation_by_public_id(session, asked.public_id, actor=world.applicant)
    with pytest.raises(Forbidden):
        reply(session, actor=world.applicant, now=NOW, conversation=asked, text="Yes.")
    assert own_conversations(session, actor=world.applicant).items == ()


def test_an_answer_for_all_is_read_by_all(session: Session) -> None:
    world = make_world(session)
    words = {"subject": "Hours", "text": "When is it open?", "visibility": "all"}
    asked = ask(session, actor=make_actor(session), now=NOW, instrument=world.instrument, **words)
    assert conversation_by_public_id(session, asked.public_id, actor=None).relations == frozenset()


def test_it_is_about_one_thing_and_says_something(session: Session) -> None:
    world = make_world(session)
    with pytest.raises(Invalid):
        ask(session, actor=world.applicant, now=NOW, subject="A", text="B")
    both = {"instrument": world.instrument, "access_request": make_request(session, world)}
    with pytest.raises(Invalid):
        ask(session, actor=world.applicant, now=NOW, subject="A", text="B", **both)
    with pytest.raises(Invalid):
        ask(session, actor=world.applicant, now=NOW, instrument=world.instrument, subject="A", text=" ")


def test_a_sample_of_a_request_is_talked_about_and_known_again_while_it_is_the_same(session: Session) -> None:
    world = make_world(session)
    samples = [{"kind": "Steel"}, {"kind": "Plant material", "country": "KE"}]
    request = make_submitted(session, world, project={"samples": samples})
    words = {"subject": "Drying", "text": "How was it dried?"}
    about = {"now": NOW, "access_request": request, **words}
    with pytest.raises(NotFound):
        ask(session, actor=make_actor(session), sample=2, **about)
    for number in (0, 3):
        with pytest.raises(Invalid) as refused:
            ask(session, actor=world.manager, sample=number, **about)
        assert list(refused.value.fields) == ["sample"]
    asked = ask(session, actor=world.manager, sample=2, **about)
    seen = conversation_by_public_id(session, asked.public_id, actor=world.applicant)
    assert seen.sample is not None
    assert (seen.sample.number, seen.sample.kind, seen.relations) == (2, "Plant material", {"team"})
    request.project = {"samples": [samples[1] | {"documents": {"permit": "KE-7"}}]}
    moved = conversation_by_public_id(session, asked.public_id, actor=world.manager)
    assert moved.sample is not None
    assert moved.sample.number == 1
    request.project = {"samples": [samples[1] | {"country": "UG"}]}
    assert conversation_by_public_id(session, asked.public_id, actor=world.manager).sample is None
    with pytest.raises(NotFound):
        conversation_by_public_id(session, asked.public_id, actor=make_actor(session))


def test_what_is_not_about_an_instrument_alone_is_never_open_to_all(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    words = {"subject": "Holder", "text": "Which holder?", "visibility": "all"}
    with pytest.raises(Invalid) as refused:
        ask(session, actor=world.applicant, now=NOW, access_request=request, **words)
    assert list(refused.value.fields) == ["visibility"]
    with pytest.raises(Invalid):
        ask(session, actor=world.applicant, now=NOW, instrument=world.instrument, sample=1, **words)
