"""Funding sources: who pays, and how much of it is left. Bookings reserve under the row's lock, never beyond it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from infra_access.accounting.models import FundingSource
from infra_access.accounting.vocabularies import FundingKind
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Forbidden, NotFound
from infra_access.core.i18n import Money, _
from infra_access.people.models import Affiliation

MOST = Decimal(10**9)
_CHANGED = ("name", "reference", "limit_amount", "valid_from", "valid_until", "active")
_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)
_CHECKS = {
    "kind": fields.one_of(FundingKind),
    "name": fields.line(200, required=True),
    "reference": fields.line(200),
}


def create_funding(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    name: str,
    reference: str,
    currency: str,
    limit_amount: Decimal,
    valid_from: date,
    valid_until: date,
    organisation: Organisation | None = None,
) -> FundingSource:
    """State where money comes from, up to which amount and from when until when (both days included).

    It belongs to the actor, or to an organisation that confirmed the actor. Raises Invalid, Forbidden.
    """
    require(actor, Permission.FUNDING_CREATE)
    values = fields.cleaned({"kind": kind, "name": name, "reference": reference}, _CHECKS)
    _refuse_amount(currency, limit_amount, valid_from, valid_until)
    if organisation is not None and organisation.id not in _member_of(session, actor, now):
        message = _("Only people whom an organisation has confirmed can spend its money. Ask it to confirm you.")
        raise Forbidden("funding.not_member", message)
    funding = FundingSource(
        account_id=None if organisation else actor.account_id,
        organisation_id=organisation.id if organisation else None,
        currency=currency,
        limit_amount=limit_amount,
        used=Decimal(0),
        valid_from=valid_from,
        valid_until=valid_until,
        created_at=now,
        **values,
    )
    session.add(funding)
    session.flush()
    record(
        session,
        actor=actor,
        action="funding.created",
        object_kind="funding_source",
        object_id=funding.public_id,
        now=now,
        details={"kind": funding.kind, "limit": str(limit_amount), "currency": currency},
    )
    return funding


def funding_by_public_id(session: Session, public_id: str, *, actor: Actor, now: datetime) -> FundingSource:
    """Return a source that the actor may spend. Raises NotFound `funding.unknown`."""
    found = session.scalars(select(FundingSource).where(FundingSource.public_id == public_id)).one_or_none()
    if found is None or not _may_spend(session, found, actor, now):
        raise _unknown()
    return found


def update_funding(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    funding: FundingSource,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> FundingSource:
    """Put a source right: `name`, `reference`, `limit_amount`, `valid_from`, `valid_until`, `active`.

    What is reserved already stays reserved. Raises NotFound for a source that is not the actor's, Conflict
    `funding.used` for a limit below what is reserved or spent.
    """
    require(actor, Permission.FUNDING_CREATE)
    locked = _locked(session, FundingSource.id == funding.id)
    if locked is None or not _may_spend(session, locked, actor, now):
        raise _unknown()
    fields.check_version(locked.version, expected_version)
    given = {name: changes.get(name, getattr(locked, name)) for name in _CHANGED}
    _refuse_amount(locked.currency, given["limit_amount"], given["valid_from"], given["valid_until"])
    if given["limit_amount"] < locked.used:
        message = _(
            "${used} of it are booked or spent already. The limit cannot be lower.",
            mapping={"used": Money(locked.used, locked.currency)},
        )
        raise Conflict("funding.used", message, details={"used": f"{locked.used:.2f}"})
    given |= fields.cleaned({name: given[name] for name in ("name", "reference")}, _CHECKS)
    given["active"] = fields.flag(given["active"], "active")
    for name, value in given.items():
        setattr(locked, name, value)
    session.flush()
    details = {name: value if isinstance(value, bool) else str(value) for name, value in given.items()}
    record(
        session,
        actor=actor,
        action="funding.updated",
        object_kind="funding_source",
        object_id=locked.public_id,
        now=now,
        details=details,
    )
    return locked


def lock_funding(
    session: Session, public_id: str, *, actor: Actor, now: datetime, currency: str, day: date
) -> FundingSource:
    """Lock a source that the actor may spend, for an amount in a currency on a day.

    Raises NotFound `funding.unknown`, Conflict `funding.currency` or `funding.invalid`.
    """
    funding = _locked(session, FundingSource.public_id == public_id)
    if funding is None or not _may_spend(session, funding, actor, now):
        raise _unknown()
    refuse_day(funding, day)
    if funding.currency != currency:
        raise Conflict(
            "funding.currency",
            _(
                "This funding source is in ${has}, and the price is in ${wants}. Choose another source.",
                mapping={"has": funding.currency, "wants": currency},
            ),
        )
    return funding


def refuse_day(funding: FundingSource, day: date) -> None:
    """Raise Conflict `funding.invalid` for a day on which a source does not pay."""
    if not funding.active or not funding.valid_from <= day <= funding.valid_until:
        raise Conflict(
            "funding.invalid",
            _(
                "This funding source is valid from ${first} until ${last}. Choose a day within it, or another source.",
                mapping={"first": funding.valid_from, "last": funding.valid_until},
            ),
            details={"from": funding.valid_from.isoformat(), "until": funding.valid_until.isoformat()},
        )


def reserve(session: Session, funding: FundingSource, amount: Decimal) -> None:
    """Reserve an amount of a locked source. Raises Conflict `funding.overdrawn`, which says what is left."""
    left = funding.limit_amount - funding.used
    if amount > left:
        raise Conflict(
            "funding.overdrawn",
            _(
                "This costs ${amount}, and ${left} are left of ${name}. Choose another source.",
                mapping={
                    "amount": Money(amount, funding.currency),
                    "left": Money(left, funding.currency),
                    "name": funding.name,
                },
            ),
            details={"left": f"{left:.2f}", "amount": f"{amount:.2f}", "currency": funding.currency},
        )
    funding.used += amount
    session.flush()


def give_back(session: Session, funding_id: int, amount: Decimal) -> None:
    """Give back an amount that was reserved, whatever became of the source."""
    funding = _locked(session, FundingSource.id == funding_id)
    if funding is not None:
        funding.used = max(funding.used - amount, Decimal(0))
        session.flush()


def lock_by_key(session: Session, funding_id: int) -> FundingSource:
    """Lock a source that something was reserved of already, whoever corrects it."""
    funding = _locked(session, FundingSource.id == funding_id)
    if funding is None:
        raise NotFound("funding.unknown", _("There is no such funding source."))
    return funding


def funding_of(session: Session, *, actor: Actor, now: datetime) -> Sequence[FundingSource]:
    """Return the sources that the actor may spend, those that last longest first."""
    require(actor, Permission.FUNDING_CREATE)
    return session.scalars(
        select(FundingSource)
        .where(
            or_(
                FundingSource.account_id == actor.account_id,
                FundingSource.organisation_id.in_(_member_of(session, actor, now)),
            )
        )
        .order_by(FundingSource.valid_until.desc(), FundingSource.id.desc())
        .limit(fields.MAX_ITEMS)
    ).all()


def _refuse_amount(currency: str, limit_amount: Decimal, valid_from: date, valid_until: date) -> None:
    if not _CURRENCY.fullmatch(currency):
        raise fields.fault("funding.currency_code", "currency", _("Give a currency as three letters, such as EUR."))
    if not limit_amount.is_finite() or not 0 < limit_amount <= MOST or limit_amount != round(limit_amount, 2):
        message = _("Give an amount above 0 and up to ${most}, with at most two decimals.", mapping={"most": str(MOST)})
        raise fields.fault("funding.limit", "limit_amount", message)
    if valid_until < valid_from:
        raise fields.fault("time.order", "valid_until", _("This lies before the first day."))


def _unknown() -> NotFound:
    return NotFound("funding.unknown", _("There is no such funding source, or it is not yours to spend."))


def _may_spend(session: Session, funding: FundingSource, actor: Actor, now: datetime) -> bool:
    if funding.organisation_id is None:
        return funding.account_id == actor.account_id
    return funding.organisation_id in _member_of(session, actor, now)


def _member_of(session: Session, actor: Actor, now: datetime) -> set[int]:
    return set(
        session.scalars(
            select(Affiliation.organisation_id).where(
                Affiliation.account_id == actor.account_id,
                Affiliation.confirmed_at <= now,
                Affiliation.valid_from <= now,
                or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > now),
            )
        )
    )


def _locked(session: Session, condition: ColumnElement[bool]) -> FundingSource | None:
    session.flush()
    return session.scalars(
        select(FundingSource).where(condition).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one_or_none()
