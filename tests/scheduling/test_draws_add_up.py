"""Whatever is done, and in whatever order: what is drawn is what the standing bookings draw, to the hundredth."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.models import Allocation
from infra_access.accounting.falling_back import fall_back
from infra_access.accounting.ledger import correct
from infra_access.accounting.models import AccessPool, FundingSource
from infra_access.core.errors import DomainError
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.models import UsageLine
from infra_access.scheduling import attendance
from infra_access.scheduling.asking import ask_for_time
from infra_access.scheduling.bookings import book_and_show
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.lifecycle import OCCUPYING
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.proposals import accept, decline, propose, propose_to_team
from infra_access.scheduling.series.booking import book_series, preview_series
from infra_access.scheduling.series.changing import cancel_series, move_series
from infra_access.scheduling.series.models import BookingSeries
from infra_access.scheduling.together import Item, book_together
from infra_access.scheduling.upkeep.closures import close, preview_closure
from infra_access.scheduling.upkeep.lost_time import record_lost_time
from infra_access.scheduling.waiting.holds import confirm
from tests.factories.access_requests import OPEN_TO_ALL
from tests.factories.accounting import SYSTEM, make_funding, make_period, make_pool, make_priced_world, make_quote
from tests.factories.catalogue import make_instrument
from tests.factories.drafts import make_office
from tests.factories.scheduling import MONDAY, copies_of, make_allocation, set_rules, wishes

STEPS = 70
FREED = ("cancelled", "released")


class Crowd:
    """People, an office and a worker who do whatever is possible, and much that is not."""

    def __init__(self, session, database, seed):
        self.session, self.database, self.random, self.now = session, database, Random(seed), MONDAY
        self.done: Counter[str] = Counter()
        self.world = make_priced_world(session, rules=[OPEN_TO_ALL])
        self.me, self.place = self.world.applicant, place_of(session, self.world.instrument.id)
        other = place_of(session, make_instrument(session, facility=self.world.facility).id)
        self.places = [self.place, other]
        self.office = make_office(session, self.place)
        set_rules(session, self.world.facility, no_show_grace_minutes=30)
        grants = [{"amount": 60}, {"amount": 20, "access_unit": "shift"}, {"amount": 9, "access_unit": "sample"}]
        self.grants = [make_allocation(session, self.place, self.me, **one).public_id for one in grants]
        given = make_allocation(session, self.place, self.me, amount=40, time_given="facility_schedules")
        self.given = given.public_id
        period, both = make_period(session, self.world.facility), [one.instrument for one in self.places]
        heir = make_pool(session, period, *both, amount=Decimal(90))
        day = (MONDAY + timedelta(days=3)).date()
        aside = {"purpose": "set-aside", "serves": {"sector": "company"}, "amount": Decimal(15)}
        make_pool(session, period, *both, falls_back_on=day, falls_back_to=heir, **aside)
        make_pool(session, period, *both, purpose="proprietary", access_unit="shift")
        self.funding = make_funding(session, self.me, limit_amount=Decimal(4000)).public_id
        self.corrected = Decimal(0)

    def step(self):
        """Do one thing, or be refused; whatever it was, all that is drawn adds up."""
        self.now += timedelta(minutes=15 * self.random.randrange(12))
        names = [name for name in dir(self) if name.startswith("do_")]
        name = self.random.choice(names)
        try:
            with self.session.begin_nested():
                getattr(self, name)()
            self.done[name] += 1
        except DomainError:
            pass
        self.session.expire_all()
        self.check(name)

    def check(self, name):
        session = self.session
        standing = select(func.coalesce(func.sum(Booking.units), 0)).where(Booking.state.not_in(FREED))
        for grant in session.scalars(select(Allocation)):
            assert session.scalar(standing.where(Booking.allocation_id == grant.id)) == grant.used <= grant.amount, name
        pools = session.scalars(select(AccessPool)).all()
        drawn = select(func.coalesce(func.sum(Booking.pool_units), 0))
        for pool in pools:
            assert session.scalar(drawn.where(Booking.pool_id == pool.id)) == pool.used <= pool.amount, name
        assert sum(pool.amount for pool in pools) == 115, name
        reserved = session.scalar(select(func.coalesce(func.sum(Booking.funding_amount), 0)))
        assert session.scalar(select(FundingSource.used)) == reserved + self.corrected, name
        settled = select(UsageLine.booking_id).where(UsageLine.funding_id.is_not(None))
        charged = select(func.coalesce(func.sum(UsageLine.price), 0)).where(UsageLine.funding_id.is_not(None))
        kept = select(func.coalesce(func.sum(Booking.funding_amount), 0)).where(Booking.id.in_(settled))
        assert session.scalar(charged) == session.scalar(kept) + self.corrected, name
        taken = select(Occupancy.booking_id).where(Occupancy.booking_id.is_not(None))
        odd = select(Booking.state).where(Booking.id.in_(taken), Booking.state.not_in([*OCCUPYING, "no_show"]))
        assert session.scalars(odd).all() == [], name

    def span(self, least=0):
        start = self.now.replace(minute=0) + timedelta(hours=self.random.randrange(least, 40))
        return TimeSpan(start, start + timedelta(minutes=15 * self.random.randrange(1, 24)))

    def booking(self, *states):
        found = select(Booking).order_by(Booking.id)
        if states and self.random.random() < 0.9:
            found = found.where(Booking.state.in_(states))
        return self.random.choice(self.session.scalars(found).all() or [None])

    def by(self):
        return {"actor": self.random.choice([self.me, self.me, self.office]), "now": self.now}

    def do_book(self):
        """Book or keep a time: on a grant, by a quote that a voucher pays, or for nothing."""
        more = self.random.choice([{}, {"allocation": self.random.choice(self.grants)}, self._paid()])
        hold = self.random.random() < 0.3
        mine = {"actor": self.me, "now": self.now, "place": self.place}
        book_and_show(self.session, wishes=wishes(self.span()), hold=hold, **mine, **more)

    do_book_more = do_book_again = do_book

    def _paid(self):
        quote = make_quote(self.session, self.world, now=self.now, units=Decimal(self.random.choice([1, "0.5"])))
        return {"quote": quote.public_id, "funding": self.funding}

    def do_confirm(self):
        if booking := self.booking("held"):
            confirm(self.session, actor=self.me, now=self.now, booking=booking)

    def do_move(self):
        if booking := self.booking("confirmed"):
            move(self.session, booking=booking, wishes=wishes(self.span()), **self.by())

    def do_cancel(self):
        if booking := self.booking():
            cancel(self.session, booking=booking, **self.by())

    def do_propose_to_team(self):
        given = {"allocation": self.given, "answer_by": self.now + timedelta(hours=4)}
        by = {"actor": self.office, "now": self.now, "place": self.place}
        propose_to_team(self.session, wishes=wishes(self.span(least=5)), **given, **by)

    def do_ask(self):
        span = TimeSpan(self.now, self.now + timedelta(days=3))
        by = {"actor": self.me, "now": self.now, "place": self.place}
        ask_for_time(self.session, span=span, minutes=90, allocation=self.given, **by)

    def do_propose(self):
        if booking := self.booking("requested", "pending_approval"):
            until = {"answer_by": self.now + timedelta(hours=4), "wishes": wishes(self.span(least=5))}
            propose(self.session, actor=self.office, now=self.now, booking=booking, **until)

    def do_accept(self):
        if booking := self.booking("proposed"):
            accept(self.session, actor=self.me, now=self.now, booking=booking)

    def do_decline(self):
        if booking := self.booking("proposed"):
            decline(self.session, actor=self.me, now=self.now, booking=booking, reason="At sea")

    def do_attend(self):
        for booking in self._due():
            if self.now < booking.ends and self.random.random() < 0.7:
                attendance.check_in(self.session, actor=self.me, now=self.now, booking=booking)
            elif booking.checked_in_at is None and self.random.random() < 0.5:
                attendance.mark_no_show(self.session, actor=SYSTEM, now=self.now, booking=booking)

    do_attend_again = do_attend

    def _due(self):
        began = select(Booking).where(Booking.starts <= self.now, Booking.state.in_(("confirmed", "ready")))
        return self.session.scalars(began).all()

    def do_complete(self):
        if booking := self.booking("checked_in"):
            attendance.complete(self.session, booking=booking, **self.by())

    def do_complete_unattended(self):
        if booking := self.booking("checked_in"):
            attendance.complete_unattended(self.session, actor=SYSTEM, now=self.now, booking=booking)

    def do_lose_time(self):
        if booking := self.booking("checked_in", "completed", "no_show"):
            start = booking.starts + timedelta(minutes=15 * self.random.randrange(8))
            lost = TimeSpan(start, start + timedelta(minutes=15 * self.random.randrange(1, 8)))
            record_lost_time(self.session, actor=SYSTEM, now=self.now, booking=booking, span=lost, cause="source")

    do_lose_more = do_lose_time

    def do_correct(self):
        line = self.random.choice(self.session.scalars(select(UsageLine).order_by(UsageLine.id)).all() or [None])
        if line is not None:
            price = Decimal(self.random.randrange(-20000, 5000)) / 100
            values = {"units": Decimal(0), "price": price, "note": "Agreed"}
            correct(self.session, actor=SYSTEM, now=self.now, line=line, **values)
            self.corrected += price if line.funding_id else 0

    def do_close(self):
        (copy, *_more) = copies_of(self.session, self.place)
        by = {"actor": SYSTEM, "now": self.now, "facility": self.world.facility, "resource": copy}
        how = {"span": self.span(), "displace": self.random.choice(["move", "cancel", "refuse"])}
        self.random.choice([preview_closure, lambda *args, **rest: close(*args, label="Pump", **rest)])(
            self.session, **by, **how
        )

    def do_series(self):
        span = self.span()
        make = self.random.choice([book_series, preview_series])
        values = {"wish": Wish(span), "rrule": "FREQ=DAILY;COUNT=3", "place": self.place}
        make(self.session, actor=self.me, now=self.now, allocation=self.random.choice(self.grants), **values)

    def do_change_series(self):
        rows = self.session.scalars(select(BookingSeries).order_by(BookingSeries.id)).all()
        if not rows:
            return
        series, by = self.random.choice(rows), self.by()
        if self.random.random() < 0.4:
            cancel_series(self.session, series=series, scope="all", **by)
        else:
            first = self.session.scalars(select(Booking).where(Booking.series_id == series.id).order_by(Booking.id))
            span, walls = self.span(), [one.starts + timedelta(hours=1) for one in first]
            named = f"{walls[0] if walls else self.now:%Y-%m-%dT%H:%M}"
            aim = {"start": span.start, "end": span.end, "on_conflict": self.random.choice(["skip", "fail"])}
            move_series(self.session, series=series, scope="all", occurrence=named, **aim, **by)

    def do_together(self):
        span = self.span()
        items = [Item(place, Wish(span)) for place in self.places]
        book_together(self.session, actor=self.me, now=self.now, items=items)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_drawn_adds_up_after_every_step(session, database, seed):
    crowd = Crowd(session, database, seed)
    for number in range(STEPS):
        crowd.step()
        if number % 10 == 9:
            session.commit()
            release_lapsed(database, now=crowd.now)
            fall_back(database, now=crowd.now)
            session.expire_all()
            crowd.check("worker")
    assert len(crowd.done) > 15, crowd.done
