"""Contests for one slot over two server processes: who fights how, and who won.

A contest returns the calls of a crowd that all want one slot of one resource, so that at most one of them may get it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection
from itertools import cycle
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility
from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.places import Place
from tests.factories.people import make_account, make_grant, make_token
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import make_place, set_rules

CROWD = 32
SLOT = timedelta(hours=2)
APART = timedelta(days=2)
"""From one slot to the next, so that no round meets another, nor what a winner of another round has beside the slot."""

OF_A_PLACE = 10
"""Slots of one place; then they begin again at another one, or they would lie beyond the horizon."""

Answer = tuple[int, dict[str, Any]]
Job = Callable[[], Answer]
Contest = Callable[["Arena", TimeSpan], Sequence[Job]]


@dataclass
class Arena:
    """Two servers of one database, the people who fight, and what they fight for."""

    database: Database
    ports: Sequence[int]
    people: Sequence[str]
    manager: str
    place: Place
    asking: Place
    parked: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._port: Iterator[int] = cycle(self.ports)

    def move_on(self) -> None:
        """Go to other places of the same facilities, where nothing is taken yet."""
        with self.database.writer() as session:
            self.place, self.asking = (_place(session, one.facility) for one in (self.place, self.asking))
        self.parked.clear()

    def slot(self, number: int, place: Place | None = None) -> TimeSpan:
        """Return one of the slots that are fought for."""
        start = _midnight() + timedelta(days=2) + number * APART
        return TimeSpan(start, start + SLOT)

    def call(self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> Job:
        """Return a job that makes one call of the next server and gives status and answer."""
        port = next(self._port)

        def job() -> Answer:
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
                connection.request(method, f"/api/v1{path}", json.dumps(body or {}), headers)
                response = connection.getresponse()
                return response.status, json.loads(response.read() or b"{}")
            finally:
                connection.close()

        return job

    def book(self, token: str, span: TimeSpan, place: Place | None = None, **more: Any) -> Job:
        """Return a job that books a span."""
        wish = {"instrument": (place or self.place).instrument.public_id, **times(span), **more}
        return self.call("POST", "/bookings", token, wish)

    def made(self, job: Job) -> dict[str, Any]:
        """Run a job that must succeed, and return its answer."""
        status, answer = job()
        assert status in (200, 201), answer
        return answer


def arena(database: Database, ports: Sequence[int]) -> Arena:
    """Make the people and the places: one that anybody may book, one where the manager approves each booking."""
    with database.writer() as session:
        make_policy(session)
        people = [make_token(session, make_account(session), now=clock.now()) for _number in range(CROWD)]
        place, asking = _place(session), _place(session)
        make_policy(
            session,
            raw_rule("look", {"type": "approve", "role": "facility_manager", "scope": "facility"}),
            scope=("facility", asking.facility.public_id),
        )
        manager = make_account(session)
        for one in (place, asking):
            make_grant(
                session,
                account=manager,
                role="facility_manager",
                scope_kind="facility",
                scope_key=one.facility.public_id,
            )
        token = make_token(session, manager, now=clock.now())
    return Arena(database, ports, people, token, place, asking)


def _place(session: Session, facility: Facility | None = None) -> Place:
    """Make an instrument of which teams take a time or ask the office for one."""
    place = make_place(session, facility=facility)
    set_rules(session, place.instrument, ask_for_time=True)
    return place


def times(span: TimeSpan) -> dict[str, str]:
    """Return a span as calls say it."""
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}


def overlaps(database: Database) -> int:
    """Count the pairs of occupancies of one resource that overlap, by a query that asks no guard."""
    query = text(
        "SELECT count(*) FROM occupancy AS a JOIN occupancy AS b ON a.resource_id = b.resource_id AND a.id < b.id "
        "AND a.starts < b.ends AND b.starts < a.ends"
    )
    with database.reader() as session:
        return int(session.scalar(query) or 0)


def booking(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """Everybody books, a third of them half an hour or an hour later: each span overlaps all others."""
    late = [timedelta(minutes=30 * (number % 3)) for number in range(CROWD)]
    spans = [TimeSpan(slot.start + by, slot.end + by) for by in late]
    return [arena.book(token, span) for token, span in zip(arena.people, spans, strict=True)]


def approving(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """One booking waits for approval; half of the crowd approves it, the other half wants its time."""
    arena.made(arena.book(arena.people[0], slot, arena.asking))
    pending = arena.call("GET", "/approvals?state=pending", arena.manager)()[1]["items"]
    decision = f"/approvals/{pending[0]['id']}/decision"
    yes = [arena.call("POST", decision, arena.manager, {"verdict": "approve"}) for _number in range(CROWD // 2)]
    return [*yes, *(arena.book(token, slot, arena.asking) for token in arena.people[CROWD // 2 :])]


def moving(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """Everybody has a booking at another time and moves it here."""
    if not arena.parked:
        far = _midnight() + timedelta(days=80)
        for number, token in enumerate(arena.people):
            start = far + number * timedelta(minutes=15)
            parked = arena.book(token, TimeSpan(start, start + timedelta(minutes=15)))
            arena.parked.append(str(arena.made(parked)["id"]))
    pairs = zip(arena.parked, arena.people, strict=True)
    return [arena.call("PATCH", f"/bookings/{one}", token, times(slot)) for one, token in pairs]


def extending(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """The neighbours on both sides extend their sessions into the slot, which all others book."""
    hour = timedelta(hours=1)
    before, after = TimeSpan(slot.start - hour, slot.start), TimeSpan(slot.end, slot.end + hour)
    first, second = (
        arena.made(arena.book(token, span))["id"] for token, span in zip(arena.people[:2], (before, after), strict=True)
    )
    return [
        arena.call("PATCH", f"/bookings/{first}", arena.people[0], times(TimeSpan(before.start, slot.end))),
        arena.call("PATCH", f"/bookings/{second}", arena.people[1], times(TimeSpan(slot.start, after.end))),
        *(arena.book(token, slot) for token in arena.people[2:]),
    ]


def keeping(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """Half of the crowd wants the time kept for a while, the other half books it."""
    # What the winner of another round keeps lapses, for one person keeps only a few times at once.
    release_lapsed(arena.database, now=clock.now() + timedelta(days=1))
    half = CROWD // 2
    return [
        *(arena.book(token, slot, hold=True) for token in arena.people[:half]),
        *(arena.book(token, slot) for token in arena.people[half:]),
    ]


def confirming(arena: Arena, slot: TimeSpan) -> Sequence[Job]:
    """The time is kept for one person, who confirms it again and again, while all others book it."""
    kept = arena.made(arena.book(arena.people[0], slot, hold=True))["id"]
    yes = [arena.call("POST", f"/bookings/{kept}/confirm", arena.people[0]) for _number in range(CROWD // 2)]
    return [*yes, *(arena.book(token, slot) for token in arena.people[CROWD // 2 :])]


CONTESTS: Mapping[str, Contest] = {
    "book": booking,
    "approve": approving,
    "move": moving,
    "extend": extending,
    "hold": keeping,
    "confirm": confirming,
}


def _midnight() -> datetime:
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
