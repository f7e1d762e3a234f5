"""Who may give a verdict, and the reason why somebody may not: too near, away, no longer in the role, once already."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.approval_queries import ApprovalView, approval_by_public_id, view_of
from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import NETWORK, Actor, Permission, require
from infra_access.core.errors import Forbidden, NotFound
from infra_access.core.i18n import _
from infra_access.core.roles import ROLES
from infra_access.people.models import Account, RoleGrant

_SECOND = "#second"


def second_of(rule: str) -> str:
    """Return the name under which a rule's approval is asked of a second person.

    >>> second_of("dual-use")
    'dual-use#second'
    """
    return rule + _SECOND


def refuse_others(
    session: Session, actor: Actor, view: ApprovalView, *, now: datetime, team: Collection[int] = ()
) -> None:
    """Raise Forbidden unless the actor may decide.

    That is `approval.own` for whoever is too near, `approval.handed_over` or `approval.lapsed` for whoever had the
    role, else `permission.missing`.
    """
    if view.circle.joined_by(team=team).reaches(session, actor, view.scopes, now=now):
        message = _("Nobody decides on a request of their own, of their team or of their organisation. Others will.")
        raise Forbidden("approval.own", message)
    if not view.may_decide(actor):
        refuse_former(session, actor, view, now=now)
    require(actor, Permission.APPROVAL_DECIDE, (), {"approver"} if view.may_decide(actor) else set())


def approval_to_decide(session: Session, public_id: str, *, actor: Actor | None, now: datetime) -> ApprovalView:
    """Return an approval that the actor may decide, or that is about their own request.

    Raises Forbidden with the reason for whoever had the role, NotFound otherwise.
    """
    try:
        return approval_by_public_id(session, public_id, actor=actor)
    except NotFound:
        row = session.scalars(select(Approval).where(Approval.public_id == public_id)).one_or_none()
        if actor is not None and row is not None and not (view := view_of(session, row)).is_near(actor):
            refuse_former(session, actor, view, now=now)
        raise


def refuse_former(session: Session, actor: Actor, view: ApprovalView, *, now: datetime) -> None:
    """Raise Forbidden with the reason where the actor held the role of an approval and does not at present."""
    stand_in = aliased(RoleGrant)
    row = session.execute(
        select(RoleGrant, Account.name)
        .outerjoin(stand_in, (stand_in.delegated_from_id == RoleGrant.id) & stand_in.revoked_at.is_(None))
        .outerjoin(Account, Account.id == stand_in.account_id)
        .where(
            RoleGrant.account_id == actor.account_id,
            RoleGrant.role == view.approval.role,
            tuple_(RoleGrant.scope_kind, RoleGrant.scope_key).in_([*view.scopes, NETWORK]),
        )
        .order_by(RoleGrant.id.desc(), stand_in.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return
    grant, name = row
    role = ROLES.get(grant.role, grant.role)
    if grant.revoked_at is None and grant.away_until is not None and grant.away_until > now:
        raise Forbidden(
            "approval.handed_over",
            _(
                "You handed this role over to ${name} until ${until}. Leave it to them, or take the role back on the "
                "page of your account.",
                mapping={"name": name or "", "until": grant.away_until.date()},
            ),
        )
    ended = grant.revoked_at or grant.valid_until
    if ended is not None and ended <= now:
        raise Forbidden(
            "approval.lapsed",
            _(
                "Your role here (${role}) ended on ${day}. Whoever gave it can give it again.",
                mapping={"role": role, "day": ended.date()},
            ),
        )


def refuse_same_person(session: Session, approval: Approval, actor: Actor) -> None:
    """Raise Forbidden `approval.two_people` for a second yes of one person on an instrument under export control."""
    twice = select(Approval.id).where(
        Approval.subject_kind == approval.subject_kind,
        Approval.subject_id == approval.subject_id,
        Approval.id != approval.id,
        Approval.state == ApprovalState.APPROVED,
        Approval.decided_by_id == actor.account_id,
    )
    if session.scalar(twice.limit(1)) is not None and is_controlled(session, approval.instrument_ids):
        raise Forbidden(
            "approval.two_people",
            _("This instrument is under export control, so two different people decide. You have said yes already."),
        )


def is_controlled(session: Session, instrument_ids: Collection[int]) -> bool:
    """Tell whether any of the instruments has an export control code. One statement."""
    codes = session.scalars(select(Instrument.control_codes).where(Instrument.id.in_(sorted(instrument_ids))))
    return any(codes)
