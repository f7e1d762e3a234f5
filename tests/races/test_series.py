"""Two series for the same hours at once: one takes each hour, and both are told the truth."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import select

from infra_access.core.errors import Conflict
from infra_access.people.actors import load_actor
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_place, span

RIVALS = 4


def test_series_at_once_never_overlap(database):
    with database.writer() as session:
        key = make_place(session).instrument.id
        make_policy(session)
        people = [make_actor(session).account_id for _number in range(RIVALS)]
    start = Barrier(RIVALS)

    def book(position: int) -> int:
        # Every other one comes from the end, daily against weekly, so that they meet in the middle.
        first = span(9, 10, day=1 + 7 * (position % 2))
        rrule = ("FREQ=DAILY;COUNT=15", "FREQ=WEEKLY;COUNT=4")[position % 2]
        start.wait()
        try:
            with database.writer() as session:
                actor = load_actor(session, people[position], now=MONDAY)
                place = place_of(session, key)
                made = book_series(session, actor=actor, now=MONDAY, place=place, wish=Wish(first), rrule=rrule)
                return sum(one.booking is not None for one in made.report)
        except Conflict as refused:
            if refused.code != "series.nothing":
                raise
            return 0

    with ThreadPoolExecutor(RIVALS) as pool:
        told = list(pool.map(book, range(RIVALS)))
    with database.reader() as session:
        starts = session.scalars(select(Booking.starts).order_by(Booking.starts)).all()
    assert sum(told) == len(starts) == len(set(starts))
    assert len(starts) >= 15
