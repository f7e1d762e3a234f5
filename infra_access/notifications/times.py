"""The mails about times of which none is a single booking: series, waits, and the status of an instrument."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.vocabularies import OperationalStatus, label
from infra_access.notifications.subject import Subject
from infra_access.scheduling.booking_queries import BookingView, entry_of
from infra_access.scheduling.lifecycle import FINAL, OCCUPYING
from infra_access.scheduling.models import Booking
from infra_access.scheduling.series.models import BookingSeries
from infra_access.scheduling.waiting.models import WaitListEntry


def wait(session: Session, payload: Mapping[str, Any]) -> Subject | None:
    """Return a wait that ended in vain, with where the next times are found."""
    row = session.execute(
        select(WaitListEntry.account_id, Instrument, Facility.name)
        .join(Instrument, Instrument.id == WaitListEntry.instrument_id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .where(WaitListEntry.public_id == payload.get("wait"))
    ).one_or_none()
    if row is None:
        return None
    account_id, instrument, facility = row
    path = f"/find-time?instrument={instrument.public_id}"
    return Subject(path, {"instrument": instrument.name, "facility": facility}, (account_id,))


def status(session: Session, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    """Return the change of an instrument's status; those who have booked time ahead are told, each once."""
    row = session.execute(
        select(Instrument, Facility)
        .join(Facility, Facility.id == Instrument.facility_id)
        .where(Instrument.public_id == payload.get("instrument"))
    ).one_or_none()
    if row is None:
        return None
    instrument, facility = row
    ahead = (
        select(Booking.account_id)
        .where(Booking.instrument_id == instrument.id, Booking.ends > now, Booking.state.in_(OCCUPYING - FINAL))
        .distinct()
    )
    return Subject(
        f"/instruments/{instrument.public_id}",
        {"instrument": instrument.name, "facility": facility.name},
        tuple(sorted(session.scalars(ahead))),
        payload.get("note", ""),
        words={"status": label(OperationalStatus(payload["status"]))},
    )


def series(session: Session, payload: Mapping[str, Any], base_url: str) -> Subject | None:
    """Return a series with every session of it, also those cancelled: calendars must hear of them too."""
    rows = session.execute(
        select(BookingSeries, Booking, Instrument, Facility)
        .join(Booking, Booking.series_id == BookingSeries.id)
        .join(Instrument, Instrument.id == BookingSeries.instrument_id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .where(BookingSeries.public_id == payload.get("series"))
        .order_by(Booking.starts)
    ).all()
    if not rows:
        return None
    found, _first, instrument, facility = rows[0]
    views = (BookingView(booking, instrument, facility, "") for _found, booking, _instrument, _facility in rows)
    return Subject(
        f"/booking-series/{found.public_id}",
        {"instrument": instrument.name, "facility": facility.name},
        (found.account_id,),
        entries=tuple(replace(entry_of(view, base_url=base_url), summary=instrument.name) for view in views),
    )
