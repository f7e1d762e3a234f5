"""What a booking would take, and whether it can: read under the locks, decided on plain values.

Creating, moving, proposing and approving all ask this one question, so that no path skips a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, InstrumentCompanion, Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan, subtract
from infra_access.core.zones import named_zone
from infra_access.scheduling.availability import alternatives
from infra_access.scheduling.booking_rules import BookingRules, broken, change_overs, from_json, refuse
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.models import BookingRuleSet
from infra_access.scheduling.occupancies import Held, Taking, lock_resources, occupied

_LOOK_BACK = timedelta(days=3)
_LOOK_AHEAD = timedelta(days=14)
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Wish:
    """One line as asked for: a span of a named resource, or of any copy of the instrument (None)."""

    span: TimeSpan
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the booking takes: a line for each resource, and the change-overs around the instrument's."""

    lines: tuple[Taking, ...]
    change_overs: tuple[Taking, ...]

    @property
    def takings(self) -> tuple[Taking, ...]:
        """Return every occupancy row to write."""
        return self.lines + self.change_overs


def rules_of(session: Session, instrument: Instrument, route_rules: dict[str, object] | None = None) -> BookingRules:
    """Return the rules in force: the facility's defaults, then the instrument's, then the route's. One statement."""
    rows = session.execute(
        select(BookingRuleSet.instrument_id, BookingRuleSet.rules).where(
            or_(BookingRuleSet.facility_id == instrument.facility_id, BookingRuleSet.instrument_id == instrument.id)
        )
    ).all()
    levels = [rules for _key, rules in sorted(rows, key=lambda row: row[0] is not None)]
    return from_json(*levels, route_rules or {})


def candidates(session: Session, instrument: Instrument) -> tuple[list[Resource], list[Resource]]:
    """Return the active copies of an instrument and the companions that each session also takes. One statement."""
    companions = select(InstrumentCompanion.resource_id).where(InstrumentCompanion.instrument_id == instrument.id)
    rows = session.scalars(
        select(Resource)
        .where(
            Resource.active.is_(True),
            or_(Resource.instrument_id == instrument.id, Resource.id.in_(companions)),
        )
        .order_by(Resource.id)
    ).all()
    copies = [row for row in rows if row.instrument_id == instrument.id and row.kind == ResourceKind.INSTRUMENT]
    return copies, [row for row in rows if row not in copies]


def make(
    session: Session,
    *,
    instrument: Instrument,
    facility: Facility,
    wishes: Sequence[Wish],
    rules: BookingRules,
    now: datetime,
    booking_id: int | None = None,
) -> Plan:
    """Lock the resources and return what the booking takes. `booking_id` is the one being moved, not in its own way.

    Raises Invalid with every broken rule, or Conflict with the nearest alternatives.
    """
    copies, companions = candidates(session, instrument)
    chosen = [(wish, _choices(wish, copies, companions)) for wish in wishes]
    if not chosen:
        raise Invalid("booking.lines", _("Name at least one time."), fields={"lines": [_("Name at least one time.")]})
    whole = TimeSpan(min(wish.span.start for wish in wishes), max(wish.span.end for wish in wishes))
    if whole.length > LONGEST:
        raise Invalid(
            "booking.too_long", _("A booking cannot be longer than a year."), fields={"end": [_("Too late.")]}
        )
    touched = {row.id: row for _wish, rows in chosen for row in rows} | {row.id: row for row in companions}
    lock_resources(session, touched)
    window = TimeSpan(max(whole.start - _LOOK_BACK, now) if now < whole.start else whole.start, whole.end + _LOOK_AHEAD)
    opened = hours_of(session, {facility.id: facility.timezone}, window)[facility.id].open_within(window)
    refuse(
        problem
        for span in sorted({wish.span for wish in wishes})
        for problem in broken(rules, span, now=now, zone=facility.timezone, open_spans=opened)
    )
    plants = {row.plant_id for row in touched.values() if row.plant_id is not None}
    held = [
        one
        for one in occupied(session, {*touched, *plants}, window)
        if booking_id is None or one.booking_id != booking_id
    ]
    closing = {row.id: {row.id, row.plant_id} for row in touched.values()}
    lines: list[Taking] = []
    around: list[Taking] = []
    for wish, rows in chosen:
        row = next((row for row in rows if _fits(wish.span, rules, row, closing, held, lines)), None)
        if row is None:
            raise _taken(wish, rows, companions, rules, opened, held, closing, now, facility.timezone)
        lines.append(Taking(row.id, wish.span))
        if row.kind == ResourceKind.INSTRUMENT:
            around += [Taking(row.id, span, "change_over") for span in change_overs(rules, wish.span)]
    named = {line.resource_id for line in lines}
    for row in companions:
        if row.id in named:
            continue
        if any(one.span.overlaps(whole) for one in held if one.resource_id in closing[row.id]):
            raise _taken(Wish(whole), copies, companions, rules, opened, held, closing, now, facility.timezone)
        lines.append(Taking(row.id, whole))
    return Plan(tuple(lines), tuple(around))


