"""What a booking would take, and whether it can: read under the locks, decided on plain values.

Creating, moving, proposing and approving all ask this one question, so that no path skips a rule.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, or_, select, union_all
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, InstrumentCompanion, Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan, merge
from infra_access.scheduling.booking_rules import BookingRules, BrokenRule, broken, change_overs, from_json, refuse
from infra_access.scheduling.hours import Hours, hours_of
from infra_access.scheduling.limits import NO_LIMITS, Limits
from infra_access.scheduling.models import BookingRuleSet
from infra_access.scheduling.nearest import Ground, conflict, nearest_free
from infra_access.scheduling.occupancies import Held, Taking, locking, occupied
from infra_access.scheduling.quotas import Tally

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
    """What the booking takes: a line for each resource, and the change-overs around the instrument's.

    `resources` are those of the lines, by key; `lapsed` are the bookings whose hold had its time and is in the way.
    """

    lines: tuple[Taking, ...]
    change_overs: tuple[Taking, ...]
    resources: Mapping[int, Resource]
    lapsed: frozenset[int] = frozenset()

    @property
    def takings(self) -> tuple[Taking, ...]:
        """Return every occupancy row to write."""
        return self.lines + self.change_overs


def rules_of(session: Session, instrument: Instrument, route_rules: Mapping[str, object] | None = None) -> BookingRules:
    """Return the rules in force: the facility's defaults, then the instrument's, then the route's. One statement."""
    rows = session.execute(
        select(BookingRuleSet.instrument_id, BookingRuleSet.rules).where(
            or_(BookingRuleSet.facility_id == instrument.facility_id, BookingRuleSet.instrument_id == instrument.id)
        )
    ).all()
    levels = [rules for _key, rules in sorted(rows, key=lambda row: row[0] is not None)]
    return from_json(*levels, route_rules or {})


