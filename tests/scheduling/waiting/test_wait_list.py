"""Who waits is offered what comes free, in turn, and no time is offered to two."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.models import OutboxEvent
from infra_access.people.accounts import account_of, disable_account
from infra_access.scheduling.changes import cancel
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking
from infra_access.scheduling.waiting import offers as waiting_offers
from infra_access.scheduling.waiting.holds import confirm
from infra_access.scheduling.waiting.offers import make_offers
from infra_access.scheduling.waiting.queries import own_waits, wait_by_public_id, waiting_for
from infra_access.scheduling.waiting.wait_list import join, leave
from tests.factories.accounting import make_period, make_pool
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    copies_of,
    make_allocation,
    make_booking,
    make_place,
    occupancies,
    set_rules,
    span,
)
from tests.factories.upkeep import closed
from tests.races.crowd import all_at_once

MORNING = span(8, 12)
OFFER = timedelta(hours=2)


@pytest.fixture
def taken(session):
    """Give a place whose morning somebody has booked, and who."""
    make_policy(session)
    place = make_place(session)
    owner = make_actor(session)
    return place, owner, make_booking(session, place, MORNING, actor=owner)


def wait(session, place, *, window=MORNING, minutes=120, actor=None, **more):
    who = actor or make_actor(session)
    return who, join(
        session,
        actor=who,
        now=MONDAY,
        place=place,
        earliest=window.start,
        latest=window.end,
        minutes=minutes,
        **more,
    )


def offers(session):
    session.expire_all()
    return session.scalars(select(Booking).where(Booking.state == BookingState.HELD).order_by(Booking.starts)).all()


def test_nothing_is_offered_while_the_time_is_taken(session, database, taken):
    wait(session, taken[0])
    session.commit()
    assert make_offers(database, now=MONDAY) == 0


def test_what_comes_free_is_offered_in_turn_and_each_time_to_one(session, database, taken):
    place, owner, booking = taken
    people = [wait(session, place)[0] for _number in range(3)]
    assert [view.ahead for who in people for view in own_waits(session, actor=who)] == [0, 1, 2]
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    assert make_offers(database, now=MONDAY) == 2
    first, second = offers(session)
    assert [(one.account_id, one.starts, one.answer_by) for one in (first, second)] == [
        (people[0].account_id, MORNING.start, MONDAY + OFFER),
        (people[1].account_id, MORNING.start + timedelta(hours=2), MONDAY + OFFER),
    ]
    assert waiting_for(session, place.instrument.id) == 1
    assert session.scalars(select(OutboxEvent.kind)).all().count("booking.offered") == 2
    [view] = own_waits(session, actor=people[0])
    assert (view.entry.state, view.booking, view.answer_by) == ("offered", first.public_id, MONDAY + OFFER)


def test_an_offer_that_nobody_answers_goes_to_the_next(session, database, taken):
    place, owner, booking = taken
    (first, missed), (second, waiting) = wait(session, place, minutes=240), wait(session, place, minutes=240)
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    make_offers(database, now=MONDAY)
    later = MONDAY + OFFER
    assert make_offers(database, now=later - timedelta(seconds=1)) == 0
    release_lapsed(database, now=later)
    assert make_offers(database, now=later) == 1
    session.expire_all()
    assert (missed.state, waiting.state) == ("lapsed", "offered")
    assert [one.account_id for one in offers(session)] == [second.account_id]
    assert own_waits(session, actor=first) == []


def test_an_offer_is_taken_by_confirming_it(session, database, taken):
    place, owner, booking = taken
    who, entry = wait(session, place)
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    make_offers(database, now=MONDAY)
    [held] = offers(session)
    confirm(session, actor=who, now=MONDAY, booking=held)
    session.commit()
    assert make_offers(database, now=MONDAY) == 0
    session.expire_all()
    assert (held.state, entry.state) == (BookingState.CONFIRMED, "taken")


def test_who_leaves_gives_an_offer_back_and_leaves_once(session, database, taken):
    place, owner, booking = taken
    who, entry = wait(session, place)
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    make_offers(database, now=MONDAY)
    with pytest.raises(Forbidden):
        leave(session, actor=make_actor(session), now=MONDAY, entry=entry)
    leave(session, actor=who, now=MONDAY, entry=entry)
    assert (entry.state, occupancies(session)) == ("withdrawn", [])
    with pytest.raises(Conflict):
        leave(session, actor=who, now=MONDAY, entry=entry)


def test_offers_keep_the_rules_of_the_place(session, database, taken):
    place, owner, booking = taken
    set_rules(session, place.instrument, granularity_minutes=60, buffer_after_minutes=60)
    wait(session, place, minutes=60)
    wait(session, place, minutes=60)
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    assert make_offers(database, now=MONDAY) == 2
    hour = timedelta(hours=1)
    assert [one.starts - MORNING.start for one in offers(session)] == [0 * hour, 2 * hour]


def test_two_workers_at_once_offer_each_time_once(session, database, taken):
    place, owner, booking = taken
    for _number in range(4):
        wait(session, place, minutes=240)
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    results = all_at_once([lambda: make_offers(database, now=MONDAY)] * 4)
    assert sum(one for one in results if isinstance(one, int)) == 1, results
    assert len(offers(session)) == 1


def test_who_waited_in_vain_is_let_go(session, database, taken):
    _who, entry = wait(session, taken[0])
    session.commit()
    make_offers(database, now=MORNING.end)
    session.expire_all()
    assert entry.state == "lapsed"


def test_only_who_may_book_can_wait(session):
    make_policy(session, raw_rule("shut", {"type": "deny"}))
    with pytest.raises(Forbidden):
        wait(session, make_place(session))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"minutes": 5}, "wait.minutes"),
        ({"minutes": 7 * 1440 + 15}, "wait.minutes"),
        ({"minutes": 255}, "wait.window"),
        ({"minutes": 61}, "wait.minutes"),
        ({"window": TimeSpan(MONDAY - timedelta(hours=3), MONDAY)}, "wait.window"),
        ({"window": span(8, 12, day=366)}, "wait.window"),
        ({"window": TimeSpan(MORNING.start, MORNING.start + timedelta(days=93))}, "window.too_long"),
    ],
)
def test_it_refuses_what_can_never_come_true(session, taken, change, code):
    with pytest.raises(Invalid) as refused:
        wait(session, taken[0], **change)
    assert refused.value.code == code


def test_one_person_waits_for_ten_sessions_at_most(session, taken):
    who = make_actor(session)
    for _number in range(10):
        wait(session, taken[0], actor=who)
    with pytest.raises(Conflict):
        wait(session, taken[0], actor=who)


def test_an_entry_is_its_owners_alone(session, taken):
    who, entry = wait(session, taken[0])
    assert wait_by_public_id(session, entry.public_id, actor=who).entry is entry
    with pytest.raises(NotFound):
        wait_by_public_id(session, entry.public_id, actor=make_actor(session))


def test_an_account_that_was_shut_keeps_nobody_behind_it_from_an_offer(session, database, taken):
    place, owner, booking = taken
    gone, _entry = wait(session, place)
    behind, _entry = wait(session, place)
    admin = make_actor(session, ("platform_admin", ("network", "")))
    disable_account(session, actor=admin, now=MONDAY, account=account_of(session, gone))
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    assert make_offers(database, now=MONDAY) == 1
    assert [one.account_id for one in offers(session)] == [behind.account_id]


def test_offers_end_where_one_keeps_as_many_times_as_one_may(session, database, taken):
    place, *_others = taken
    who = make_actor(session)
    for day in (2, 3, 4, 5):
        wait(session, place, window=span(8, 12, day=day), actor=who)
    session.commit()
    assert make_offers(database, now=MONDAY) == 3
    assert make_offers(database, now=MONDAY) == 0
    assert len(offers(session)) == 3


def test_who_waited_in_vain_is_told_and_it_is_on_record(session, database, taken):
    place, _owner, _booking = taken
    _who, entry = wait(session, place)
    session.commit()
    make_offers(database, now=MORNING.end - timedelta(minutes=1))
    session.expire_all()
    assert entry.state == "waiting"
    session.commit()
    for _round in range(2):
        make_offers(database, now=MORNING.end)
    session.expire_all()
    assert entry.state == "lapsed"
    told = session.scalars(
        select(OutboxEvent.payload).where(OutboxEvent.kind == "wait_list.lapsed").order_by(OutboxEvent.id)
    ).all()
    assert told == [{"wait": entry.public_id}]
    acts = session.scalars(
        select(AuditEvent.action).where(AuditEvent.object_id == entry.public_id).order_by(AuditEvent.id)
    ).all()
    assert acts == ["wait_list.joined", "wait_list.lapsed"]


def test_where_one_day_is_refused_another_is_offered(session, database, taken):
    """The pool of the first day is too small, and the days after it have none."""
    place, owner, booking = taken
    today = make_period(session, place.facility, starts=MONDAY.replace(hour=0), ends=MORNING.end)
    make_pool(session, today, place.instrument, amount=Decimal(1))
    later = TimeSpan(MORNING.start, MORNING.end + timedelta(days=3))
    wait(session, place, window=later)
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    assert make_offers(database, now=MONDAY) == 1
    [held] = offers(session)
    assert held.starts > MORNING.end


def test_a_quota_is_counted_before_a_time_is_offered(session, database, taken):
    place, owner, booking = taken
    rule = {"of": "person", "amount": 1, "measure": "bookings", "per": "day"}
    who, _entry = wait(session, place, window=TimeSpan(MORNING.start, MORNING.end + timedelta(days=2)))
    make_booking(session, place, TimeSpan(MORNING.end, MORNING.end + timedelta(hours=1)), actor=who)
    set_rules(session, place.instrument, quotas=[rule])
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    assert make_offers(database, now=MONDAY) == 1
    [held] = offers(session)
    assert held.starts.astimezone(ZoneInfo(place.facility.timezone)).date() == MORNING.start.date() + timedelta(days=1)


def test_whose_offer_maintenance_ends_waits_on(session, database, taken):
    place, owner, booking = taken
    _who, entry = wait(session, place, window=TimeSpan(MORNING.start, MORNING.end + timedelta(days=1)))
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    make_offers(database, now=MONDAY)
    (copy,) = copies_of(session, place)
    closed(session, place, copy, TimeSpan(MORNING.start, MORNING.end), displace="move")
    session.commit()
    session.expire_all()
    assert (entry.state, entry.booking_id) == ("waiting", None)
    session.commit()
    assert make_offers(database, now=MONDAY) == 1
    [held] = offers(session)
    assert held.starts >= MORNING.end


def test_who_waits_on_a_consent_that_lapsed_is_not_tried_until_it_is_renewed(session, database, taken, monkeypatch):
    place, owner, booking = taken
    who = make_actor(session)
    granted = make_allocation(session, place, who)
    _who, entry = wait(session, place, actor=who, allocation=granted.public_id)
    granted.review_at = MONDAY
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    session.commit()
    tried = []
    with monkeypatch.context() as patched:
        patched.setattr(waiting_offers, "_hold", lambda _session, key, *_more: tried.append(key))
        assert make_offers(database, now=MONDAY) == 0
    assert tried == []
    session.expire_all()
    assert entry.state == "waiting"
    granted.review_at = MONDAY + timedelta(days=30)
    session.commit()
    assert make_offers(database, now=MONDAY) == 1
    [held] = offers(session)
    assert held.allocation_id == granted.id
