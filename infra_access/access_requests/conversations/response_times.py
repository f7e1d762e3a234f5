"""How fast a facility answers: from a question to the first answer of its staff, over the last ninety days.

A question that is answered counts with the time that it took; one that nobody answered counts with its age, once it
is older than the two working days in which an answer would have been in time. A word of thanks at the end of a
conversation waits for nothing, so only conversations without any answer are open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from sqlalchemy import Row, Select, select, union
from sqlalchemy.orm import Session

from infra_access.access_requests.conversations.asking import asks
from infra_access.access_requests.models import AccessRequest, AccessRoute, Conversation, Message
from infra_access.access_requests.vocabularies import Visibility
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.zones import day_start, named_zone

PERIOD = timedelta(days=90)
IN_TIME = 2
"""Working days after the day of the question; the last counts whole."""

MOST = 200
"""Conversations that are read at most, the newest of them."""

ENOUGH = 5
"""Answered questions from which on everybody is told how fast a facility usually is."""

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """How many questions were answered and are open, the median of the time, and how many of `counted` were in time."""

    answered: int
    open: int
    counted: int
    in_time: int
    median: timedelta | None

    @property
    def percent_in_time(self) -> int | None:
        """How many of a hundred were answered in time."""
        return round(100 * self.in_time / self.counted) if self.counted else None

    @property
    def usual(self) -> timedelta | None:
        """The time in which a question is usually answered, once there are enough of them."""
        return self.median if self.answered >= ENOUGH else None


def response_times(session: Session, facility: Facility, *, now: datetime) -> ResponseTimes:
    """Return how fast a facility answered of late. One statement."""
    took, waiting = _told(session.execute(_messages(facility, now)))
    overdue = [asked for asked in waiting if now >= in_time_until(asked, facility.timezone)]
    times = [answer - asked for asked, answer in took] + [now - asked for asked in overdue]
    return ResponseTimes(
        answered=len(took),
        open=len(waiting),
        counted=len(times),
        in_time=sum(answer < in_time_until(asked, facility.timezone) for asked, answer in took),
        median=timedelta(seconds=median(one.total_seconds() for one in times)) if times else None,
    )


def in_time_until(asked: datetime, zone: str) -> datetime:
    """Return the end of the second working day, Monday to Friday, after the day of a question at its place."""
    day, left = asked.astimezone(named_zone(zone)).date(), IN_TIME
    while left:
        day += _DAY
        left -= _is_working_day(day)
    return day_start(day + _DAY, zone)


def _is_working_day(day: date) -> bool:
    return day.weekday() < _SATURDAY


def _messages(facility: Facility, now: datetime) -> Select[int, datetime, bool]:
    recent = (Conversation.created_at >= now - PERIOD, Conversation.visibility != Visibility.STAFF)
    on_instruments = (
        select(Conversation.id)
        .join(Instrument, Instrument.id == Conversation.instrument_id)
        .where(Instrument.facility_id == facility.id, *recent)
    )
    on_requests = (
        select(Conversation.id)
        .join(AccessRequest, AccessRequest.id == Conversation.access_request_id)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .where(AccessRoute.facility_id == facility.id, *recent)
    )
    # Each half goes by an index of its own.
    both = union(on_instruments, on_requests).subquery()
    newest = select(both.c.id).order_by(both.c.id.desc()).limit(MOST).subquery()
    return (
        select(Message.conversation_id, Message.sent_at, asks())
        .join(newest, newest.c.id == Message.conversation_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(AccessRequest, AccessRequest.id == Conversation.access_request_id)
        .order_by(Message.id)
    )


def _told(
    messages: Iterable[Row[int, datetime, bool]],
) -> tuple[list[tuple[datetime, datetime]], list[datetime]]:
    """Return the questions with their answers, and those of conversations without any answer."""
    took: list[tuple[datetime, datetime]] = []
    waiting: dict[int, datetime] = {}
    answered: set[int] = set()
    for key, sent_at, asking in messages:
        if asking:
            waiting.setdefault(key, sent_at)
        elif key in waiting:
            took.append((waiting.pop(key), sent_at))
            answered.add(key)
    return took, [asked for key, asked in waiting.items() if key not in answered]
