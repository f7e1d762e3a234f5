"""A role handed over for a time away: whoever stands in holds it meanwhile, and whoever is away does not.

The stand-in's grant is a row of its own that names the grant it came of, so that all who ask for holders of a role
find the stand-in and nobody else. It cannot be handed on, and ends with the grant that it came of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, Scope, require
from infra_access.core.errors import Conflict, Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line
from infra_access.outbox.events import publish
from infra_access.people.models import Account, RoleGrant
from infra_access.people.roles import live

LONGEST = timedelta(days=366)
KEPT = frozenset({"platform_admin"})
"""Roles that nobody hands over: who holds them is named by whoever runs the platform."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """A role handed over: the stand-in's grant, both names, and the public id of the grant that it came of."""

    grant: RoleGrant
    from_name: str
    to_name: str
    own_id: str


def hand_over(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    grant: RoleGrant,
    to: Account,
    until: datetime,
    since: datetime | None = None,
    reason: str = "",
) -> RoleGrant:
    """Let somebody stand in for the actor in one role, from `since` (now by default) until `until`, both UTC.

    Raises NotFound for a grant of another, Conflict where it is handed over already or came of another's, Invalid
    naming the field.
    """
    require(actor, Permission.OWN_ACCOUNT)
    grant = _own(session, actor, grant, now)
    starts = max(since or now, now)
    if grant.role in KEPT or grant.delegated_from_id is not None:
        raise Conflict("delegation.kept", _("This role cannot be handed on. Ask whoever gave it to name another."))
    if grant.away_until is not None and grant.away_until > now:
        raise Conflict("delegation.exists", _("You have handed this role over already. Take it back first."))
    if to.id == actor.account_id or to.state != "active":
        raise _invalid("to", _("Name another person with an account here; they sign in and stand in for you."))
    if until <= starts or until - starts > LONGEST:
        raise _invalid("until", _("Choose an end after the beginning, at most a year later."))
    if grant.valid_until is not None and until > grant.valid_until:
        raise _invalid("until", _("Your own role ends before that. Choose an earlier end."))
    reason = clean_line(reason, field="reason", max_length=300)
    standing_in = RoleGrant(
        public_id=new_public_id(),
        account_id=to.id,
        role=grant.role,
        scope_kind=grant.scope_kind,
        scope_key=grant.scope_key,
        given_by=actor.label,
        valid_from=starts,
        valid_until=until,
        delegated_from_id=grant.id,
        delegated_by_id=actor.account_id,
    )
    session.add(standing_in)
    grant.away_from, grant.away_until = starts, until
    session.flush()
    details = {"reason": reason, "since": starts.isoformat(), "until": until.isoformat(), "to": to.public_id}
    _record(session, actor, "role.handed_over", grant, now, details)
    publish(session, "role.handed_over", {"grant": standing_in.public_id}, now=now)
    return standing_in


def take_back(session: Session, *, actor: Actor, now: datetime, grant: RoleGrant) -> RoleGrant:
    """Take a role back before its time; from the next request on the stand-in has no part in it."""
    require(actor, Permission.OWN_ACCOUNT)
    grant = _own(session, actor, grant, now)
    for standing_in in session.scalars(
        select(RoleGrant).where(RoleGrant.delegated_from_id == grant.id, RoleGrant.revoked_at.is_(None))
    ):
        standing_in.revoked_at = now
    grant.away_from = grant.away_until = None
    session.flush()
    _record(session, actor, "role.taken_back", grant, now, {})
    return grant


def own_grant(session: Session, public_id: str, *, actor: Actor, now: datetime) -> RoleGrant:
    """Return a live grant of the actor's own, handed over or not. Raises NotFound `role.unknown`."""
    found = session.scalars(
        select(RoleGrant).where(RoleGrant.public_id == public_id, RoleGrant.account_id == actor.account_id, live(now))
    ).one_or_none()
    if found is None:
        raise NotFound("role.unknown", _("You hold no such role. Choose one of your own."))
    return found


def own_role_in(session: Session, role: str, scope: Scope, *, actor: Actor, now: datetime) -> RoleGrant:
    """Return the actor's own live grant of a role in exactly this scope. Raises NotFound `role.unknown`."""
    found = session.scalar(
        select(RoleGrant.public_id).where(
            RoleGrant.account_id == actor.account_id,
            RoleGrant.role == role,
            RoleGrant.scope_kind == scope[0],
            RoleGrant.scope_key == scope[1],
            RoleGrant.delegated_from_id.is_(None),
            live(now),
        )
    )
    return own_grant(session, found or "", actor=actor, now=now)


def delegations_of(session: Session, *, actor: Actor, now: datetime) -> Sequence[Delegation]:
    """Return the roles that the actor handed over, and those handed to them, that are not over yet. One statement."""
    giver, taker, own = aliased(Account), aliased(Account), aliased(RoleGrant)
    rows = session.execute(
        select(RoleGrant, giver.name, taker.name, own.public_id)
        .join(own, own.id == RoleGrant.delegated_from_id)
        .join(giver, giver.id == RoleGrant.delegated_by_id)
        .join(taker, taker.id == RoleGrant.account_id)
        .where(
            RoleGrant.revoked_at.is_(None),
            RoleGrant.valid_until > now,
            (RoleGrant.delegated_by_id == actor.account_id)
            | (RoleGrant.delegated_by_id.is_not(None) & (RoleGrant.account_id == actor.account_id)),
        )
        .order_by(RoleGrant.id)
    )
    return [Delegation(*row) for row in rows]


def _own(session: Session, actor: Actor, grant: RoleGrant, now: datetime) -> RoleGrant:
    locked = session.scalars(
        select(RoleGrant)
        .where(RoleGrant.id == grant.id, RoleGrant.account_id == actor.account_id, live(now))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if locked is None:
        raise NotFound("role.unknown", _("You hold no such role. Choose one of your own."))
    return locked


def _record(
    session: Session, actor: Actor, action: str, grant: RoleGrant, now: datetime, details: dict[str, str]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="account",
        object_id=actor.public_id,
        now=now,
        details={"role": grant.role, "scope": [grant.scope_kind, grant.scope_key], **details},
    )


def _invalid(field: str, message: Text) -> Invalid:
    return Invalid("delegation.invalid", message, fields={field: [message]})
