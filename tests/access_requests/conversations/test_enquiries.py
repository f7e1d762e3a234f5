"""An enquiry becomes a request: by whoever asked, once, and the conversation stays with it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.conversations.enquiries import enquiry_of, may_become_request
from infra_access.access_requests.conversations.speaking import (
    ask,
    conversation_by_public_id,
    conversations_of,
    conversations_on,
    facility_conversations,
    own_conversations,
    reply,
)
from infra_access.access_requests.models import AccessRequest, Conversation
from infra_access.access_requests.submitting import submit
from infra_access.audit.models import AuditEvent
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.errors import Invalid
from tests.factories.access_requests import NOW, World, make_request, make_route, make_world
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.people import make_account, make_actor

WORDS = {"subject": "Wet samples?", "text": "Can they be measured?"}


def _asked(session: Session, world: World, **overrides: object) -> Conversation:
    values = {"actor": world.applicant, "now": NOW, "instrument": world.instrument, **WORDS} | overrides
    return ask(session, **values)  # type: ignore[arg-type]


def test_a_conversation_stays_with_the_request_made_of_it_and_its_team_reads_it(session: Session) -> None:
    world = make_world(session)
    member = make_account(session)
    member.email_confirmed_at = NOW
    asked = _asked(session, world)
    reply(session, actor=world.manager, now=NOW, conversation=asked, text="In a closed cell.")
    given = enquiry_of(session, asked.public_id, actor=world.applicant)
    assert (given.title, given.summary) == ("Wet samples?", "Can they be measured?")
    person = {"name": member.name, "email": member.email, "role": "member", "country_of_work": "KE"}
    request = make_request(session, world, conversation=asked.public_id, participants=[person])
    assert (asked.access_request_id, asked.instrument_id) == (request.id, world.instrument.id)
    assert list(conversations_of(session, request, staff=False)) == [asked]
    seen = conversation_by_public_id(session, asked.public_id, actor=world.applicant)
    assert (seen.made, seen.relations) == (request, {"opener", "team"})
    assert [one.by_staff for one in seen.messages] == [False, True]
    teammate = make_actor(session, account=member)
    assert conversation_by_public_id(session, asked.public_id, actor=teammate).made is request
    assert [one.conversation for one in own_conversations(session, actor=teammate).items] == [asked]
    reply(session, actor=teammate, now=NOW, conversation=asked, text="They are small.")
    details = session.scalars(select(AuditEvent.details).where(AuditEvent.action == "access_request.created")).one()
    assert details["conversation"] == asked.public_id


def test_the_staff_reads_the_draft_made_of_a_conversation_only_when_it_is_sent(session: Session) -> None:
    world = make_world(session)
    asked = _asked(session, world, visibility="all")
    request = make_request(session, world, conversation=asked.public_id)
    assert conversation_by_public_id(session, asked.public_id, actor=world.manager).made is None
    submit(session, actor=world.applicant, now=NOW, access_request=request)
    assert conversation_by_public_id(session, asked.public_id, actor=world.manager).made is request
    assert len(facility_conversations(session, actor=world.manager, facility=world.facility).items) == 1
    for reader in (None, make_actor(session)):
        assert conversation_by_public_id(session, asked.public_id, actor=reader).made is None
    scopes = facility_scopes(session, world.facility)
    for actor, told in ((make_actor(session), None), (world.manager, request.public_id)):
        listed = conversations_on(session, actor=actor, scopes=scopes, instrument=world.instrument)
        assert [one.access_request for one in listed.items] == [told]


def test_only_who_asked_makes_one_request_of_it_at_that_facility(session: Session) -> None:
    world = make_world(session)
    asked = _asked(session, world)
    others = _asked(session, world, actor=make_actor(session))
    private = _asked(session, world, actor=world.manager, visibility="staff")
    for conversation, actor, code in (
        ("nothing", world.applicant, "conversation.unknown"),
        (others.public_id, world.applicant, "conversation.unknown"),
        (asked.public_id, world.manager, "conversation.unknown"),
        (private.public_id, world.manager, "conversation.staff"),
    ):
        with pytest.raises(Invalid) as refused:
            enquiry_of(session, conversation, actor=actor)
        assert (refused.value.code, list(refused.value.fields)) == (code, ["conversation"])
    elsewhere = make_facility(session)
    instrument = make_instrument(session, facility=elsewhere)
    route = make_route(session, facility=elsewhere, instruments=[instrument])
    with pytest.raises(Invalid, match="another facility"):
        make_request(
            session,
            world,
            conversation=asked.public_id,
            route=route.public_id,
            instruments=[instrument.public_id],
        )
    assert may_become_request(asked, world.applicant)
    assert not may_become_request(asked, world.manager)
    make_request(session, world, conversation=asked.public_id)
    assert not may_become_request(asked, world.applicant)
    with pytest.raises(Invalid) as again:
        make_request(session, world, conversation=asked.public_id)
    assert again.value.code == "conversation.has_request"
    assert len(session.scalars(select(AccessRequest)).all()) == 1
