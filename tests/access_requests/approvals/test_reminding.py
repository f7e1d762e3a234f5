"""Whoever decides is reminded once before the deadline, others are told once after it, and a pause puts both off."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from infra_access.access_requests import deciding
from infra_access.access_requests.approvals.reminding import remind
from infra_access.access_requests.models import Approval
from infra_access.audit.models import AuditEvent
from infra_access.notifications.compose import Letterhead, compose
from infra_access.notifications.kinds import Kind
from infra_access.outbox.events import Claimed
from infra_access.outbox.models import OutboxEvent
from infra_access.people.models import Account
from tests.factories.access_requests import NOW, decide, make_network_administrator, make_submitted, make_world

DAY = timedelta(days=1)


@pytest.fixture
def world(database):
    """Return a world with one request that waits for two approvals; the facility's is due first."""
    with database.writer() as session:
        made = make_world(session)
        make_network_administrator(session)
        make_submitted(session, made)
        return made


def of(session, role="facility_manager"):
    """Return the approval of a role."""
    return session.scalars(select(Approval).where(Approval.role == role)).one()


def told(database):
    """Return what was published of approvals since they were asked, by role."""
    with database.reader() as session:
        roles = dict(session.execute(select(Approval.public_id, Approval.role)).all())
        events = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
        return [
            (event.kind.removeprefix("access_request.approval_"), roles[event.payload["approval"]])
            for event in events
            if event.kind in ("access_request.approval_reminded", "access_request.approval_overdue")
        ]


def test_each_deadline_has_one_reminder_and_one_call_for_help(database, world):
    with database.reader() as session:
        due, asked = of(session).due_at, of(session).asked_at
        assert of(session).due_at < of(session, "access_administrator").due_at
    third = min(3 * DAY, (due - asked) / 3)
    assert remind(database, now=due - third - timedelta(minutes=1)) == 0
    assert remind(database, now=due - third) == 1
    assert remind(database, now=due - third + timedelta(hours=1)) == 0
    assert told(database) == [("reminded", "facility_manager")]
    assert remind(database, now=due) == 1
    assert remind(database, now=due + timedelta(hours=1)) == 0
    assert told(database)[1:] == [("overdue", "facility_manager")]
    with database.reader() as session:
        done = session.scalars(
            select(AuditEvent.action).where(AuditEvent.object_kind == "approval").order_by(AuditEvent.id)
        ).all()
        assert sorted(done) == ["approval.overdue", "approval.reminded"]


def test_a_worker_that_slept_tells_only_that_it_is_overdue(database, world):
    assert remind(database, now=NOW + 400 * DAY) == 2
    assert told(database) == [("overdue", "facility_manager"), ("overdue", "access_administrator")]


def test_what_is_decided_or_paused_is_not_asked_for_again(database, world):
    with database.writer() as session:
        decide(session, world.manager, of(session))
        decide(session, world.administrator, of(session, "access_administrator"), "pause", reason="Which samples?")
    assert remind(database, now=NOW + 400 * DAY) == 0
    assert told(database) == []


def test_a_pause_of_ten_days_moves_the_deadline_by_ten_and_the_reminder_too(database, world):
    with database.writer() as session:
        before = of(session).due_at, of(session).remind_at
    remind(database, now=before[1])
    with database.writer() as session:
        approval = of(session)
        deciding.decide(
            session, actor=world.manager, now=before[1], approval=approval, verdict="pause", reason="Which samples?"
        )
    with database.writer() as session:
        approval = of(session)
        deciding.decide(
            session, actor=world.manager, now=before[1] + 10 * DAY, approval=approval, verdict="resume", reason=""
        )
        assert (approval.due_at, approval.remind_at) == (before[0] + 10 * DAY, before[1] + 10 * DAY)
    assert remind(database, now=before[1] + 10 * DAY - timedelta(minutes=1)) == 0
    assert remind(database, now=before[1] + 10 * DAY) >= 1
    assert told(database).count(("reminded", "facility_manager")) == 2


def test_the_reminder_goes_to_who_decides_and_the_call_for_help_to_who_sees_to_it(database, world):
    with database.reader() as session:
        approval = of(session)
        payload = {"approval": approval.public_id, "access_request": approval.subject_public_id}
        letterhead = Letterhead("no-reply@access.example.org", "https://access.example.org", lambda text, _locale: text)
        readers = {}
        for kind in (Kind.APPROVAL_REMINDED, Kind.APPROVAL_OVERDUE):
            mails = compose(session, Claimed(1, kind, payload, 1), letterhead=letterhead, now=NOW)
            addresses = {mail["To"].addresses[0].addr_spec for mail in mails}
            found = session.scalars(select(Account.id).where(Account.email.in_(addresses))).all()
            readers[kind] = set(found)
        manager, administrator = world.manager.account_id, world.administrator.account_id
        assert readers[Kind.APPROVAL_REMINDED] == {manager}
        assert {manager, administrator} < readers[Kind.APPROVAL_OVERDUE]
        assert world.applicant.account_id not in readers[Kind.APPROVAL_OVERDUE]
