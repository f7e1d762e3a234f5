"""Worlds in which to look for time: free windows filled from the truth, and a search that tries every minute."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, Resource
from infra_access.core.authority import Actor
from infra_access.core.timespan import TimeSpan, subtract
from infra_access.policy.applicants import facts_of
from infra_access.scheduling.booking_rules import BookingRules, broken, change_overs
from infra_access.scheduling.find_time.finding import Found, find_time
from infra_access.scheduling.find_time.questions import question
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.occupancies import occupied
from infra_access.scheduling.plan import candidates, rules_of
from infra_access.scheduling.windows.models import FreeWindow
from tests.factories.scheduling import MONDAY

HORIZON = timedelta(days=90)
MINUTE = timedelta(minutes=1)


def make_windows(session: Session, *, now: datetime = MONDAY) -> None:
    """Write the free windows of every resource, as the truth has them."""
    session.flush()
    whole = TimeSpan(now, now + HORIZON)
    rows = session.execute(
        select(Resource, Facility.timezone).join(Facility, Facility.id == Resource.facility_id)
    ).all()
    hours = hours_of(session, {resource.facility_id: zone for resource, zone in rows}, whole)
    session.execute(delete(FreeWindow))
    written = [
        {
            "resource_id": resource.id,
            "instrument_id": resource.instrument_id,
            "starts": span.start,
            "ends": span.end,
        }
        for resource, _zone in rows
        for span in subtract(hours[resource.facility_id].open_within(whole), taken(session, resource, whole))
    ]
    if written:
        session.execute(insert(FreeWindow), written)
    session.flush()


def taken(session: Session, resource: Resource, whole: TimeSpan) -> list[TimeSpan]:
    """Return when a resource or its plant is taken."""
    keys = [resource.id] + ([resource.plant_id] if resource.plant_id is not None else [])
    return [one.span for one in occupied(session, keys, whole)]


def asked(
    session: Session, actor: Actor, *, now: datetime = MONDAY, hours: float = 1, known: bool = True, **values: Any
) -> Found:
    """Ask for a session of so many hours within two weeks; `known` is whether it is known who asks."""
    given = {"start": now, "end": now + timedelta(days=14), "minutes": int(hours * 60)} | values
    if "quantity" in values:
        given["minutes"] = None
    whole = question(now=now, **given)
    return find_time(
        session,
        whole,
        applicant=lambda book: facts_of(session, actor, acting_for_id=None, now=now, book=book),
        now=now,
        actor=actor if known else None,
    )


def first_fit(
    session: Session, instrument: Instrument, facility: Facility, window: TimeSpan, length: timedelta, now: datetime
) -> TimeSpan | None:
    """Return the first session that could be booked, found by trying every quarter of an hour."""
    rules = rules_of(session, instrument)
    copies, companions = candidates(session, instrument)
    around = TimeSpan(window.start - timedelta(days=1), window.end + timedelta(days=1))
    opened = hours_of(session, {facility.id: facility.timezone}, around)[facility.id].open_within(around)
    busy = {row.id: taken(session, row, around) for row in (*copies, *companions)}
    for span in tries(window, length, rules):
        if broken(rules, span, now=now, zone=facility.timezone, open_spans=opened):
            continue
        if any(one.overlaps(span) for row in companions for one in busy[row.id]):
            continue
        parts = [span, *change_overs(rules, span)]
        if any(not any(one.overlaps(part) for one in busy[row.id] for part in parts) for row in copies):
            return span
    return None


def tries(window: TimeSpan, length: timedelta, rules: BookingRules) -> Iterable[TimeSpan]:
    """Yield every session that starts at a quarter of an hour, as long as asked or as the rules want it."""
    minutes = max(length // MINUTE, rules.min_minutes)
    rounded = -(-minutes // rules.granularity_minutes) * rules.granularity_minutes * MINUTE
    start = window.start
    while start + rounded <= window.end:
        yield TimeSpan(start, start + rounded)
        start += 15 * MINUTE
