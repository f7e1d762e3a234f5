"""The commands that the sequences are made of, each as one transaction that gives None where it is refused."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling import attendance, changes, proposals
from infra_access.scheduling.asking import ask_for_time
from infra_access.scheduling.bookings import book_and_show
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.models import Booking
from infra_access.scheduling.opening_hours import WeeklyHours
from infra_access.scheduling.places import Place, place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series
from infra_access.scheduling.series.report import OnConflict
from infra_access.scheduling.upkeep.closures import close, withdraw_closure
from infra_access.scheduling.upkeep.models import Closure
from infra_access.scheduling.upkeep.vocabularies import Displace
from infra_access.scheduling.waiting import holds
from tests.factories.scheduling import SYSTEM, wishes
from tests.sequences.model import HOURS
from tests.sequences.site import Site, resource_of

T = TypeVar("T")
Tally = Counter[tuple[str, bool]]
"""How often each command was done, and how often refused."""


class Commands:
    """Runs commands at one site; each takes keys of bookings and closures and the instant at which it happens."""

    def __init__(self, database: Database, site: Site, tally: Tally) -> None:
        self.database = database
        self.site = site
        self.tally = tally

    def book(self, now: datetime, instrument: str, person: int, span: TimeSpan, *, hold: bool = False) -> int | None:
        """Book a time, or keep it for a while; return the key of the booking."""
        return self._tried(
            "hold" if hold else "book",
            lambda session: (
                book_and_show(
                    session,
                    actor=self.site.people[person],
                    now=now,
                    place=self._place(session, instrument),
                    wishes=wishes(span),
                    hold=hold,
                ).booking.id
            ),
        )

    def series(
        self, now: datetime, instrument: str, person: int, span: TimeSpan, rrule: str, policy: OnConflict
    ) -> list[int | None] | None:
        """Book a series; return the key of each occurrence, None for those left out."""

        def run(session: Session) -> list[int | None]:
            made = book_series(
                session,
                actor=self.site.people[person],
                now=now,
                place=self._place(session, instrument),
                wish=Wish(span),
                rrule=rrule,
                on_conflict=policy,
            )
            keys = {row.public_id: row.id for row in session.query(Booking).filter_by(series_id=made.series.id)}
            return [keys[line.booking] if line.booking else None for line in made.report]

        return self._tried("series", run)

    def ask(self, now: datetime, instrument: str, person: int, span: TimeSpan) -> int | None:
        """Ask the office for a time; return the key of the booking."""
        return self._tried(
            "ask",
            lambda session: (
                ask_for_time(
                    session,
                    actor=self.site.people[person],
                    now=now,
                    place=self._place(session, instrument),
                    span=span,
                ).id
            ),
        )

    def propose(self, now: datetime, key: int, span: TimeSpan, answer_by: datetime) -> bool:
        """Let the office propose a time."""
        return self._done(
            "propose",
            lambda session: proposals.propose(
                session,
                actor=self.site.office,
                now=now,
                booking=session.get_one(Booking, key),
                wishes=wishes(span),
                answer_by=answer_by,
            ),
        )

    def move(self, now: datetime, key: int, person: int, span: TimeSpan, copy: str | None = None) -> bool:
        """Move a booking, to a named copy or any."""

        def run(session: Session) -> object:
            wish = wishes(span, resource=resource_of(session, self.site, copy) if copy else None)
            booking = session.get_one(Booking, key)
            return changes.move(session, actor=self.site.people[person], now=now, booking=booking, wishes=wish)

        return self._done("move", run)

    def confirm(self, now: datetime, key: int, person: int) -> bool:
        """Book what was kept."""
        return self._by_owner(holds.confirm, now, key, person)

    def accept(self, now: datetime, key: int, person: int) -> bool:
        """Accept a proposed time."""
        return self._by_owner(proposals.accept, now, key, person)

    def decline(self, now: datetime, key: int, person: int) -> bool:
        """Decline a proposed time."""
        return self._by_owner(proposals.decline, now, key, person, reason="We cannot come.")

    def cancel(self, now: datetime, key: int, person: int) -> bool:
        """Cancel a booking."""
        return self._by_owner(changes.cancel, now, key, person)

    def check_in(self, now: datetime, key: int, person: int) -> bool:
        """Begin a session."""
        return self._by_owner(attendance.check_in, now, key, person)

    def complete(self, now: datetime, key: int, person: int) -> bool:
        """End a session."""
        return self._by_owner(attendance.complete, now, key, person)

    def close(
        self, now: datetime, resource: str, span: TimeSpan, displace: Displace
    ) -> tuple[int, dict[int, TimeSpan | None]] | None:
        """Close a resource; return the key of the closure, and where each booking in its way went."""

        def run(session: Session) -> tuple[int, dict[int, TimeSpan | None]]:
            closure, report = close(
                session,
                actor=SYSTEM,
                now=now,
                facility=session.get_one(Facility, self.site.facility),
                resource=resource_of(session, self.site, resource),
                span=span,
                label="Service",
                displace=displace,
            )
            keys = {row.public_id: row.id for row in session.query(Booking)}
            return closure.id, {keys[one.booking]: one.after for one in report.bookings}

        return self._tried("close", run)

    def withdraw(self, now: datetime, key: int) -> bool:
        """Withdraw a closure."""
        return self._done(
            "withdraw",
            lambda session: withdraw_closure(session, actor=SYSTEM, now=now, closure=session.get_one(Closure, key)),
        )

    def set_hours(self, now: datetime, name: str) -> None:
        """Change the opening hours."""
        weekdays, opens, closes = HOURS[name]
        weekly = [WeeklyHours(day, opens * 60, closes * 60) for day in weekdays]
        with self.database.writer() as session:
            facility = session.get_one(Facility, self.site.facility)
            set_hours(session, actor=SYSTEM, now=now, facility=facility, weekly=weekly)

    def _by_owner(self, command: Callable[..., object], now: datetime, key: int, person: int, **more: str) -> bool:
        actor = self.site.people[person]
        return self._done(
            command.__name__,
            lambda session: command(session, actor=actor, now=now, booking=session.get_one(Booking, key), **more),
        )

    def _place(self, session: Session, instrument: str) -> Place:
        return place_of(session, self.site.instruments[instrument])

    def _done(self, name: str, run: Callable[[Session], object]) -> bool:
        return self._tried(name, lambda session: run(session) is not None) is True

    def _tried(self, name: str, run: Callable[[Session], T]) -> T | None:
        """Run a command in a transaction of its own; any other error than a refusal is ours."""
        try:
            with self.database.writer() as session:
                done = run(session)
        except (Conflict, Invalid):
            self.tally[name, False] += 1
            return None
        self.tally[name, True] += 1
        return done
