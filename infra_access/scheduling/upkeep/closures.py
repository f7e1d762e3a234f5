"""Closing a resource for maintenance and opening it again; a closed plant closes what depends on it.

Bookings are never displaced in silence. What stands in the time can be seen first; then one action moves each booking
to the nearest window that suits it as well, or cancels it, and tells its owner.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, InstrumentCompanion, Resource
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, may, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import Text, _, plain
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.people.models import Account
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking
from infra_access.scheduling.occupancies import Taking, give_back, lock_resources, take
from infra_access.scheduling.plan import LONGEST
from infra_access.scheduling.recurrence import check_rule, occurrences
from infra_access.scheduling.upkeep.displacing import Affected, affected, displace
from infra_access.scheduling.upkeep.models import Closure
from infra_access.scheduling.upkeep.reach import Standing, dependants_of, lock_plant, standing
from infra_access.scheduling.upkeep.remaining import OVER, give_back_rest, give_way
from infra_access.scheduling.upkeep.report import Blocking, Displaced, Report
from infra_access.scheduling.upkeep.vocabularies import ClosureKind, ClosureState, Displace

_ATTEMPTS = 3

_REASONS: Mapping[ClosureKind, Text] = {
    ClosureKind.MAINTENANCE: _("It is closed for maintenance at that time."),
    ClosureKind.SHUTDOWN: _("It is shut down at that time."),
    ClosureKind.OTHER: _("It is closed at that time."),
}


def preview_closure(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    resource: Resource,
    span: TimeSpan,
    kind: str = ClosureKind.MAINTENANCE,
    rrule: str | None = None,
    displace: str = Displace.MOVE,
) -> Report:
    """Return what closing would come to, and leave nothing behind.

    It does all of it and takes it back, so that the preview cannot differ from what is done; the session must be one
    that may write.
    """
    _require(session, actor, facility, resource)
    closure = _new(actor, now, facility, resource, span, "", kind, rrule)
    how = Displace(fields.one_of(Displace)(displace, "displace"))
    nested = session.begin_nested()
    try:
        return _carry_out(session, actor, closure, resource, facility, how, now)
    finally:
        nested.rollback()


def close(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    resource: Resource,
    span: TimeSpan,
    label: str,
    kind: str = ClosureKind.MAINTENANCE,
    rrule: str | None = None,
    displace: str = Displace.REFUSE,
    preview: str | None = None,
) -> tuple[Closure, Report]:
    """Close a resource, and displace what stands in its way, in one action.

    `preview` is the token of what was shown before. Raises Conflict `closure.blocked` for what is never displaced,
    `closure.began` for sessions under way, `closure.bookings` where bookings are not to be displaced, and
    `closure.changed` where it would come to something else than was shown; each with the report.
    """
    _require(session, actor, facility, resource)
    closure = _new(actor, now, facility, resource, span, label, kind, rrule)
    how = Displace(fields.one_of(Displace)(displace, "displace"))
    report = _carry_out(session, actor, closure, resource, facility, how, now)
    _refuse(report, how, preview)
    record(
        session,
        actor=actor,
        action="resource.closed",
        object_kind="resource",
        object_id=resource.public_id,
        now=now,
        details={"closure": closure.public_id, "label": closure.label, "displace": how.value, **report.as_json()},
    )
    return closure, report


def withdraw_closure(
    session: Session, *, actor: Actor, now: datetime, closure: Closure, expected_version: int | None = None
) -> Closure:
    """Open a resource again from now on; what it was closed before stays so. Bookings that were displaced stay so."""
    facility = session.get_one(Facility, closure.facility_id)
    resource = session.get_one(Resource, closure.resource_id)
    _require(session, actor, facility, resource)
    lock_plant(session, resource)
    lock_resources(session, [closure.resource_id])
    session.refresh(closure)
    fields.check_version(closure.version, expected_version)
    if closure.state != ClosureState.PLANNED:
        raise Conflict("closure.withdrawn", _("This closure was withdrawn already."))
    closure.state = ClosureState.WITHDRAWN
    freed = give_back_rest(session, now, closure_id=closure.id, label=closure.label)
    session.flush()
    record(
        session,
        actor=actor,
        action="resource.reopened",
        object_kind="resource",
        object_id=resource.public_id,
        now=now,
        details={"closure": closure.public_id, "freed": len(freed)},
    )
    return closure


def _require(session: Session, actor: Actor, facility: Facility, resource: Resource) -> None:
    require(actor, Permission.MAINTENANCE_WRITE, facility_scopes(session, facility))
    if resource.facility_id != facility.id:
        message = _("This resource belongs to another facility.")
        raise Invalid("closure.resource", message, fields={"resource": [message]})


def _new(
    actor: Actor,
    now: datetime,
    facility: Facility,
    resource: Resource,
    span: TimeSpan,
    label: str,
    kind: str,
    rrule: str | None,
) -> Closure:
    return Closure(
        facility_id=facility.id,
        resource_id=resource.id,
        kind=fields.one_of(ClosureKind)(kind, "kind"),
        label=clean_line(label, field="label", max_length=200),
        starts=span.start,
        ends=span.end,
        rrule=rrule,
        state=ClosureState.PLANNED,
        created_by_id=actor.account_id,
        created_at=now,
    )


def _occurrences(facility: Facility, closure: Closure, now: datetime) -> tuple[list[TimeSpan], tuple[str, ...]]:
    """Return the spans, and the wall times that the clocks skip; of a repeated one, those that are not over.

    Raises Invalid for a closure that is over, too long, or reaches into the next.
    """
    whole = TimeSpan(closure.starts, closure.ends)
    if whole.length > LONGEST:
        raise fields.fault("closure.too_long", "end", _("A closure cannot be longer than a year."))
    spans = [whole]
    skipped: tuple[str, ...] = ()
    if closure.rrule is not None:
        zone = named_zone(facility.timezone)
        first, last = (moment.astimezone(zone) for moment in (whole.start, whole.end))
        folds = (_fold(first), _fold(last))
        rule = check_rule(closure.rrule)
        closure.rrule = rule.text
        found = occurrences(rule, first.replace(tzinfo=None), last.replace(tzinfo=None), zone, folds=folds)
        spans = [one.span for one in found if one.span is not None]
        skipped = tuple(one.wall_start.isoformat() for one in found if one.span is None)
    ahead = [span for span in spans if span.end > now]
    if not ahead:
        raise fields.fault("closure.past", "end", _("This time is over. Choose one that ends in the future."))
    if any(following.start < span.end for span, following in pairwise(ahead)):
        message = _("It would begin again before it ends. Make it shorter, or repeat it less often.")
        raise fields.fault("closure.overlaps_itself", "rrule", message)
    return ahead, skipped


def _fold(moment: datetime) -> Literal[0, 1]:
    return 1 if moment.fold else 0


def _carry_out(
    session: Session,
    actor: Actor,
    closure: Closure,
    resource: Resource,
    facility: Facility,
    how: Displace,
    now: datetime,
) -> Report:
    """Close the resource under every lock and displace what is in the way, or tell why that is not possible."""
    spans, skipped = _occurrences(facility, closure, now)
    lock_plant(session, resource)
    reached = dependants_of(session, resource)
    found, standing_there = _locked(session, resource, reached, spans, now)
    over = [one.booking.id for one in standing_there if one.booking.state in OVER]
    those = [one for one in standing_there if one.booking.state not in OVER]
    began = {one.booking.id for one in those if one.booking.starts <= now}
    before = {one.booking.id: TimeSpan(one.booking.starts, one.booking.ends) for one in those}
    possible = not found.blocking and not began and not (those and how is Displace.REFUSE)
    if possible:
        for key in over:
            give_way(session, key, spans)
        for key in sorted((found.bookings | found.lapsed) - set(over)):
            give_back(session, key)
        session.add(closure)
        session.flush()  # what it occupies names it
        takings = [Taking(resource.id, span, "maintenance") for span in spans]
        take(session, takings, booking_id=None, label=closure.label, closure_id=closure.id)
        reason = plain(_REASONS[ClosureKind(closure.kind)])
        for one in those:
            if displace(session, one, closed=spans, reason=reason, may_move=how is Displace.MOVE, now=now):
                one.booking.displaced_by_id = closure.id
        session.flush()
    owners = _names(session, those)
    office = may(actor, Permission.SCHEDULE_WRITE, facility_scopes(session, facility))
    return Report(
        tuple(spans),
        tuple(
            Displaced(
                booking=one.booking.public_id,
                instrument=one.place.instrument.name,
                owner=owners[one.booking.account_id],
                before=before[one.booking.id],
                after=TimeSpan(one.booking.starts, one.booking.ends)
                if possible and one.booking.state != BookingState.CANCELLED
                else None,
                outcome=_outcome(one.booking, one.booking.id in began, possible),
            )
            for one in those
        ),
        # What is only drafted looks like any booking but to the office.
        tuple(
            Blocking("booking" if one.kind == "draft" and not office else one.kind, one.span) for one in found.blocking
        ),
        skipped,
    )


def _locked(
    session: Session, resource: Resource, reached: Sequence[int], spans: list[TimeSpan], now: datetime
) -> tuple[Standing, list[Affected]]:
    """Lock the bookings in the way with all that they rest on, then every resource that they take or could take."""
    for _attempt in range(_ATTEMPTS):
        found = standing(session, resource, reached, spans, now)
        nested = session.begin_nested()
        those = affected(session, found.bookings, now)
        lock_resources(session, {*reached, *_taken_by(session, those)})
        there = standing(session, resource, reached, spans, now)
        if there.bookings <= found.bookings:
            nested.commit()
            return there, [one for one in those if one.booking.id in there.bookings]
        nested.rollback()  # somebody booked meanwhile: that booking has to be locked before the resources
    raise Conflict("closure.changed", _("Bookings are being made in this time just now. Please try again."))


def _taken_by(session: Session, those: Iterable[Affected]) -> set[int]:
    instruments = sorted({one.booking.instrument_id for one in those})
    copies = select(Resource.id).where(Resource.instrument_id.in_(instruments))
    beside = select(InstrumentCompanion.resource_id).where(InstrumentCompanion.instrument_id.in_(instruments))
    return set(session.scalars(copies.union_all(beside)))


def _outcome(booking: Booking, began: bool, displaced: bool) -> str:
    if began:
        return "began"
    if not displaced:
        return "stands"
    if booking.state == BookingState.CANCELLED:
        return "cancelled"
    return "moved_pending" if booking.state == BookingState.PENDING_APPROVAL else "moved"


def _names(session: Session, those: Iterable[Affected]) -> dict[int, str]:
    keys = sorted({one.booking.account_id for one in those})
    return dict(session.execute(select(Account.id, Account.name).where(Account.id.in_(keys))).all())


def _refuse(report: Report, how: Displace, preview: str | None) -> None:
    details = {"report": report.as_json()}
    if report.blocking:
        raise Conflict(
            "closure.blocked",
            _(
                "${count} other entries stand in this time, such as another closure or a drafted session, and are not "
                "displaced. Withdraw or move them first.",
                mapping={"count": len(report.blocking)},
            ),
            details=details,
        )
    began = report.count("began")
    if began:
        raise Conflict(
            "closure.began",
            _(
                "${count} sessions in this time have begun. Let them end, or end them, or begin the closure later.",
                mapping={"count": began},
            ),
            details=details,
        )
    if how is Displace.REFUSE and report.bookings:
        raise Conflict(
            "closure.bookings",
            _("${count} bookings stand in this time. Move or cancel them.", mapping={"count": len(report.bookings)}),
            details={"bookings": len(report.bookings), **details},
        )
    if preview is not None and preview != report.token:
        raise Conflict(
            "closure.changed",
            _("This would now come to something else than you saw. Nothing was done; look at it once more."),
            details=details,
        )
