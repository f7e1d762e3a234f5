"""Contributions in kind: noted by who answers for the organisation's country, and put right only by a further line."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.scopes import organisation_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_text
from infra_access.ledger.models import Contribution
from infra_access.measurement.reciprocity import FIRST_YEAR

_MOST = Decimal(10**9)
_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)


def note_contribution(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    organisation: Organisation,
    what: str,
    value: Decimal,
    currency: str,
    given_on: date,
    reason: str,
    corrects: str | None = None,
) -> Contribution:
    """Note what an organisation gave the network in kind, at a stated value, and on what the value rests.

    A line that corrects another one says what is added to it, negative where something is taken back; it stands on
    the same day and in the same currency. Raises Invalid naming the field at fault, Forbidden, NotFound
    `contribution.unknown`.
    """
    require(actor, Permission.CONTRIBUTION_WRITE, organisation_scopes(organisation))
    values = fields.cleaned({"what": what, "currency": currency}, _LINES)
    reason = clean_text(reason, field="reason", max_length=2_000, required=True)
    _refuse_day(given_on, now)
    corrected = _locked(session, organisation, corrects) if corrects is not None else None
    _refuse_value(session, value, values["currency"], corrected)
    noted = Contribution(
        public_id=new_public_id(),
        organisation_id=organisation.id,
        corrects_id=corrected.id if corrected else None,
        value=value,
        given_on=corrected.given_on if corrected else given_on,
        reason=reason,
        noted_by_id=actor.account_id,
        noted_at=now,
        **values,
    )
    session.add(noted)
    session.flush()
    details: dict[str, Any] = {"value": str(value), "currency": noted.currency, "reason": reason, "corrects": corrects}
    record(
        session,
        actor=actor,
        action="contribution.noted",
        object_kind="organisation",
        object_id=organisation.public_id,
        now=now,
        details={"contribution": noted.public_id, **details},
    )
    return noted


def _currency(value: Any, field: str) -> str:
    code: str = fields.line(3, required=True)(value, field)
    if not _CURRENCY.fullmatch(code):
        raise fields.fault("contribution.currency", field, _("Give a currency as three letters, such as EUR."))
    return code


_LINES: Mapping[str, fields.Cleaner] = {"what": fields.line(300, required=True), "currency": _currency}


def _locked(session: Session, organisation: Organisation, public_id: str) -> Contribution:
    """Lock the line that is corrected, since two corrections at once would each see what was there before."""
    found = session.scalars(
        select(Contribution)
        .where(Contribution.public_id == public_id, Contribution.organisation_id == organisation.id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise NotFound("contribution.unknown", _("There is no such contribution of this organisation."))
    return found


def _refuse_day(given_on: date, now: datetime) -> None:
    # Where it was given it may be tomorrow already.
    if not date(FIRST_YEAR, 1, 1) <= given_on <= now.date() + timedelta(days=1):
        raise fields.fault("contribution.day", "given_on", _("Give the day on which it was given, not one to come."))


def _refuse_value(session: Session, value: Decimal, currency: str, corrected: Contribution | None) -> None:
    if not value.is_finite() or not value or abs(value) > _MOST or value != round(value, 2):
        raise fields.fault("contribution.value", "value", _("Give an amount with at most two decimals, and not zero."))
    if corrected is None:
        if value < 0:
            message = _("Give an amount above zero; only a correction takes something back.")
            raise fields.fault("contribution.value", "value", message)
        return
    if corrected.corrects_id is not None:
        message = _("This line corrects another. Correct that one again.")
        raise fields.fault("contribution.corrects", "corrects", message)
    if currency != corrected.currency:
        message = _("The line that this corrects is in ${currency}.", mapping={"currency": corrected.currency})
        raise fields.fault("contribution.currency", "currency", message)
    so_far = session.scalar(select(func.sum(Contribution.value)).where(Contribution.corrects_id == corrected.id))
    if corrected.value + (so_far or Decimal(0)) + value < 0:
        raise fields.fault("contribution.below_zero", "value", _("This takes back more than there is."))
