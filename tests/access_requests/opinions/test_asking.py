"""Asking somebody outside: who may, whom, for how long, how many, and what the team learns of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.models import ConflictOfInterest
from infra_access.access_requests.drafting import amend
from infra_access.access_requests.models import Approval
from infra_access.access_requests.opinions.asking import MOST_OPEN, withdraw_opinion
from infra_access.access_requests.opinions.models import OutsideOpinion
from infra_access.access_requests.opinions.queries import opinions_of
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.outbox.models import OutboxEvent
from infra_access.people.models import Account
from tests.factories.access_requests import NOW, World, decide, make_submitted, make_world, pending
from tests.factories.opinions import QUESTION, make_answer, make_opinion
from tests.factories.people import make_account, make_actor

MEMBER = {"email": "li@nyota.example", "name": "Li", "role": "member", "country_of_work": "KE"}


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


@pytest.fixture
def asked(session: Session, world: World) -> Approval:
    """Return what the manager of the facility is asked."""
    return pending(session, make_submitted(session, world, participants=[MEMBER]))["facility_manager"]


def _states(session: Session, approval: Approval, now=NOW) -> list[str]:
    return [one.state for one in opinions_of(session, approval, now=now)]


def test_the_question_goes_out_and_the_record_says_nothing_of_whom(
    session: Session, world: World, asked: Approval
) -> None:
    opinion = make_opinion(session, world.manager, asked, summary="Steel in salt water.")
    assert (opinion.email, opinion.expires_at) == ("ada@elsewhere.example", NOW + timedelta(days=14))
    event = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc())).first()
    assert event is not None
    assert (event.kind, event.payload) == ("opinion.asked", {"opinion": opinion.public_id})
    kept = session.scalars(select(AuditEvent).where(AuditEvent.action == "opinion.asked")).one()
    assert (kept.object_id, kept.actor_id) == (asked.public_id, world.manager.account_id)
    assert not any(said in str(kept.details) for said in (*QUESTION.values(), "Steel"))


def test_who_may_not_ask_or_be_asked_and_what_does_not_fit(session: Session, world: World, asked: Approval) -> None:
    for actor in (world.applicant, world.administrator, make_actor(session)):
        with pytest.raises(Forbidden):
            make_opinion(session, actor, asked)
    colleague = make_account(session)
    session.add(
        ConflictOfInterest(access_request_id=asked.subject_id, account_id=colleague.id, reason="-", declared_at=NOW)
    )
    session.flush()
    own = session.get_one(Account, world.applicant.account_id).email
    near = [("email", email) for email in (own, own.upper(), MEMBER["email"], colleague.email)]
    wrong = {"days": (0, 61), "email": ("ada",), "name": (" ",), "question": ("",), "summary": ("x" * 5_001,)}
    for field, value in [*near, *((field, value) for field, values in wrong.items() for value in values)]:
        with pytest.raises(Invalid) as refused:
            make_opinion(session, world.manager, asked, **{field: value})
        assert list(refused.value.fields) == [field]
        assert (refused.value.code == "opinion.near") is ((field, value) in near)
    assert session.scalars(select(OutsideOpinion)).all() == []


def test_five_are_asked_at_once_each_once_and_may_be_withdrawn(session: Session, world: World, asked: Approval) -> None:
    emails = [f"expert{number}@elsewhere.example" for number in range(MOST_OPEN)]
    first, second, *_others = [make_opinion(session, world.manager, asked, email=email) for email in emails]
    for email, code in ((emails[0], "opinion.asked_already"), ("sixth@elsewhere.example", "opinion.too_many")):
        with pytest.raises(Conflict) as refused:
            make_opinion(session, world.manager, asked, email=email)
        assert refused.value.code == code
    make_answer(session, first)
    make_opinion(session, world.manager, asked, email="sixth@elsewhere.example")
    given = {"now": NOW + timedelta(hours=1), "approval": asked, "opinion": second}
    with pytest.raises(Forbidden):
        withdraw_opinion(session, actor=world.applicant, **given)
    withdraw_opinion(session, actor=world.manager, **given)
    with pytest.raises(Conflict):
        withdraw_opinion(session, actor=world.manager, **given)
    make_opinion(session, world.manager, asked, email=emails[1])
    assert _states(session, asked) == ["answered", "withdrawn", *["open"] * 5]
    # Those who did not answer in time make room too.
    make_opinion(session, world.manager, asked, email=emails[1], now=NOW + timedelta(days=14))


def test_deciding_waits_for_no_opinion_and_closes_what_is_open(session: Session, world: World, asked: Approval) -> None:
    answered, _open = (make_opinion(session, world.manager, asked, email=f"{n}@elsewhere.example") for n in "ab")
    make_answer(session, answered)
    assert asked.state == "pending"
    decide(session, world.manager, asked)
    assert asked.state == "approved"
    assert _states(session, asked) == ["answered", "decided"]
    with pytest.raises(Conflict) as refused:
        make_opinion(session, world.manager, asked, email="c@elsewhere.example")
    assert refused.value.code == "approval.decided"


def test_the_team_learns_that_somebody_was_asked_and_when_and_no_more(
    session: Session, world: World, asked: Approval
) -> None:
    opinion = make_opinion(session, world.manager, asked)
    make_opinion(session, world.manager, asked, email="b@elsewhere.example", now=NOW + timedelta(hours=1))
    make_answer(session, opinion)
    view = request_by_public_id(session, asked.subject_public_id, actor=world.applicant)
    (waiting,) = (one for one in view.waiting if one.role == "facility_manager")
    (known,) = waiting.opinions
    assert (known.since, known.until) == (NOW + timedelta(hours=1), NOW + timedelta(days=14, hours=1))
    assert all(one.opinions == () for one in view.waiting if one.role != "facility_manager")
    # A change that voids the approval closes them.
    amend(session, actor=world.applicant, now=NOW, access_request=view.access_request, changes={"quantity": "3"})
    assert (asked.state, _states(session, asked)) == ("void", ["answered", "decided"])
