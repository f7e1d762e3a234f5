"""What the mails of a decision say: what was decided, in which role, why, and what comes next."""

from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import appeals, corrections, revoking
from infra_access.access_requests.approvals.verdicts import approvals_of
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.core.i18n import plain
from infra_access.notifications.compose import Letterhead, compose
from infra_access.outbox.events import Claimed
from infra_access.outbox.models import OutboxEvent
from infra_access.people.actors import load_actor
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    decide,
    make_active,
    make_network_administrator,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.overrides import LATER, administrators, ask, confirm, make_refused

BASE = "https://access.example.org"
LETTERHEAD = Letterhead("no-reply@access.example.org", BASE, lambda text, _locale: plain(text))
TITLE = "A battery nobody knows of"


def told(session: Session, kind: str) -> tuple[str, str]:
    """Return the subject and the text of the mail of the last event of a kind, which holds no title."""
    event = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == kind).order_by(OutboxEvent.id.desc())).first()
    assert event is not None
    mails: list[EmailMessage] = compose(
        session, Claimed(event.id, kind, event.payload, 1), letterhead=LETTERHEAD, now=NOW
    )
    assert mails
    for mail in mails:
        assert TITLE not in mail.as_string()
    return str(mails[0]["Subject"]), " ".join(mails[0].get_content().split())


def role_in(text: str) -> str:
    return text.partition("in the role: ")[2].partition(".")[0]


@pytest.mark.parametrize(
    ("verdict", "outcome", "following"),
    [
        ("approve", "An approval was given", "Approvals are still due"),
        ("pause", "Paused", "deadlines stand still"),
        ("reserve", "On the reserve list", "there is no capacity yet"),
        ("refuse", "Refused", "You may appeal"),
    ],
)
def test_a_verdict_is_told_with_its_role_and_what_comes_next(
    session: Session, verdict: str, outcome: str, following: str
) -> None:
    world = make_world(session)
    request = make_submitted(session, world, title=TITLE)
    decide(session, world.manager, pending(session, request)["facility_manager"], verdict, reason="Ask the office.")
    subject, text = told(session, "access_request.decided")
    assert subject == f"Request {request.case}: {outcome}"
    assert role_in(text) == "Manager of the facility"
    assert following in text
    assert ("Reason given: Ask the office." in text) is (verdict != "approve")


@pytest.mark.parametrize("disclosure", ["generic", "none"])
def test_a_verdict_by_a_rule_that_is_not_disclosed_names_no_role(session: Session, disclosure: str) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY | {"disclosure": disclosure}])
    request = make_submitted(session, world)
    decide(session, world.manager, pending(session, request)["facility_manager"], "refuse", reason="Not here.")
    _subject, text = told(session, "access_request.decided")
    assert "This was decided in a check by the facility." in text
    assert ("Manager" in text, "nobody in person" in text, "Reason given: Not here." in text) == (False, False, True)


def test_a_pause_that_ends_and_a_reason_that_is_over(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    approval = pending(session, request)["facility_manager"]
    decide(session, world.manager, approval, "pause", reason="Is it dry?")
    decide(session, world.manager, approval, "resume")
    subject, text = told(session, "access_request.decided")
    assert (subject.endswith("The review goes on"), "Is it dry?" in text) == (True, False)


def test_revocation_and_appeal_say_so(session: Session) -> None:
    world = make_world(session)
    network = make_network_administrator(session)
    request = make_active(session, world, title=TITLE)
    revoking.revoke(session, actor=world.manager, now=NOW, access_request=request, reason="A leak.")
    assert "A leak." not in told(session, "access_request.approved")[1]
    subject, text = told(session, "access_request.decided")
    assert (subject, role_in(text)) == (f"Request {request.case}: Revoked", "Manager of the facility")
    assert "Reason given: A leak." in text

    for verdict, outcome in (("refuse", "Decision upheld"), ("approve", "The appeal was granted")):
        with session.begin_nested() as alone:
            appeals.appeal(session, actor=world.applicant, now=NOW, access_request=request, reason="It is mended.")
            (approval,) = approvals_of(session, "appeal", request.id)
            decide(session, network, approval, verdict, reason="Seen.")
            subject, text = told(session, "access_request.decided")
            assert subject == f"Request {request.case}: {outcome}"
            assert role_in(text) == "Access administrator"
            alone.rollback()


def test_those_who_decide_read_by_when_and_are_led_to_their_approval(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY])
    request = make_submitted(session, world, title=TITLE)
    (approval,) = pending(session, request).values()
    _subject, text = told(session, "access_request.approval_asked")
    assert f"Please decide by {approval.due_at:%Y-%m-%d %H:%M} (UTC)." in text
    assert f"{BASE}/approvals/{approval.public_id}" in text


def test_a_correction_is_told_in_its_own_words(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world, title=TITLE)
    approval = pending(session, request)["facility_manager"]
    decide(session, world.manager, approval, "request_changes", reason="Name the samples.")
    _subject, text = told(session, "access_request.changes_requested")
    assert (role_in(text), "Reason given: Name the samples." in text) == ("Manager of the facility", True)
    corrections.propose(
        session,
        actor=world.manager,
        now=NOW,
        access_request=request,
        changes={"quantity": "1"},
        reason="One is enough.",
    )
    subject, text = told(session, "access_request.correction_proposed")
    assert subject == f"The facility proposes a change of your request {request.case}"
    assert ("One is enough." in text, "Name the samples." in text) == (True, False)


def test_an_exception_that_was_granted_is_no_change_asked_for(session: Session) -> None:
    _world, request = make_refused(session)
    first, second = administrators(session)
    confirm(session, second, ask(session, first, request))
    subject, text = told(session, "access_request.exception_granted")
    assert subject == f"An exception was granted for request {request.case}"
    assert "Send the request again on its page" in text
    assert "changes" not in text.lower()
    requester = load_actor(session, request.requester_id, now=LATER)
    view = request_by_public_id(session, request.public_id, actor=requester)
    assert plain(view.state_words) == "To be sent again"
    assert "Send the request again" in plain(view.next_step)