def _choices(wish: Wish, copies: list[Resource], companions: list[Resource]) -> list[Resource]:
    if wish.resource is None:
        if not copies:
            raise Conflict("instrument.no_resource", _("This instrument has nothing that can be booked at present."))
        return copies
    found = [row for row in (*copies, *companions) if row.public_id == wish.resource]
    if not found:
        message = _("There is no such resource at this instrument.")
        raise Invalid("booking.resource", message, fields={"resource": [message]})
    return found


def _fits(
    span: TimeSpan,
    rules: BookingRules,
    row: Resource,
    closing: dict[int, set[int | None]],
    held: list[Held],
    lines: list[Taking],
) -> bool:
    spans = [span]
    if row.kind == ResourceKind.INSTRUMENT:
        spans += change_overs(rules, span)
    return not any(
        one.span.overlaps(part) for one in held if one.resource_id in closing[row.id] for part in spans
    ) and not any(line.resource_id == row.id and line.span.overlaps(span) for line in lines)


def _taken(
    wish: Wish,
    rows: Sequence[Resource],
    companions: Sequence[Resource],
    rules: BookingRules,
    opened: Sequence[TimeSpan],
    held: Sequence[Held],
    closing: dict[int, set[int | None]],
    now: datetime,
    zone: str,
) -> Conflict:
    """Return the refusal with the nearest spans at which some copy and every companion are free."""
    before = timedelta(minutes=rules.buffer_before_minutes)
    after = timedelta(minutes=rules.buffer_after_minutes)
    shared = [one.span for row in companions for one in held if one.resource_id in closing[row.id]]
    found: set[TimeSpan] = set()
    for row in rows:
        own = [
            TimeSpan(one.span.start - after, one.span.end + before)
            for one in held
            if one.resource_id in closing[row.id]
        ]
        found.update(
            alternatives(
                subtract(opened, [*own, *shared]),
                wish.span.length,
                wish.span.start,
                rules.granularity,
                not_before=now,
                allowed=lambda span: not broken(rules, span, now=now, zone=zone),
            )
        )
    nearest = sorted(sorted(found, key=lambda span: abs(span.start - wish.span.start))[:3])
    return conflict(wish.span, nearest, zone)


def conflict(span: TimeSpan, nearest: Sequence[TimeSpan], zone: str) -> Conflict:
    """Return the refusal of a taken span: when, where in the facility's time, and what is free instead.

    It never tells whose booking stands there.
    """
    values = {"span": _local(span, zone), "zone": zone, "free": "; ".join(_local(one, zone) for one in nearest)}
    message: Text
    if nearest:
        message = _("Something else takes part of ${span} (${zone}). Free next: ${free}.", mapping=values)
    else:
        message = _("Something else takes part of ${span} (${zone}). Nothing as long is free nearby.", mapping=values)
    return Conflict(
        "booking.overlap",
        message,
        details={
            "alternatives": [
                {
                    "start": one.start.isoformat().replace("+00:00", "Z"),
                    "end": one.end.isoformat().replace("+00:00", "Z"),
                }
                for one in nearest
            ]
        },
    )


def _local(span: TimeSpan, zone: str) -> str:
    place = named_zone(zone)
    start, end = span.start.astimezone(place), span.end.astimezone(place)
    return (
        f"{start:%Y-%m-%d %H:%M}-{end:%H:%M}"
        if start.date() == end.date()
        else f"{start:%Y-%m-%d %H:%M}-{end:%Y-%m-%d %H:%M}"
    )
