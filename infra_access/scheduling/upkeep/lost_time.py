"""Lost time: when and why the instrument could not be used in a session, for one session or for all at once.

An instant is lost once, whoever records it and however often: what is recorded already is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument, Resource
from infra_access.catalogue.scopes import facility_scopes, instrument_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.core.timespan import TimeSpan, merge, subtract
from infra_access.ledger.vocabularies import UsageKind
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.settling import settle_booking
from infra_access.scheduling.upkeep.models import LostTime
from infra_access.scheduling.upkeep.reach import dependants_of
from infra_access.scheduling.upkeep.remaining import OVER
from infra_access.scheduling.upkeep.vocabularies import Cause

SETTLED = OVER
_WITH_SESSIONS = (BookingState.CONFIRMED, BookingState.READY, BookingState.CHECKED_IN, *SETTLED)
_LONGEST = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Outage:
    """What an outage cost: what was newly recorded for each session, by the public id of its booking."""

    lost: Mapping[str, tuple[TimeSpan, ...]]

    @property
    def hours(self) -> Decimal:
        """Return how long all sessions together were without their instrument."""
        seconds = sum((span.length for spans in self.lost.values() for span in spans), timedelta()).total_seconds()
        return (Decimal(int(seconds)) / 3600).quantize(Decimal("0.01"))


def record_lost_time(
    session: Session, *, actor: Actor, now: datetime, booking: Booking, span: TimeSpan, cause: str, note: str = ""
) -> list[LostTime]:
    """Record lost time of one session, and return what is new of it. A settled session gets the lines that correct it.

    Raises Invalid for time outside the session or ahead, Conflict `lost_time.known` where all of it is recorded.
    """
    require(actor, Permission.MAINTENANCE_WRITE, instrument_scopes(session, _instrument(session, booking)))
    cause, note = _cleaned(span, cause, note, now)
    (booking,) = _locked(session, [booking.id])
    if booking.state not in _WITH_SESSIONS:
        raise Conflict("lost_time.no_session", _("This booking has no session that could lose time."))
    if not TimeSpan(booking.starts, booking.ends).contains(span):
        message = _("The time must lie within the session.")
        raise Invalid("lost_time.outside", message, fields={"start": [message]})
    rows = _write(session, actor, now, booking, [span], cause, note)
    if not rows:
        raise Conflict("lost_time.known", _("All of this time is recorded as lost already."))
    record(
        session,
        actor=actor,
        action="booking.lost_time",
        object_kind="booking",
        object_id=booking.public_id,
        now=now,
        details={"cause": cause, "lost": [_told(TimeSpan(row.starts, row.ends)) for row in rows]},
    )
    return rows


def record_outage(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    resource: Resource,
    span: TimeSpan,
    cause: str,
    note: str = "",
) -> Outage:
    """Record lost time of every session that needed a resource, or a plant, in a span.

    Raises Conflict `outage.nobody` where no session lost anything that was not recorded yet.
    """
    require(actor, Permission.MAINTENANCE_WRITE, facility_scopes(session, facility))
    if resource.facility_id != facility.id:
        message = _("This resource belongs to another facility.")
        raise Invalid("outage.resource", message, fields={"resource": [message]})
    cause, note = _cleaned(span, cause, note, now)
    lines = _lines_within(session, dependants_of(session, resource), span)
    lost: dict[str, tuple[TimeSpan, ...]] = {}
    for booking in _locked(session, lines):
        if booking.state in _WITH_SESSIONS:
            rows = _write(session, actor, now, booking, lines[booking.id], cause, note)
            if rows:
                lost[booking.public_id] = tuple(TimeSpan(row.starts, row.ends) for row in rows)
    if not lost:
        raise Conflict("outage.nobody", _("No session stood in this time, or all of it is recorded as lost already."))
    record(
        session,
        actor=actor,
        action="resource.outage",
        object_kind="resource",
        object_id=resource.public_id,
        now=now,
        details={"cause": cause, **_told(span), "lost": {key: [_told(one) for one in lost[key]] for key in lost}},
    )
    return Outage(lost)


def lost_time_of(session: Session, booking_id: int) -> Sequence[LostTime]:
    """Return the lost time of a booking, by start."""
    return session.scalars(
        select(LostTime).where(LostTime.booking_id == booking_id).order_by(LostTime.starts, LostTime.id)
    ).all()


def lost_spans(session: Session, booking_id: int) -> list[TimeSpan]:
    """Return when a booking's instrument could not be used."""
    return [TimeSpan(row.starts, row.ends) for row in lost_time_of(session, booking_id)]


def _cleaned(span: TimeSpan, cause: str, note: str, now: datetime) -> tuple[str, str]:
    if span.end > now:
        raise fields.fault("lost_time.ahead", "end", _("Time can be recorded as lost once it is past."))
    if span.length > _LONGEST:
        raise fields.fault("lost_time.too_long", "end", _("Record at most 92 days at a time."))
    return str(fields.one_of(Cause)(cause, "cause")), clean_text(note, field="note", max_length=2_000)


def _locked(session: Session, keys: Iterable[int]) -> Sequence[Booking]:
    locked = select(Booking).where(Booking.id.in_(sorted(keys))).order_by(Booking.id).with_for_update(key_share=True)
    return session.scalars(locked.execution_options(populate_existing=True)).all()


def _lines_within(session: Session, resources: Iterable[int], span: TimeSpan) -> dict[int, list[TimeSpan]]:
    """Return the parts of bookings' lines on these resources that lie in the span, by the key of the booking."""
    found: dict[int, list[TimeSpan]] = {}
    for key, starts, ends in session.execute(
        select(BookingLine.booking_id, BookingLine.starts, BookingLine.ends).where(
            BookingLine.resource_id.in_(sorted(resources)),
            BookingLine.starts < span.end,
            BookingLine.ends > span.start,
        )
    ):
        part = TimeSpan(starts, ends).clip(span)
        if part is not None:
            found.setdefault(key, []).append(part)
    return found


def _write(
    session: Session,
    actor: Actor,
    now: datetime,
    booking: Booking,
    spans: Sequence[TimeSpan],
    cause: str,
    note: str,
) -> list[LostTime]:
    """Write what is new, within the time that the session took; correct what it came to where that is settled."""
    known = lost_spans(session, booking.id)
    last = booking.ended_at or booking.ends
    whole = TimeSpan(booking.starts, last) if booking.starts < last else None
    within = [part for span in merge(spans) if whole is not None and (part := span.clip(whole)) is not None]
    rows = [
        LostTime(
            booking_id=booking.id,
            starts=part.start,
            ends=part.end,
            cause=cause,
            note=note,
            recorded_by_id=actor.account_id,
            recorded_at=now,
        )
        for part in subtract(within, known)
    ]
    session.add_all(rows)
    session.flush()
    if rows and booking.state in SETTLED:
        kind = UsageKind.NO_SHOW if booking.state == BookingState.NO_SHOW else UsageKind.USED
        settle_booking(session, now=now, actor=actor, booking=booking, lost=lost_spans(session, booking.id), kind=kind)
    return rows


def _instrument(session: Session, booking: Booking) -> Instrument:
    return session.get_one(Instrument, booking.instrument_id)


def _told(span: TimeSpan) -> dict[str, str]:
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}
