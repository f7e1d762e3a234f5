"""Answering by the link: once, while it is open, by whoever has nothing to do with the request."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Approval, Participant
from infra_access.access_requests.opinions.asking import withdraw_opinion
from infra_access.access_requests.opinions.by_link import give_opinion, make_link, opinion_of_link
from infra_access.access_requests.opinions.models import OpinionLink, OutsideOpinion
from infra_access.audit.models import AuditEvent
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Gone, Invalid, NotFound
from infra_access.outbox.models import OutboxEvent
from infra_access.people.secrets_at_rest import secret_hash
from tests.factories.access_requests import NOW, World, decide, make_submitted, make_world, pending
from tests.factories.opinions import ANSWER, make_answer, make_opinion
from tests.statements import count_statements

LATER = NOW + timedelta(days=1)
WRONG = (
    ({"no_conflict": False}, "conflict"),
    ({"conflict": "And yet one."}, "conflict"),
    ({"recommendation": "maybe"}, "recommendation"),
    ({"recommendation": ""}, "recommendation"),
    ({"reasons": "\n"}, "reasons"),
    ({"reasons": "x" * 5_001}, "reasons"),
)


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


@pytest.fixture
def asked(session: Session, world: World) -> Approval:
    return pending(session, make_submitted(session, world))["facility_manager"]


@pytest.fixture
def opinion(session: Session, world: World, asked: Approval) -> OutsideOpinion:
    return make_opinion(session, world.manager, asked)


def test_the_answer_is_kept_and_those_who_decide_are_told(
    session: Session, asked: Approval, opinion: OutsideOpinion
) -> None:
    make_answer(session, opinion, no_conflict=False, conflict="We wrote a paper together.", recommendation="cannot_say")
    assert (opinion.recommendation, opinion.reasons, opinion.conflict, opinion.answered_at) == (
        "cannot_say",
        "It was done before.",
        "We wrote a paper together.",
        LATER,
    )
    event = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc())).first()
    assert event is not None
    assert (event.kind, event.payload) == ("opinion.answered", {"opinion": opinion.public_id})
    kept = session.scalars(select(AuditEvent).where(AuditEvent.action == "opinion.answered")).one()
    assert (kept.object_id, kept.details) == (asked.public_id, {"opinion": opinion.public_id})


def test_it_is_given_once_by_any_of_its_links_of_which_only_hashes_are_kept(
    session: Session, opinion: OutsideOpinion
) -> None:
    first, second = make_link(session, opinion), make_link(session, opinion)
    assert set(session.scalars(select(OpinionLink.token_hash))) == {secret_hash(first), secret_hash(second)}
    for wrong, field in WRONG:
        with pytest.raises(Invalid) as refused:
            make_answer(session, opinion, token=first, **wrong)
        assert list(refused.value.fields) == [field]
    assert opinion_of_link(session, second, now=LATER).state == "open"
    make_answer(session, opinion, token=first)
    with pytest.raises(Conflict) as again:
        make_answer(session, opinion, token=second, recommendation="against")
    assert again.value.code == "opinion.answered"
    assert opinion.recommendation == "in_favour"
    # Also long after.
    assert opinion_of_link(session, second, now=NOW + timedelta(days=90)).state == "answered"


def test_what_ended_says_how_and_whom_to_ask(
    session: Session, world: World, asked: Approval, opinion: OutsideOpinion
) -> None:
    world.facility.contact_email = "office@ring.example"
    token = make_link(session, opinion)
    late = NOW + timedelta(days=14)
    _refused(session, token, "opinion.expired", late)
    assert opinion_of_link(session, token, now=late - timedelta(seconds=1)).state == "open"
    decide(session, world.manager, asked)
    _refused(session, token, "opinion.decided", LATER)
    asked.state = "pending"
    with session.begin_nested() as tried:
        _join(session, asked, opinion)
        with pytest.raises(Gone) as refused:
            make_answer(session, opinion, token=token)
        assert refused.value.code == "opinion.near"
        tried.rollback()
    withdraw_opinion(session, actor=world.manager, now=LATER, approval=asked, opinion=opinion)
    _refused(session, token, "opinion.withdrawn", LATER)


def _join(session: Session, asked: Approval, opinion: OutsideOpinion) -> None:
    """Let the expert come onto the team."""
    member = {"name": "Ada", "role": "member", "country_of_work": "NG", "presence": "none"}
    session.add(Participant(access_request_id=asked.subject_id, email=opinion.email, **member))
    session.flush()


def _refused(session: Session, token: str, code: str, now) -> None:
    for call in (opinion_of_link, give_opinion):
        with pytest.raises(Gone) as refused:
            call(session, now=now, token=token, **(ANSWER if call is give_opinion else {}))
        assert refused.value.code == code
        assert "office@ring.example" in refused.value.message.interpolate()


def test_a_wrong_token_costs_one_read(database: Database) -> None:
    for token in ("", "A" * 43, "ä\x00" * 3_000):
        with database.reader() as session, count_statements(database) as sent:
            with pytest.raises(NotFound):
                opinion_of_link(session, token, now=NOW)
            assert sent.count == 1