def taken_together(instrument_id: int | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition for the resources that a session may take: an instrument's copies and its companions."""
    # As one list of keys: with OR between the two, PostgreSQL reads every resource there is.
    copies = select(Resource.id).where(Resource.instrument_id == instrument_id)
    companions = select(InstrumentCompanion.resource_id).where(InstrumentCompanion.instrument_id == instrument_id)
    return Resource.id.in_(union_all(copies, companions))


# Built once: making a statement anew costs as much as running it.
_candidates = select(Resource).where(taken_together(bindparam("instrument"))).order_by(Resource.id)
_CANDIDATES = _candidates.where(Resource.active.is_(True))
_LOCKED_CANDIDATES = locking(_candidates)


def candidates(session: Session, instrument: Instrument) -> tuple[list[Resource], list[Resource]]:
    """Return the active copies of an instrument and the companions that each session also takes. One statement."""
    rows = session.scalars(_CANDIDATES, {"instrument": instrument.id}).all()
    return _parted(rows, instrument)


def _locked_candidates(session: Session, instrument: Instrument) -> tuple[list[Resource], list[Resource]]:
    """Return the candidates and lock them against other takers, by ascending key; also those out of use."""
    return _parted(session.scalars(_LOCKED_CANDIDATES, {"instrument": instrument.id}).all(), instrument)


def _parted(rows: Iterable[Resource], instrument: Instrument) -> tuple[list[Resource], list[Resource]]:
    copies: list[Resource] = []
    companions: list[Resource] = []
    for row in rows:
        is_copy = row.instrument_id == instrument.id and row.kind == ResourceKind.INSTRUMENT
        (copies if is_copy else companions).append(row)
    return copies, companions


def make(
    session: Session,
    *,
    instrument: Instrument,
    facility: Facility,
    wishes: Sequence[Wish],
    rules: BookingRules,
    now: datetime,
    booking_id: int | None = None,
    hours: Hours | None = None,
    tally: Tally | None = None,
    asked_at: datetime | None = None,
    limits: Limits = NO_LIMITS,
) -> Plan:
    """Lock the resources and return what the booking takes. `booking_id` is the one being moved, not in its own way.

    `hours` are the facility's, where they were read already for the same wishes (see `reach_of`); `tally` is what
    quotas count of the holder's bookings; lead time and horizon count from `asked_at`, if that was before `now`.
    `limits` are those of the access rules, which `rules` and `tally` keep already but for the amount.
    Raises Invalid with every broken rule, or Conflict with the nearest alternatives.
    """
    window = reach_of(wishes, now)
    copies, companions = _locked_candidates(session, instrument)
    chosen = [(wish, _choices(wish, copies, companions)) for wish in wishes]
    copies, companions = ([row for row in rows if row.active] for rows in (copies, companions))
    touched = {row.id: row for _wish, rows in chosen for row in rows} | {row.id: row for row in companions}
    hours = hours or hours_of(session, {facility.id: facility.timezone}, window)[facility.id]
    opened = hours.open_within(window)
    asked = asked_at or now
    escorts = _escorts(chosen, companions)
    refuse(
        limits.told(
            [
                *(
                    problem
                    for span in sorted({wish.span for wish in wishes})
                    for problem in broken(
                        rules, span, now=asked, zone=facility.timezone, open_spans=opened, escorts=escorts
                    )
                ),
                *(tally.broken(_instrument_time(chosen)) if tally else ()),
                *limits.beyond(_instrument_time(chosen)),
            ]
        )
    )
    held = _held(session, touched.values(), rules, window, booking_id)
    lapsed = frozenset(one.booking_id for one in held if one.booking_id is not None and one.has_lapsed(now))
    ground = Ground(
        rules=rules,
        zone=facility.timezone,
        now=now,
        window=window,
        opened=tuple(opened),
        held=tuple(one for one in held if one.booking_id not in lapsed),
        tally=tally,
    )
    lines: list[Taking] = []
    around: list[Taking] = []
    for wish, rows in chosen:
        found = next((taken for row in rows if (taken := _fit(wish.span, row, ground, [*lines, *around]))), None)
        if found is None:
            raise conflict(wish.span, nearest_free(wish.span, rows, companions, ground), facility.timezone)
        lines.append(found[0])
        around += found[1:]
    refuse(_too_long(rules, lines, {wish.span for wish in wishes}, now=now, zone=facility.timezone))
    named = {line.resource_id for line in lines}
    for row in companions:
        if row.id in named:
            continue
        for span in merge(wish.span for wish in wishes):
            if ground.busy(row, span):
                raise conflict(span, nearest_free(span, copies, companions, ground), facility.timezone)
            lines.append(Taking(row.id, span))
    return Plan(tuple(lines), tuple(around), touched, lapsed)


def _too_long(
    rules: BookingRules, lines: Sequence[Taking], judged: Collection[TimeSpan], *, now: datetime, zone: str
) -> list[BrokenRule]:
    """Return where lines that follow each other on one resource come to a longer session than the rules allow."""
    on: dict[int, list[TimeSpan]] = {}
    for line in lines:
        on.setdefault(line.resource_id, []).append(line.span)
    joined = {span for spans in on.values() for span in merge(spans) if span not in judged}
    return [
        problem
        for span in sorted(joined)
        for problem in broken(rules, span, now=now, zone=zone)
        if problem.code == "max_length"
    ]


def reach_of(wishes: Sequence[Wish], now: datetime) -> TimeSpan:
    """Return the time that decides on a booking: its own, and the days around it in which something may be free."""
    whole = _whole(wishes)
    return TimeSpan(max(whole.start - _LOOK_BACK, min(now, whole.start)), whole.end + _LOOK_AHEAD)


def _whole(wishes: Sequence[Wish]) -> TimeSpan:
    if not wishes:
        message = _("Name at least one time.")
        raise Invalid("booking.lines", message, fields={"lines": [message]})
    whole = TimeSpan(min(wish.span.start for wish in wishes), max(wish.span.end for wish in wishes))
    if whole.length > LONGEST:
        message = _("A booking cannot be longer than a year, from its first line to its last.")
        raise Invalid("booking.too_long", message, fields={"end": [message]})
    return whole


def _choices(wish: Wish, copies: list[Resource], companions: list[Resource]) -> list[Resource]:
    if wish.resource is None:
        found = [row for row in copies if row.active]
        if not found:
            raise Conflict("instrument.no_resource", _("This instrument has nothing that can be booked at present."))
        return found
    found = [row for row in (*copies, *companions) if row.public_id == wish.resource]
    if not found:
        message = _("There is no such resource at this instrument.")
        raise Invalid("booking.resource", message, fields={"resource": [message]})
    if not found[0].active:
        raise Conflict("resource.withdrawn", _("What you chose was taken out of use. Load the page again."))
    return found


def _escorts(chosen: Sequence[tuple[Wish, list[Resource]]], companions: Iterable[Resource]) -> list[TimeSpan]:
    """Return when a person is part of the session: one named for a line, or one whom every session takes."""
    named = {rows[0].id for _wish, rows in chosen if rows[0].kind == ResourceKind.PERSON}
    if any(row.kind == ResourceKind.PERSON and row.id not in named for row in companions):
        return merge(wish.span for wish, _rows in chosen)
    return [wish.span for wish, rows in chosen if rows[0].id in named]


def _instrument_time(chosen: Sequence[tuple[Wish, list[Resource]]]) -> list[TimeSpan]:
    """Return the spans of the lines that take a copy of the instrument; quotas count no rooms and no people."""
    return [wish.span for wish, rows in chosen if rows[0].kind == ResourceKind.INSTRUMENT]


def _held(
    session: Session, touched: Collection[Resource], rules: BookingRules, window: TimeSpan, booking_id: int | None
) -> list[Held]:
    """Return what keeps the resources and their plants busy, as far as any change-over of the window reaches."""
    keys = {row.id for row in touched} | {row.plant_id for row in touched if row.plant_id is not None}
    reach = TimeSpan(
        window.start - timedelta(minutes=rules.buffer_before_minutes),
        window.end + timedelta(minutes=rules.buffer_after_minutes),
    )
    return [one for one in occupied(session, keys, reach) if booking_id is None or one.booking_id != booking_id]


def _fit(span: TimeSpan, row: Resource, ground: Ground, planned: Sequence[Taking]) -> list[Taking] | None:
    """Return the line and its change-overs on this resource, or None where something is in the way."""
    takings = [Taking(row.id, span)]
    if row.kind == ResourceKind.INSTRUMENT:
        takings += [Taking(row.id, part, "change_over") for part in change_overs(ground.rules, span)]
    for taking in takings:
        if ground.busy(row, taking.span):
            return None
        if any(one.resource_id == row.id and one.span.overlaps(taking.span) for one in planned):
            return None
    return takings
