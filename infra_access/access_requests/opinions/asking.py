"""Asking somebody outside for an opinion on an approval, and withdrawing the question.

An opinion advises those who decide and decides nothing: no verdict waits for it, and none follows from it.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.deciders import refuse_others
from infra_access.access_requests.approvals.queries import ApprovalView, view_of
from infra_access.access_requests.approvals.verdicts import locked_approval, too_early
from infra_access.access_requests.models import Approval, Participant
from infra_access.access_requests.opinions.models import OutsideOpinion
from infra_access.access_requests.opinions.queries import opinions_of
from infra_access.access_requests.opinions.states import OpinionState
from infra_access.access_requests.vocabularies import OPEN, ApprovalState
from infra_access.audit.record import record
from infra_access.catalogue.fields import fault
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line, clean_text
from infra_access.outbox.events import publish
from infra_access.people.addresses import normalise_email
from infra_access.people.models import Account

MOST_TEXT = 5_000
MOST_OPEN = 5
"""How many experts may be asked at once about one approval."""

USUAL_DAYS, MOST_DAYS = 14, 60


def ask_opinion(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    approval: Approval,
    email: str,
    name: str,
    question: str,
    summary: str = "",
    days: int = USUAL_DAYS,
) -> OutsideOpinion:
    """Ask an expert without an account, who gets a mail with a link that works for so many days.

    Of the request the expert reads the `summary` that the actor writes, beside the facility and the instruments.

    Raises Forbidden as `deciders.refuse_others` says; Conflict `approval.unfit` for a booking, `approval.decided`,
    `approval.too_early`, `opinion.asked_already`, `opinion.too_many`; Invalid, `opinion.near` for whoever
    is near to the request.
    """
    approval = locked_approval(session, approval)
    view = _deciding(session, actor, approval, now)
    if approval.state == ApprovalState.WAITING:
        raise too_early(session, approval)
    if approval.state not in OPEN:
        raise Conflict("approval.decided", _("This approval was decided already. Load it again."))
    address = normalise_email(email)
    if is_near(session, view, address):
        message = _(
            "This address belongs to somebody who is on the team, wrote a part of the request or stepped back from it. "
            "Ask somebody who has nothing to do with it."
        )
        raise fault("opinion.near", "email", message)
    if not 1 <= days <= MOST_DAYS:
        raise fault("opinion.days", "days", _("Give from 1 to ${most} days.", mapping={"most": MOST_DAYS}))
    opinion = OutsideOpinion(
        public_id=new_public_id(),
        approval_id=approval.id,
        email=address,
        name=clean_line(name, field="name", max_length=200, required=True),
        question=clean_text(question, field="question", max_length=MOST_TEXT, required=True),
        summary=clean_text(summary, field="summary", max_length=MOST_TEXT),
        asked_by_id=int(actor.account_id or 0),
        asked_at=now,
        expires_at=now + timedelta(days=days),
    )
    waiting = [one.opinion for one in opinions_of(session, approval, now=now) if one.state is OpinionState.OPEN]
    if address in {one.email for one in waiting}:
        message = _("This person is asked already. Withdraw that question first, or wait for the answer.")
        raise Conflict("opinion.asked_already", message)
    if len(waiting) >= MOST_OPEN:
        message = _(
            "${most} people are asked already. Withdraw one of the questions first.", mapping={"most": MOST_OPEN}
        )
        raise Conflict("opinion.too_many", message)
    session.add(opinion)
    session.flush()
    # Whom and what stays in the row, where it can be erased.
    _record(session, actor, "opinion.asked", approval, opinion, now)
    publish(session, "opinion.asked", {"opinion": opinion.public_id}, now=now)
    return opinion


def withdraw_opinion(
    session: Session, *, actor: Actor, now: datetime, approval: Approval, opinion: OutsideOpinion
) -> OutsideOpinion:
    """Withdraw a question; its link says so from now on. Raises Forbidden, Conflict `opinion.closed`."""
    approval = locked_approval(session, approval)
    _deciding(session, actor, approval, now)
    session.refresh(opinion)
    if opinion.approval_id != approval.id or opinion.answered_at is not None or opinion.withdrawn_at is not None:
        raise Conflict("opinion.closed", _("This was answered or withdrawn already. Load the page again."))
    opinion.withdrawn_at, opinion.withdrawn_by_id = now, int(actor.account_id or 0)
    session.flush()
    _record(session, actor, "opinion.withdrawn", approval, opinion, now)
    return opinion


def is_near(session: Session, view: ApprovalView, address: str) -> bool:
    """Tell whether an address is of the team, or of an account that decides nothing of the request. One statement."""
    entered = select(Participant.id).where(
        Participant.access_request_id == view.approval.access_request_id, Participant.email == address
    )
    account = select(Account.id).where(
        Account.email == address, Account.id.in_(sorted({*view.circle.accounts, view.approval.applicant_id or 0}))
    )
    return session.scalar(select(or_(entered.exists(), account.exists()))) is True


def _deciding(session: Session, actor: Actor, approval: Approval, now: datetime) -> ApprovalView:
    """Return the approval as whoever may decide it sees it. Raises Forbidden, Conflict `approval.unfit`."""
    view = view_of(session, approval)
    refuse_others(session, actor, view, now=now)
    if approval.subject_kind == "booking":
        raise Conflict("approval.unfit", _("Opinions are asked on requests. A booking is decided without."))
    return view


def _record(
    session: Session, actor: Actor, action: str, approval: Approval, opinion: OutsideOpinion, now: datetime
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="approval",
        object_id=approval.public_id,
        now=now,
        details={"opinion": opinion.public_id, "until": opinion.expires_at.isoformat()},
    )
