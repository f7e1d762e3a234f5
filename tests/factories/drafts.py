"""What the facility schedules, for tests: teams with days, a user office, schedules with sessions."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.date_preferences import set_dates
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.core.authority import Actor
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.drafts.schedules import create_schedule
from infra_access.scheduling.drafts.sessions import draft_session
from infra_access.scheduling.places import Place
from tests.factories.people import make_actor
from tests.factories.scheduling import MONDAY, make_allocation

FORTNIGHT = TimeSpan(MONDAY.replace(hour=0) + timedelta(days=7), MONDAY.replace(hour=0) + timedelta(days=21))


@dataclass(frozen=True, slots=True)
class Team:
    """A team with what it was granted."""

    actor: Actor
    allocation: Allocation
    access_request: AccessRequest


def make_team(session: Session, place: Place, *, hours: int = 8, **overrides: Any) -> Team:
    """Grant a new person's team hours on an instrument, of which the facility chooses the time."""
    actor = make_actor(session)
    values = {"amount": hours, "time_given": "facility_schedules"} | overrides
    allocation = make_allocation(session, place, actor, **values)
    return Team(actor, allocation, session.get_one(AccessRequest, allocation.access_request_id))


def days(kind: str, first: int, last: int | None = None, reason: str = "") -> dict[str, Any]:
    """Return days so many after the Monday of the tests."""
    start = MONDAY.date()
    return {
        "kind": kind,
        "first_day": start + timedelta(days=first),
        "last_day": start + timedelta(days=first if last is None else last),
        "reason": reason,
    }


def give_dates(session: Session, team: Team, *dates: dict[str, Any], now: datetime = MONDAY) -> AccessRequest:
    """Let the team's requester state days."""
    return set_dates(session, actor=team.actor, now=now, access_request=team.access_request, dates=list(dates))


def make_office(session: Session, place: Place) -> Actor:
    """Make somebody of the facility's user office."""
    return make_actor(session, ("user_officer", ("facility", place.facility.public_id)))


def make_schedule(session: Session, place: Place, office: Actor, **overrides: Any) -> SessionSchedule:
    """Begin a schedule for the fortnight after next Monday."""
    values: dict[str, Any] = {"now": MONDAY, "name": "Spring", "period": FORTNIGHT}
    return create_schedule(session, actor=office, facility=place.facility, **values | overrides)


def make_draft(
    session: Session, schedule: SessionSchedule, office: Actor, team: Team, place: Place, span: TimeSpan, **more: Any
) -> SessionDraft:
    """Draft a session for a team."""
    values: dict[str, Any] = {"now": MONDAY, "allocation": team.allocation.public_id}
    return draft_session(session, actor=office, schedule=schedule, place=place, span=span, **values | more)


def local_days(span: TimeSpan) -> set[date]:
    """Return the days in Berlin that a session touches."""
    first = (span.start + timedelta(hours=1)).date()
    last = (span.end + timedelta(hours=1) - timedelta(seconds=1)).date()
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}
