"""Who belongs to which organisation: stated by the person, confirmed by the organisation.

A stated affiliation lets a person ask in the organisation's name; only a confirmed one proves anything to a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.scopes import organisation_scopes
from infra_access.core.authority import Actor, Permission, may, require
from infra_access.core.errors import Forbidden
from infra_access.core.i18n import _
from infra_access.people.models import Account, Affiliation


@dataclass(frozen=True, slots=True)
class AffiliationItem:
    """One affiliation as pages and rules need it."""

    organisation_id: int
    organisation_public_id: str
    organisation_name: str
    country: str
    trust: str
    confirmed: bool


def affiliate(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    account: Account,
    organisation: Organisation,
    confirmed: bool = False,
) -> Affiliation:
    """State that a person belongs to an organisation; the organisation's administrator may confirm it at once.

    Repeating it changes nothing, or renews one that had ended. Raises Forbidden.
    """
    governs = may(actor, Permission.ROLE_GRANT, organisation_scopes(organisation))
    if account.id != actor.account_id and not governs:
        raise Forbidden("affiliation.not_yours", _("You can state affiliations only for yourself."))
    if confirmed:
        require(actor, Permission.ROLE_GRANT, organisation_scopes(organisation))
    found = session.scalars(
        select(Affiliation).where(Affiliation.account_id == account.id, Affiliation.organisation_id == organisation.id)
    ).one_or_none()
    if found is None:
        found = Affiliation(account_id=account.id, organisation_id=organisation.id, valid_from=now)
        session.add(found)
    elif found.valid_until is not None and found.valid_until <= now:
        found.valid_from, found.valid_until, found.confirmed_at = now, None, None
    if confirmed:
        found.confirmed_at = found.confirmed_at or now
    session.flush()
    _record(session, actor, "affiliation.state", account, organisation, now, confirmed=confirmed)
    return found


def confirm_affiliation(
    session: Session, *, actor: Actor, now: datetime, account: Account, organisation: Organisation
) -> Affiliation:
    """Confirm, for the organisation, that a person belongs to it."""
    return affiliate(session, actor=actor, now=now, account=account, organisation=organisation, confirmed=True)


def end_affiliation(
    session: Session, *, actor: Actor, now: datetime, account: Account, organisation: Organisation
) -> None:
    """End an affiliation, by the person or the organisation. Raises Forbidden."""
    if account.id != actor.account_id:
        require(actor, Permission.ROLE_GRANT, organisation_scopes(organisation))
    for found in session.scalars(
        select(Affiliation).where(
            Affiliation.account_id == account.id, Affiliation.organisation_id == organisation.id, _live(now)
        )
    ):
        found.valid_until = now
    session.flush()
    _record(session, actor, "affiliation.end", account, organisation, now)


def affiliations_of(session: Session, account_id: int, *, now: datetime) -> Sequence[AffiliationItem]:
    """Return a person's affiliations at this moment, by the organisation's name."""
    rows = session.execute(
        select(
            Organisation.id,
            Organisation.public_id,
            Organisation.name,
            Organisation.country,
            Organisation.trust,
            Affiliation.confirmed_at,
        )
        .join(Organisation, Organisation.id == Affiliation.organisation_id)
        .where(Affiliation.account_id == account_id, Affiliation.valid_from <= now, _live(now))
        .order_by(Organisation.name, Organisation.id)
    )
    return [AffiliationItem(*row[:5], confirmed=row.confirmed_at is not None) for row in rows]


def _live(now: datetime) -> ColumnElement[bool]:
    return or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > now)


def _record(
    session: Session,
    actor: Actor,
    action: str,
    account: Account,
    organisation: Organisation,
    now: datetime,
    **details: bool,
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="account",
        object_id=account.public_id,
        now=now,
        details={"organisation": organisation.public_id, **details},
    )
