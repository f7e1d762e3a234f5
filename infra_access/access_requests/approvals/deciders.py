"""Who may give a verdict, and the reason why somebody may not: too near, away, no longer in the role, once already."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.approvals.approvers import people_of
from infra_access.access_requests.approvals.queries import ApprovalView, approval_by_public_id, view_of
from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import UNGIVEN, ApprovalState
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import NETWORK, Actor, Permission, require
from infra_access.core.errors import Forbidden, NotFound
from infra_access.core.i18n import _
from infra_access.core.roles import ROLES
from infra_access.people.models import Account, RoleGrant
from infra_access.people.roles import holders, live

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


def refuse_same_person(session: Session, approval: Approval, actor: Actor, *, now: datetime) -> None:
    """Raise Forbidden `approval.two_people` where one person alone would have decided on a controlled instrument.

    That is so where every other yes is theirs, or of whoever stands in for them, and nothing that waits is another's.
    """
    if not is_controlled(session, approval.instrument_ids):
        return
    same = _same_person(session, actor, now)
    others = session.scalars(
        select(Approval).where(
            Approval.subject_kind == approval.subject_kind,
            Approval.subject_id == approval.subject_id,
            Approval.id != approval.id,
            Approval.state.in_((*UNGIVEN, ApprovalState.APPROVED)),
        )
    ).all()
    if others and not people_for(session, others, now=now) - same:
        raise Forbidden(
            "approval.two_people",
            _(
                "This instrument is under export control, so two different people decide. Leave this to somebody else: "
                "nobody but you has decided, or could."
            ),
        )


def people_for(session: Session, approvals: Iterable[Approval], *, now: datetime) -> set[int]:
    """Return who gave these approvals, and who could give those that wait."""
    found: set[int] = set()
    for one in approvals:
        found |= {one.decided_by_id} if one.decided_by_id is not None else able_to(session, one, now=now)
    return found


def able_to(session: Session, approval: Approval, *, now: datetime) -> set[int]:
    """Return who holds the role of an approval and is far enough from its request, whether it was given or not."""
    view = view_of(session, approval)
    group = view.group[0] if view.group is not None else None
    near = {*view.team, *view.barred, approval.applicant_id} | people_of(session, group, view.scopes, now)
    return set(holders(session, approval.role, view.scopes, now)) - near


def _same_person(session: Session, actor: Actor, now: datetime) -> set[int]:
    """Return the actor's account, those whom they stand in for, and those who stand in for them."""
    stand_ins = select(RoleGrant.account_id).where(RoleGrant.delegated_by_id == actor.account_id, live(now))
    return {int(actor.account_id or 0), *actor.stands_in_for, *session.scalars(stand_ins)}


def is_controlled(session: Session, instrument_ids: Collection[int]) -> bool:
    """Tell whether any of the instruments has an export control code. One statement."""
    codes = session.scalars(select(Instrument.control_codes).where(Instrument.id.in_(sorted(instrument_ids))))
    return any(codes)
