"""What would keep a draft from being published, and which wishes it meets; each named in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.date_preferences import Days, dates_of
from infra_access.access_requests.vocabularies import AllocationState, DateKind
from infra_access.catalogue.models import Facility
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.scheduling.drafts.board_queries import BoardSession, sessions_of
from infra_access.scheduling.drafts.judging import Grant, Judge, drafted_use
from infra_access.scheduling.drafts.models import SessionSchedule
from infra_access.scheduling.drafts.waiting_list import drafted_units
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.quotas import Use


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know of a session, by its public id; `good` where a wish is met."""

    session: str
    code: str
    message: Text
    good: bool = False


def conflicts_of(
    session: Session, schedule: SessionSchedule, sessions: Sequence[BoardSession] | None = None, *, now: datetime
) -> list[Finding]:
    """Return what stands against each session of a draft, by start, and which preferred days are met.

    Publishing may find more: the policy is asked then. At most eight statements, however many sessions, and a few for
    each team where rules ask who it is.
    """
    sessions = sessions_of(session, schedule) if sessions is None else sessions
    if not sessions:
        return []
    facility = session.get_one(Facility, schedule.facility_id)
    period = TimeSpan(schedule.period_start, schedule.period_end)
    opened = hours_of(session, {facility.id: facility.timezone}, period)[facility.id].open_within(period)
    days = dates_of(session, {one.access_request.id for one in sessions})
    drafted = drafted_units(session, {one.allocation.id: one.allocation.access_unit for one in sessions})
    judge = Judge(session, facility, {one.instrument.id for one in sessions}, period, now)
    plants = _plant_times(session, sessions, period)
    found: list[Finding] = []
    before: list[Use] = []
    for number, one in enumerate(sessions, 1):
        grant = Grant(one.allocation, one.access_request, one.route)
        found += _standing(one)
        found += _amount(one, drafted.get(one.allocation.id, Decimal(0)))
        broken = judge.broken(grant, one.instrument.id, one.span, opened, before)
        found += [_finding(one, rule.code, rule.message) for rule in broken]
        # What cannot be published counts against nobody, as when it is published.
        before += [] if broken else [drafted_use(grant, number, one.instrument.id, one.span)]
        found += _plant(one, plants)
        found += _days(one, days[one.access_request.id], facility.timezone)
    return found


def _finding(one: BoardSession, code: str, message: Text, *, good: bool = False) -> Finding:
    return Finding(one.draft.public_id, code, message, good)


def _standing(one: BoardSession) -> Iterator[Finding]:
    if one.allocation.state != AllocationState.ACTIVE:
        yield _finding(one, "allocation", _("What was granted cannot be drawn on at present."))
    if not TimeSpan(one.allocation.valid_from, one.allocation.valid_until).contains(one.span):
        yield _finding(one, "period", _("It lies outside the period for which access was granted."))
    if not one.resource.active or offer_of(one.instrument) is Offer.ASK:
        yield _finding(one, "resource", _("What it takes is out of use."))


def _amount(one: BoardSession, drafted: Decimal) -> Iterator[Finding]:
    left = one.allocation.amount - one.allocation.used
    if drafted > left:
        values = {"drafted": str(drafted), "left": str(left)}
        message = _("All drafts for this team take ${drafted} access units, and ${left} are left.", mapping=values)
        yield _finding(one, "amount", message)


def _plant(one: BoardSession, plants: Mapping[int, Sequence[TimeSpan]]) -> Iterator[Finding]:
    key = one.resource.plant_id
    if key is not None and any(span.overlaps(one.span) for span in plants.get(key, ())):
        yield _finding(one, "plant", _("What the instrument runs on is closed then."))


def _days(one: BoardSession, days: Iterable[Days], zone: str) -> Iterator[Finding]:
    place = named_zone(zone)
    first = one.span.start.astimezone(place).date()
    last = (one.span.end - timedelta(microseconds=1)).astimezone(place).date()
    own = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    listed = list(days)
    for each in listed:
        if each.kind == DateKind.IMPOSSIBLE and any(each.has(day) for day in own):
            values = {"first": each.first, "last": each.last}
            message = _("The team cannot come from ${first} to ${last}.", mapping=values)
            yield _finding(one, "impossible", message)
    preferred = [each for each in listed if each.kind == DateKind.PREFERRED]
    if preferred and all(any(each.has(day) for each in preferred) for day in own):
        yield _finding(one, "preferred", _("On days that the team prefers."), good=True)


def _plant_times(session: Session, sessions: Iterable[BoardSession], period: TimeSpan) -> dict[int, list[TimeSpan]]:
    plants = {one.resource.plant_id for one in sessions if one.resource.plant_id is not None}
    found: dict[int, list[TimeSpan]] = {}
    if plants:
        for key, starts, ends in session.execute(
            select(Occupancy.resource_id, Occupancy.starts, Occupancy.ends).where(
                Occupancy.resource_id.in_(plants), Occupancy.starts < period.end, Occupancy.ends > period.start
            )
        ):
            found.setdefault(key, []).append(TimeSpan(starts, ends))
    return found
