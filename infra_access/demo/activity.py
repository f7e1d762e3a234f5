"""What happens in the demonstration: bookings, requests in each state, and conversations.

Instants are relative: the Monday that they count from is given by whoever loads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from infra_access.core.timespan import TimeSpan

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Booking:
    """Time on an instrument, made so many days before its start; `resource` names a copy, None takes any free one."""

    key: str
    instrument: str
    resource: str | None
    person: str
    request: str | None
    title: str
    week: int
    weekday: str
    at: str
    minutes: int
    booked_days_before: int

    def span(self, monday: date, zone: ZoneInfo) -> TimeSpan:
        """Return when it is, in a facility of `zone`; its length is that of the wall clock."""
        start = datetime.combine(
            monday + timedelta(weeks=self.week, days=WEEKDAYS.index(self.weekday)), time.fromisoformat(self.at)
        )
        end = start + timedelta(minutes=self.minutes)
        return TimeSpan(start.replace(tzinfo=zone), end.replace(tzinfo=zone))

    def made(self, monday: date, zone: ZoneInfo) -> datetime:
        """Return the instant at which it is booked: never after the Monday of this week begins."""
        return self.span(monday, zone).start - timedelta(days=self.booked_days_before)


@dataclass(frozen=True, slots=True)
class Participant:
    """One person of a team, by account or by an address that is only invited."""

    email: str
    role: str
    organisation: str
    country_of_work: str
    presence: str
    remote_from: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one role decided, in days before the Monday of this week."""

    by: str
    role: str
    verdict: str
    days_ago: int
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an access."""

    kind: str
    title: str
    identifier: str
    licence: str


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A team's request and what happened to it, up to `state`; days count back from the Monday of this week."""

    key: str
    state: str
    requester: str
    acting_for: str
    route: str
    title: str
    summary: str
    regime: str
    access_type: str
    instruments: tuple[str, ...]
    amount: str
    access_unit: str
    from_week: int
    until_week: int
    participants: tuple[Participant, ...]
    project: Entry
    created_days_ago: int
    submitted_days_ago: int | None
    verdicts: tuple[Verdict, ...]
    agreement_accepted_days_ago: int | None
    ended_days_ago: int | None
    state_reason: str | None
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """An exception from a rule for one request: asked for, perhaps confirmed, after which its team sends it again."""

    request: str
    rule: str
    asked_by: str
    asked_days_ago: int
    reason: str
    confirmed_by: str | None
    confirmed_days_ago: int | None
    sent_again_days_ago: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    by: str
    days_ago: int
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions and answers on an instrument or on a request."""

    key: str
    instrument: str | None
    request: str | None
    visibility: str
    title: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class OrderStep:
    """What somebody did with an order, in days before the Monday of this week."""

    step: str
    by: str
    days_ago: int


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """Samples sent by mail, and what happened to the order."""

    key: str
    route: str
    instrument: str
    person: str
    acting_for: str | None
    title: str
    samples: int
    sample_description: str
    hazards: str
    regime: str
    return_samples: bool
    steps: tuple[OrderStep, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """All of it."""

    bookings: tuple[Booking, ...]
    requests: tuple[AccessRequest, ...]
    overrides: tuple[Override, ...]
    conversations: tuple[Conversation, ...]


def read_activity(entry: Entry) -> Activity:
    """Return the activity that the file's content describes; an unknown or missing key raises."""
    return Activity(
        bookings=tuple(_booking(each) for each in entry["bookings"]),
        requests=tuple(_request(each) for each in entry["requests"]),
        overrides=tuple(Override(**each) for each in entry["overrides"]),
        conversations=tuple(_conversation(each) for each in entry["conversations"]),
    )


def read_order(entry: Entry) -> ServiceOrder:
    """Return the order that an entry of its file describes."""
    return ServiceOrder(**{**entry, "steps": tuple(OrderStep(**each) for each in entry["steps"])})


def _booking(entry: Entry) -> Booking:
    rest = dict(entry)
    return Booking(**rest.pop("start"), **rest)


def _request(entry: Entry) -> AccessRequest:
    rest = dict(entry)
    rest["instruments"] = tuple(rest["instruments"])
    rest["participants"] = tuple(Participant(**each) for each in rest["participants"])
    rest["verdicts"] = tuple(Verdict(**each) for each in rest["verdicts"])
    rest["outcomes"] = tuple(Outcome(**each) for each in rest["outcomes"])
    return AccessRequest(**rest.pop("quantity"), **rest.pop("period"), **rest)


def _conversation(entry: Entry) -> Conversation:
    rest = dict(entry)
    rest["messages"] = tuple(Message(**each) for each in rest["messages"])
    return Conversation(**rest.pop("subject"), **rest)
