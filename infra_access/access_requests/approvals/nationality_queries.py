"""Whom an approval asks for their nationality, and who has said it: never what they said.

Asked is everybody on the team who has an account; whoever has none yet is named to those who decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.approvers import is_own
from infra_access.access_requests.approvals.models import NationalityDeclaration
from infra_access.access_requests.approvals.queries import ApprovalView
from infra_access.access_requests.models import AccessRequest, Approval, Participant
from infra_access.access_requests.vocabularies import OPEN
from infra_access.audit.models import AuditEvent
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.people.models import Account
from infra_access.policy.rules import Asking

MOST = 200

READ = "nationality.read"
"""The action of the record under which each reading stands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who is asked, and since when they have answered, if they have."""

    account_id: int
    public_id: str
    name: str
    declared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reading:
    """That somebody in a role read what one said, and when."""

    at: datetime
    role: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Who is asked, in the order of their names, and the names of those who have no account yet."""

    asked: Sequence[Asked]
    without_account: Sequence[str] = ()

    @property
    def missing(self) -> list[str]:
        """Return the names of those who have not answered."""
        return [one.name for one in self.asked if one.declared_at is None]

    def of(self, actor: Actor) -> Asked | None:
        """Return how the actor stands, if they are asked."""
        return next((one for one in self.asked if one.account_id == actor.account_id), None)


@dataclass(frozen=True, slots=True)
class ToSay:
    """An approval that waits for the reader to say their nationality, what it is about, and by when it is due."""

    approval: str
    title: str
    due: datetime


def nationality_asked_of(session: Session, *, actor: Actor) -> list[ToSay]:
    """Return the approvals that still ask the actor for their nationality, soonest first. One statement."""
    if actor.account_id is None:
        return []
    said = (
        select(NationalityDeclaration.approval_id)
        .where(NationalityDeclaration.approval_id == Approval.id, NationalityDeclaration.account_id == actor.account_id)
        .exists()
    )
    rows = session.execute(
        select(Approval, AccessRequest.title)
        .outerjoin(AccessRequest, AccessRequest.id == Approval.access_request_id)
        .where(Approval.state.in_(OPEN), is_own(actor.account_id), ~said)
        .order_by(Approval.due_at, Approval.id)
        .limit(MOST)
    )
    return [
        ToSay(approval.public_id, title or "", approval.due_at)
        for approval, title in rows
        if Asking.NATIONALITY in approval.asks
    ]


def relations_to(view: ApprovalView, actor: Actor | None) -> frozenset[str]:
    """Return "asked" for whoever says their own nationality, "approver" for who may decide and so read them."""
    if actor is None or not asks_nationality(view):
        return frozenset()
    said = {"asked": view.is_own(actor), "approver": view.may_decide(actor)}
    return frozenset(name for name, holds in said.items() if holds)


def asks_nationality(view: ApprovalView) -> bool:
    """Tell whether an approval asks the team for their nationality."""
    return Asking.NATIONALITY in view.approval.asks


def answers_to(session: Session, view: ApprovalView) -> Answers:
    """Return who is asked by an approval, and who has answered. Two statements."""
    declared = NationalityDeclaration
    rows = session.execute(
        select(Account.id, Account.public_id, Account.name, declared.declared_at)
        .outerjoin(declared, (declared.account_id == Account.id) & (declared.approval_id == view.approval.id))
        .where(Account.id.in_(sorted(view.team)))
        .order_by(Account.name, Account.id)
    )
    strangers = session.scalars(
        select(Participant.name)
        .where(Participant.access_request_id == view.approval.access_request_id, Participant.account_id.is_(None))
        .order_by(Participant.id)
    )
    return Answers([Asked(*row) for row in rows], strangers.all())


def refuse_unanswered(session: Session, view: ApprovalView) -> None:
    """Raise Conflict `nationality.missing` while somebody asked has not answered. One statement, none where none is."""
    if not asks_nationality(view):
        return
    said = session.scalar(
        select(func.count())
        .select_from(NationalityDeclaration)
        .where(
            NationalityDeclaration.approval_id == view.approval.id,
            NationalityDeclaration.account_id.in_(sorted(view.team)),
        )
    )
    missing = len(view.team) - (said or 0)
    if missing:
        raise Conflict(
            "nationality.missing",
            _(
                "${count} of those on the team have not said their nationality yet, which the rule asks before a yes. "
                "They see on the page of the request how. You can refuse, or ask for changes, without it.",
                mapping={"count": missing},
            ),
            details={"missing": missing},
        )


def facility_of(session: Session, view: ApprovalView) -> Facility:
    """Return the facility whose instruments an approval is about."""
    first = view.approval.instrument_ids[0]
    return session.scalars(
        select(Facility).join(Instrument, Instrument.facility_id == Facility.id).where(Instrument.id == first)
    ).one()


def readings_of(session: Session, view: ApprovalView, actor: Actor) -> list[Reading]:
    """Return when, and in which role, somebody read what the actor said to an approval, the latest first."""
    events = session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.object_kind == "approval",
            AuditEvent.object_id == view.approval.public_id,
            AuditEvent.action == READ,
        )
        .order_by(AuditEvent.id.desc())
    )
    return [Reading(one.at, one.details["role"]) for one in events if actor.public_id in one.details.get("of", ())]
