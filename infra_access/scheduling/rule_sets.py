"""Setting the booking rules of a facility or of one instrument."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes, instrument_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.scheduling.booking_rules import from_json
from infra_access.scheduling.models import BookingRuleSet


def set_booking_rules(
    session: Session, *, actor: Actor, now: datetime, subject: Facility | Instrument, rules: Mapping[str, Any]
) -> BookingRuleSet:
    """Replace the rules of a facility (its defaults) or an instrument.

    Raises Invalid naming each key that is not right.
    """
    facility = isinstance(subject, Facility)
    scopes = facility_scopes(session, subject) if isinstance(subject, Facility) else instrument_scopes(session, subject)
    require(actor, Permission.HOURS_WRITE, scopes)
    from_json(rules)
    column = BookingRuleSet.facility_id if facility else BookingRuleSet.instrument_id
    row = session.scalars(select(BookingRuleSet).where(column == subject.id).with_for_update()).one_or_none()
    if row is None:
        row = BookingRuleSet(**{column.key: subject.id}, rules=dict(rules))
        session.add(row)
    else:
        row.rules = dict(rules)
    session.flush()  # a second setting in the same transaction must find this row
    record(
        session,
        actor=actor,
        action="booking_rules.set",
        object_kind="facility" if facility else "instrument",
        object_id=subject.public_id,
        now=now,
        details=dict(rules),
    )
    return row
