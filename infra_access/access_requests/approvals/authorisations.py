"""Standing authorisations: a yes given ahead to later requests of an organisation or a person, until a date.

Whoever holds the role within the scope gives one, to others than themselves and their own organisation, and anybody
who holds it there can revoke it. What it answered before stays as it was decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.approvals.answering_ahead import giver_holds
from infra_access.access_requests.approvals.models import StandingAuthorisation
from infra_access.access_requests.approvals.narrower import MOST_UNITS, SMALLEST, in_hundredths
from infra_access.access_requests.models import Approval
from infra_access.audit.record import record
from infra_access.catalogue.fields import check_version, fault
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.queries import organisation_by_public_id
from infra_access.catalogue.vocabularies import Regime
from infra_access.core.authority import Actor, Permission, Scope, may, require
from infra_access.core.errors import Conflict, Forbidden, NotFound
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line, clean_text
from infra_access.core.roles import ROLES
from infra_access.people.accounts import account_by_email
from infra_access.people.models import Account
from infra_access.people.roles import resolve_scope

LONGEST = timedelta(days=3 * 366)
MOST = 200
NEVER_AHEAD = frozenset({"export_control_officer", "platform_admin", "auditor", "member"})
"""Roles whose yes is never given ahead: export control looks at each request."""


@dataclass(frozen=True, slots=True)
class AuthorisationView:
    """A standing authorisation with the names in it, and how many approvals it has answered.

    `giver_holds` tells whether whoever gave it has the role still, in their own right; else it answers nothing.
    """

    authorisation: StandingAuthorisation
    given_by: str
    organisation: Organisation | None
    person: str | None
    instruments: tuple[Instrument, ...]
    answered: int
    giver_holds: bool

    def is_live(self, now: datetime) -> bool:
        """Tell whether it answers requests at an instant."""
        row = self.authorisation
        return self.giver_holds and row.revoked_at is None and row.valid_from <= now < row.valid_until


def authorise(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    role: str,
    scope: tuple[str, str],
    reason: str,
    until: datetime,
    organisation: str | None = None,
    person: str | None = None,
    instruments: Sequence[str] = (),
    purposes: Sequence[str] = (),
    regimes: Sequence[str] = (),
    most_units: Decimal | None = None,
    conditions: str | None = None,
    since: datetime | None = None,
) -> StandingAuthorisation:
    """Give the actor's yes ahead. `organisation` is a public id, `person` a mail address; instants are UTC.

    Raises Forbidden for a role that the actor does not hold there or where it would be their own, Invalid naming the
    field.
    """
    require(actor, Permission.APPROVAL_LIST)
    key, scopes = resolve_scope(session, *scope)
    if role not in ROLES or role in NEVER_AHEAD:
        raise fault("authorisation.role", "role", _("In this role nobody says yes ahead: each request is looked at."))
    if not actor.holds_own(role, scopes):
        role_name = ROLES[role]
        message = _(
            "You say yes ahead only in a role that you hold there yourself: ${role}.", mapping={"role": role_name}
        )
        raise Forbidden("authorisation.role", message)
    group = organisation_by_public_id(session, organisation, actor=actor) if organisation else None
    account = account_by_email(session, person) if person else None
    if (group is None) == (account is None):
        raise fault("authorisation.for", "organisation", _("Name an organisation or a person, and only one of them."))
    own_house = group is not None and ("organisation", group.public_id) in scopes
    if (account is not None and account.id == actor.account_id) or (
        group is not None and group.id in actor.organisation_ids and not own_house
    ):
        raise Forbidden("approval.own", _("Nobody says yes ahead to themselves or to their own organisation."))
    starts = max(since or now, now)
    if not starts < until <= starts + LONGEST:
        raise fault("authorisation.until", "until", _("Choose an end after the beginning, within three years."))
    if most_units is not None and not SMALLEST <= most_units <= MOST_UNITS:
        message = _("Give from 0.01 to ${most} access units.", mapping={"most": int(MOST_UNITS)})
        raise fault("authorisation.units", "most_units", message)
    row = StandingAuthorisation(
        public_id=new_public_id(),
        role=role,
        scope_kind=scope[0],
        scope_key=key,
        organisation_id=group.id if group else None,
        account_id=account.id if account else None,
        instrument_ids=_instrument_keys(session, instruments, scopes),
        purposes=[clean_line(one, field="purposes", max_length=200, required=True) for one in purposes],
        regimes=[_regime(one) for one in regimes],
        most_units=in_hundredths(most_units) if most_units is not None else None,
        reason=clean_text(reason, field="reason", max_length=5_000, required=True),
        conditions=clean_text(conditions or "", field="conditions", max_length=5_000) or None,
        given_by_id=int(actor.account_id or 0),
        given_at=now,
        valid_from=starts,
        valid_until=until,
    )
    session.add(row)
    session.flush()
    details = {"role": role, "scope": [row.scope_kind, row.scope_key], "until": until.isoformat(), "reason": row.reason}
    _record(session, actor, "authorisation.given", row, now, details)
    return row


def revoke(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    authorisation: StandingAuthorisation,
    reason: str,
    expected_version: int | None = None,
) -> StandingAuthorisation:
    """Revoke one: from now on it answers nothing more; what it answered stays. Raises Conflict where it is over."""
    _key, scopes = resolve_scope(session, authorisation.scope_kind, authorisation.scope_key)
    if not actor.holds(authorisation.role, scopes):
        require(actor, Permission.APPROVAL_DECIDE)
    row = session.scalars(
        select(StandingAuthorisation)
        .where(StandingAuthorisation.id == authorisation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    check_version(row.version, expected_version)
    if row.revoked_at is not None or row.valid_until <= now:
        raise Conflict("authorisation.over", _("This authorisation is over already. Nothing needs to be done."))
    row.revoked_at, row.revoked_by_id = now, actor.account_id
    row.revoked_because = clean_text(reason, field="reason", max_length=5_000, required=True)
    session.flush()
    _record(session, actor, "authorisation.revoked", row, now, {"reason": row.revoked_because})
    return row


def authorisations(session: Session, *, actor: Actor, now: datetime) -> Sequence[AuthorisationView]:
    """Return those that the actor gave, may revoke, profits from or audits, newest first; at most 200."""
    return _views(session, now, _may_see(actor))


def authorisation_by_public_id(
    session: Session, public_id: str, *, actor: Actor | None, now: datetime
) -> AuthorisationView:
    """Return one that the actor may see. Raises NotFound otherwise."""
    found = [] if actor is None else _views(session, now, _may_see(actor), StandingAuthorisation.public_id == public_id)
    for view in found:
        return view
    raise NotFound("authorisation.unknown", _("There is no such standing authorisation, or it is not yours to see."))


def may_revoke(session: Session, view: AuthorisationView, actor: Actor) -> bool:
    """Tell whether the actor holds the role of an authorisation within its scope."""
    _key, scopes = resolve_scope(session, view.authorisation.scope_kind, view.authorisation.scope_key)
    return actor.holds(view.authorisation.role, scopes)


def _views(session: Session, now: datetime, *conditions: ColumnElement[bool]) -> list[AuthorisationView]:
    giver, person = aliased(Account), aliased(Account)
    answered = (
        select(func.count(Approval.id))
        .where(Approval.authorisation_id == StandingAuthorisation.id)
        .correlate(StandingAuthorisation)
        .scalar_subquery()
    )
    rows = session.execute(
        select(StandingAuthorisation, giver.name, Organisation, person.name, answered)
        .join(giver, giver.id == StandingAuthorisation.given_by_id)
        .outerjoin(Organisation, Organisation.id == StandingAuthorisation.organisation_id)
        .outerjoin(person, person.id == StandingAuthorisation.account_id)
        .where(*conditions)
        .order_by(StandingAuthorisation.id.desc())
        .limit(MOST)
    ).all()
    keys = sorted({key for row in rows for key in row[0].instrument_ids})
    named = {one.id: one for one in session.scalars(select(Instrument).where(Instrument.id.in_(keys)))} if keys else {}
    return [
        AuthorisationView(
            row,
            giver_name,
            group,
            name,
            tuple(named[key] for key in row.instrument_ids),
            count,
            giver_holds(session, row, resolve_scope(session, row.scope_kind, row.scope_key)[1], now),
        )
        for row, giver_name, group, name, count in rows
    ]


def _may_see(actor: Actor) -> ColumnElement[bool]:
    if may(actor, Permission.AUDIT_READ, (("network", ""),)):
        return true()
    row = StandingAuthorisation
    held = [and_(row.role == grant.role, _lies_within(grant.scope)) for grant in actor.grants]
    return or_(
        row.given_by_id == actor.account_id,
        row.account_id == actor.account_id,
        row.organisation_id.in_(sorted(actor.organisation_ids)),
        *held,
    )


def _lies_within(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that an authorisation's scope is this one or lies within it."""
    kind, key = scope
    row = StandingAuthorisation
    exact = and_(row.scope_kind == kind, row.scope_key == key)
    if kind == "network":
        return true()
    facilities = select(Facility.public_id).join(Organisation, Organisation.id == Facility.organisation_id)
    houses = select(Organisation.public_id).where(Organisation.country == key)
    if kind == "country":
        inside = and_(row.scope_kind == "facility", row.scope_key.in_(facilities.where(Facility.country == key)))
        return or_(exact, inside, and_(row.scope_kind == "organisation", row.scope_key.in_(houses)))
    if kind == "organisation":
        of_house = facilities.where(Organisation.public_id == key)
        return or_(exact, and_(row.scope_kind == "facility", row.scope_key.in_(of_house)))
    return exact


def _instrument_keys(session: Session, public_ids: Sequence[str], scopes: Sequence[tuple[str, str]]) -> list[int]:
    if not public_ids:
        return []
    rows = session.execute(
        select(Instrument.id, Instrument.public_id).where(Instrument.public_id.in_(sorted(set(public_ids))))
    ).all()
    if len(rows) < len(set(public_ids)):
        raise fault("instrument.unknown", "instruments", _("One of these instruments is not known. Choose it again."))
    for row in rows:
        _key, chain = resolve_scope(session, "instrument", row.public_id)
        if scopes[0] not in chain:
            raise fault("authorisation.scope", "instruments", _("Name instruments within the scope that you chose."))
    return sorted(row.id for row in rows)


def _regime(text: str) -> str:
    if text not in frozenset(Regime):
        known = ", ".join(Regime)
        raise fault("value.unknown", "regimes", _("Give one of: ${known}.", mapping={"known": known}))
    return text


def _record(
    session: Session, actor: Actor, action: str, row: StandingAuthorisation, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="standing_authorisation",
        object_id=row.public_id,
        now=now,
        details=details,
    )
