"""Find-time offers what could be booked, the earliest first, and nothing that booking then refuses."""

import random
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete

from infra_access.access_requests.models import AccessRequestInstrument
from infra_access.catalogue.filters import Filters
from infra_access.core.decision import Outcome
from infra_access.core.errors import Conflict, DomainError, Invalid, NotFound
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.bookings import book
from infra_access.scheduling.find_time import finding
from infra_access.scheduling.find_time.standings import Step
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.opening_hours import WeeklyHours
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.windows.models import FreeWindow
from infra_access.scheduling.windows.spans import range_at
from tests.factories.access_requests import make_route
from tests.factories.catalogue import make_facility
from tests.factories.find_time import asked, first_fit, make_windows
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_allocation,
    make_booking,
    make_companion,
    make_occupancy,
    make_place,
    set_rules,
    span,
)

HOUR = timedelta(hours=1)
ZONES = ("Europe/Berlin", "Asia/Tokyo", "America/Sao_Paulo", "Asia/Kathmandu")


@pytest.fixture(params=["few", "many"])
def plan(request, monkeypatch):
    """Look for time by either plan: from the truth alone, or where the index says."""
    if request.param == "many":
        monkeypatch.setattr(finding, "_FEW", 0)
    return request.param


@pytest.fixture
def actor(session):
    """Somebody signed in; anyone may book."""
    make_policy(session)
    return make_actor(session)


def nine_to_five(session, facility, opens=9, closes=17):
    weekly = [WeeklyHours(day, opens * 60, closes * 60) for day in range(5)]
    set_hours(session, actor=SYSTEM, now=MONDAY, facility=facility, weekly=weekly)


def starts(found):
    return [(slot.subject.id, slot.span) for slot in found.slots]


def booked(session, actor, slot, **values):
    """Take a slot as it was offered."""
    place = place_of(session, slot.subject.id)
    return book(session, actor=actor, now=MONDAY, place=place, wishes=[Wish(slot.span)], **values)


def random_world(session, seed):
    """Make two facilities with a few instruments, hours, rules, companions and a calendar each."""
    dice = random.Random(seed)
    places = []
    for _number in range(2):
        facility = make_facility(session, timezone=dice.choice(ZONES))
        if dice.random() < 0.7:
            nine_to_five(session, facility, dice.choice((7, 9)), dice.choice((15, 17, 24)))
        here = [make_place(session, facility=facility, copies=dice.choice((1, 1, 2))) for _more in range(3)]
        if dice.random() < 0.6:
            companion = make_companion(session, *here[:2])
            make_occupancy(session, companion, span(0, dice.choice((5, 30, 60)), day=dice.randrange(3)))
        for place in here:
            if dice.random() < 0.6:
                grid = dice.choice((15, 30, 60, 240))
                set_rules(
                    session,
                    place.instrument,
                    granularity_minutes=grid,
                    min_minutes=grid,
                    lead_minutes=dice.choice((0, 0, 90, 2000)),
                    horizon_days=dice.choice((2, 7, 90)),
                    buffer_before_minutes=dice.choice((0, 30)),
                    buffer_after_minutes=dice.choice((0, 60)),
                )
            for copy in copies_of(session, place):
                begins = 0.0
                for _busy in range(dice.randrange(3)):
                    begins += dice.choice((1, 3, 9, 20))
                    lasts = dice.choice((1, 2, 7))
                    make_occupancy(session, copy, span(begins, begins + lasts, day=0))
                    begins += lasts
        places += here
    return places


@pytest.mark.parametrize("seed", range(3))
def test_the_list_is_that_of_trying_every_quarter_of_an_hour(session, actor, plan, seed) -> None:
    places = random_world(session, seed)
    make_windows(session)
    dice = random.Random(seed)
    since = MONDAY + timedelta(hours=dice.choice((0, 3, 14, 40)))
    hours = dice.choice((1, 2, 4))
    window = TimeSpan(since, MONDAY + timedelta(days=6))
    expected = sorted(
        (fit, place.instrument.id)
        for place in places
        if (fit := first_fit(session, place.instrument, place.facility, window, hours * HOUR, MONDAY)) is not None
    )
    found = asked(session, actor, hours=hours, start=window.start, end=window.end)
    assert sorted((slot.span, slot.subject.id) for slot in found.slots) == expected
    assert [slot.span.start for slot in found.slots] == [one.start for one, _key in expected]
    assert found.step is Step.BOOK


@pytest.mark.parametrize("seed", range(2))
def test_each_slot_that_is_offered_can_be_booked(session, actor, plan, seed) -> None:
    random_world(session, 100 + seed)
    make_windows(session)
    found = asked(session, actor, hours=2)
    assert found.slots
    for slot in found.slots:
        with session.begin_nested() as taken:
            booked(session, actor, slot)
            taken.rollback()


def test_a_window_that_began_before_the_asked_start_counts(session, actor, plan) -> None:
    place = make_place(session)
    make_windows(session)
    at = MONDAY + timedelta(days=5, hours=1)
    assert starts(asked(session, actor, start=at)) == [(place.instrument.id, TimeSpan(at, at + HOUR))]


def test_one_instrument_does_not_fill_the_list(session, actor, plan) -> None:
    places = [make_place(session) for _number in range(3)]
    make_windows(session)
    found = asked(session, actor, count=2)
    assert len({slot.subject.id for slot in found.slots}) == 2
    everywhere = asked(session, actor, count=10)
    assert {slot.subject.id for slot in everywhere.slots} == {place.instrument.id for place in places}


def test_named_instruments_fill_the_list_with_their_next_sessions(session, actor) -> None:
    place = make_place(session)
    found = asked(session, actor, count=3, instruments=(place.instrument.public_id,))
    assert [slot.span for slot in found.slots] == [span(9 + hour, 10 + hour, day=0) for hour in range(3)]


def test_the_index_is_never_believed(session, actor, monkeypatch) -> None:
    monkeypatch.setattr(finding, "_FEW", 0)
    stale, fresh = make_place(session), make_place(session)
    make_windows(session)
    make_occupancy(session, copies_of(session, stale)[0], span(0, 100, day=0))
    found = dict(starts(asked(session, actor)))
    assert found[fresh.instrument.id] == span(9, 10, day=0)
    assert found[stale.instrument.id] == span(4, 5, day=4)
    session.execute(delete(FreeWindow))
    assert asked(session, actor).slots == ()


def test_a_companion_that_is_away_for_days_puts_the_slot_off(session, actor, plan) -> None:
    place = make_place(session)
    make_occupancy(session, make_companion(session, place), span(0, 24 * 9, day=0))
    make_windows(session)
    assert starts(asked(session, actor)) == [(place.instrument.id, span(0, 1, day=9))]


def test_who_is_denied_is_offered_nothing_there(session, plan) -> None:
    here, abroad = make_place(session), make_place(session, facility=make_facility(session, country="PT"))
    make_policy(session)
    make_policy(session, raw_rule("closed", {"type": "deny"}), scope=("country", "PT"))
    make_windows(session)
    actor = make_actor(session)
    assert [key for key, _span in starts(asked(session, actor))] == [here.instrument.id]
    named = asked(session, actor, instruments=(abroad.instrument.public_id,))
    assert named.slots == ()
    assert named.refused[abroad.instrument.public_id].outcome is Outcome.DENY


def test_slots_lie_after_what_has_to_be_waited_for(session, plan) -> None:
    place = make_place(session)
    make_policy(session)
    approval = raw_rule("safety", {"type": "approve", "role": "safety_officer", "scope": "facility"})
    make_policy(session, {**approval, "applies_to": ["book"], "expected_days": 2, "latest_days": 5})
    make_windows(session)
    actor = make_actor(session)
    make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    first = asked(session, actor).slots[0]
    assert first.answer.decision.outcome is Outcome.NEEDS_APPROVAL
    assert (first.span, first.only_if_quick) == (span(0, 1, day=2), True)
    later = asked(session, actor, start=MONDAY + timedelta(days=6)).slots[0]
    assert not later.only_if_quick
    assert booked(session, actor, first).state == "pending_approval"
    assert place.instrument.id == first.subject.id


def test_where_nothing_can_be_booked_the_slots_to_request_are_shown(session, plan) -> None:
    place = make_place(session)
    make_policy(session, raw_rule("ask", {"type": "permit"}, applies_to=["request"]))
    allocated = {"type": "require", "kind": "gate", "code": "allocation"}
    make_policy(
        session,
        raw_rule("book", {"type": "permit"}, applies_to=["book"]),
        raw_rule("allocated", allocated, applies_to=["book"], expected_days=3, latest_days=4),
    )
    make_route(session, facility=place.facility, instruments=[place.instrument])
    make_windows(session)
    actor = make_actor(session)
    found = asked(session, actor)
    assert found.step is Step.REQUEST
    assert starts(found) == [(place.instrument.id, span(0, 1, day=3))]
    assert asked(session, actor, step="book").slots == ()


def test_what_a_session_only_waits_for_hides_no_slot(session, plan) -> None:
    make_place(session)
    walk = raw_rule("walk", {"type": "require", "kind": "gate", "code": "walk"}, applies_to=["book"])
    make_policy(session, raw_rule("open", {"type": "permit"}), walk)
    make_windows(session)
    actor = make_actor(session)
    found = asked(session, actor, step="book")
    assert found.slots[0].answer.decision.outcome is Outcome.CONDITIONAL
    assert booked(session, actor, found.slots[0]).state == "confirmed"
    make_policy(session, raw_rule("trained", {"type": "require", "kind": "training", "code": "x"}, disclosure="none"))
    assert asked(session, actor, step="book").slots == ()


def test_a_route_of_another_access_type_is_no_way_in(session, plan) -> None:
    places = [make_place(session), make_place(session)]
    make_policy(session)
    for place, access_type in zip(places, ("physical", "remote"), strict=True):
        make_route(session, facility=place.facility, instruments=[place.instrument], access_types=[access_type])
    make_windows(session)
    found = asked(session, make_actor(session), access_type="remote")
    assert [key for key, _span in starts(found)] == [places[1].instrument.id]


def test_filters_and_distance_narrow_the_search(session, actor, plan) -> None:
    berlin = make_facility(session, latitude=52.52, longitude=13.4)
    paris = make_facility(session, latitude=48.86, longitude=2.35, country="FR", timezone="Europe/Paris")
    fiji = make_facility(session, latitude=-17.8, longitude=179.9, country="FJ", timezone="Pacific/Fiji")
    samoa = make_facility(session, latitude=-17.8, longitude=-179.9, country="FJ", timezone="Pacific/Fiji")
    by = {
        facility.id: make_place(session, facility=facility, techniques=["NMR" if facility is paris else "SEM"])
        for facility in (berlin, paris, fiji, samoa)
    }
    make_windows(session)

    def found(**values):
        return {slot.subject.facility_id for slot in asked(session, actor, **values).slots}

    assert found() == set(by)
    assert found(filters=Filters(technique="nmr")) == {paris.id}
    assert found(filters=Filters(country="DE")) == {berlin.id}
    assert found(near=(52.5, 13.4, 100)) == {berlin.id}
    assert found(near=(52.5, 13.4, 1000)) == {berlin.id, paris.id}
    assert found(near=(-17.8, 179.95, 50)) == {fiji.id, samoa.id}
    slots = asked(session, actor, near=(52.5, 13.4, 1000)).slots
    assert [slot.subject.facility_id for slot in slots] == [berlin.id, paris.id]
    assert slots[0].distance < 5 < 800 < slots[1].distance < 900


def test_a_quantity_of_shifts_is_as_long_as_the_shifts(session, actor) -> None:
    place = make_place(session)
    named = (place.instrument.public_id,)
    found = asked(session, actor, quantity=Decimal(2), access_unit="shift", instruments=named, count=1)
    assert found.slots[0].span.length == 16 * HOUR


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"minutes": 0}, "duration.invalid"),
        ({"minutes": -60}, "duration.invalid"),
        ({"minutes": 10**9}, "duration.invalid"),
        ({"minutes": 60 * 24 * 20}, "window.too_short"),
        ({"minutes": None}, "duration.form"),
        ({"quantity": Decimal(2), "access_unit": "sample"}, "duration.unit"),
        ({"end": MONDAY}, "window.reversed"),
        ({"start": MONDAY - 2 * HOUR, "end": MONDAY - HOUR}, "window.past"),
        ({"end": MONDAY + timedelta(days=93)}, "window.too_long"),
        ({"count": 0}, "count.invalid"),
        ({"count": 51}, "count.invalid"),
        ({"instruments": ("0" * 16,)}, "instrument.unknown"),
        ({"instruments": ("0" * 16,), "filters": Filters(country="DE")}, "filters.beside"),
        ({"near": (91.0, 0.0, 5.0)}, "near.invalid"),
        ({"access_type": "by-mail"}, "access_type.unknown"),
        ({"instruments": ("0" * 16,), "together": ("same", 0, None)}, "together.instruments"),
        ({"instruments": ("0" * 16, "1" * 16), "together": ("around", 0, None)}, "together.order"),
        ({"instruments": ("0" * 16, "1" * 16), "together": ("sequence", 30, 10)}, "together.gap"),
        ({"instruments": ("0" * 16, "1" * 16), "together": ("same", 30, None)}, "together.gap"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(session, actor, values, code) -> None:
    with pytest.raises(Invalid) as caught:
        asked(session, actor, **values)
    assert caught.value.code == code
    assert caught.value.fields


def test_it_tells_how_far_it_looked(session, actor, plan):
    place = make_place(session)
    set_rules(session, place.instrument, horizon_days=400)
    make_windows(session)
    found = asked(session, actor, start=MONDAY + timedelta(days=200), end=MONDAY + timedelta(days=210))
    if plan == "many":
        assert (found.slots, found.looked_until) == ((), range_at(MONDAY).end)
    else:
        assert (len(found.slots), found.looked_until) == (1, None)
    assert asked(session, actor).looked_until is None


@pytest.mark.parametrize(
    "quota",
    [
        {"of": "person", "amount": 2, "measure": "bookings", "per": "week"},
        {"of": "person", "amount": 300, "measure": "minutes", "per": "day"},
        {"of": "person", "amount": 420, "measure": "minutes", "per": "week"},
        {"of": "organisation", "amount": 1, "measure": "bookings", "per": "day", "on": "facility"},
        {"of": "person", "amount": 3, "measure": "bookings", "per": "upcoming"},
        {"of": "person", "amount": 1, "measure": "bookings", "per": "month"},
    ],
    ids=lambda quota: f"{quota['amount']} {quota['measure']} per {quota['per']}",
)
def test_what_quotas_leave_no_room_for_is_not_offered(session, actor, plan, quota) -> None:
    """The first slot is the first time that a booking of it is taken, tried every hour."""
    facility = make_facility(session, timezone="Asia/Kathmandu")
    place = make_place(session, facility=facility)
    set_rules(session, place.instrument, granularity_minutes=60, min_minutes=60, horizon_days=40, quotas=[quota])
    for hours in (
        TimeSpan(MONDAY + 4.25 * HOUR, MONDAY + 6.25 * HOUR),
        TimeSpan(MONDAY + 28.25 * HOUR, MONDAY + 31.25 * HOUR),
    ):
        with suppress(Invalid):
            book(session, actor=actor, now=MONDAY, place=place, wishes=[Wish(hours)])
    make_windows(session)
    found = asked(session, actor, hours=3, end=MONDAY + timedelta(days=12))
    expected = next((one for one in every_hour(3, days=12) if can_be_booked(session, actor, place, one)), None)
    assert [slot.span for slot in found.slots] == ([expected] if expected else [])


def every_hour(length, *, days):
    """Yield every span of so many hours that starts on the full hour of Kathmandu."""
    for hour in range(days * 24 - length):
        start = MONDAY + (hour + 0.25) * HOUR
        yield TimeSpan(start, start + length * HOUR)


def can_be_booked(session, actor, place, wanted):
    with session.begin_nested() as taken:
        try:
            book(session, actor=actor, now=MONDAY, place=place, wishes=[Wish(wanted)])
        except DomainError:
            return False
        finally:
            taken.rollback()
    return True


def test_whose_quotas_they_are_is_known_of_the_signed_in_only(session, actor) -> None:
    place = make_place(session)
    rule = {"of": "person", "amount": 1, "measure": "bookings", "per": "upcoming"}
    set_rules(session, place.instrument, quotas=[rule])
    make_booking(session, place, span(10, 12), actor=actor)
    assert asked(session, actor).slots == ()
    assert asked(session, actor, known=False).slots
    assert asked(session, make_actor(session)).slots


def on(session, actor, allocation, **values):
    return asked(session, actor, allocation=allocation.public_id, **values)


def test_what_was_granted_is_looked_for_on_its_instruments_within_its_time(session, actor) -> None:
    place, other = make_place(session), make_place(session)
    allocation = make_allocation(session, place, actor)
    make_windows(session)
    found = on(session, actor, allocation, count=3)
    assert [slot.subject.id for slot in found.slots] == [place.instrument.id] * 3
    assert found.step is Step.BOOK
    for slot in found.slots:
        with session.begin_nested() as taken:
            booked(session, actor, slot, allocation=allocation.public_id)
            taken.rollback()
    ends = allocation.valid_until
    late = on(session, actor, allocation, start=ends - HOUR, end=ends + timedelta(days=3), count=5)
    assert [slot.span.end for slot in late.slots] == [ends]
    with pytest.raises(Conflict) as caught:
        on(session, actor, allocation, instruments=(other.instrument.public_id,))
    assert caught.value.code == "allocation.outside"


def test_no_more_is_offered_than_is_left_of_what_was_granted(session, actor) -> None:
    place = make_place(session)
    allocation = make_allocation(session, place, actor, amount=3)
    assert on(session, actor, allocation, hours=3).slots
    with pytest.raises(Conflict) as caught:
        on(session, actor, allocation, hours=3.5)
    assert caught.value.details == {"left": "3.00", "units": "3.50"}
    set_rules(session, place.instrument, granularity_minutes=240, min_minutes=240)
    assert on(session, actor, allocation, hours=3).slots == ()  # rounded up to the grid, it would be four


def test_two_sessions_together_take_no_more_than_is_left_either(session, actor) -> None:
    place = make_place(session)
    allocation = make_allocation(session, place, actor, amount=3)
    other = make_place(session, facility=place.facility).instrument
    session.add(AccessRequestInstrument(access_request_id=allocation.access_request_id, instrument_id=other.id))
    session.flush()
    named = (place.instrument.public_id, other.public_id)
    together = {"instruments": named, "together": ("same", 0, None)}
    assert on(session, actor, allocation, hours=1.5, **together).sets
    assert on(session, actor, allocation, hours=2, **together).sets == ()


def test_a_team_s_quota_counts_what_it_booked_on_its_grant(session, actor) -> None:
    place = make_place(session)
    rule = {"of": "team", "amount": 1, "measure": "bookings", "per": "upcoming"}
    set_rules(session, place.instrument, quotas=[rule])
    allocation = make_allocation(session, place, actor)
    assert on(session, actor, allocation).slots
    make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    assert on(session, actor, allocation).slots == ()


def test_what_was_granted_to_others_or_leaves_no_choice_is_refused(session, actor) -> None:
    place = make_place(session)
    allocation = make_allocation(session, place, actor)
    with pytest.raises(NotFound):
        on(session, make_actor(session), allocation)
    with pytest.raises(NotFound):
        on(session, actor, allocation, known=False)
    given = make_allocation(session, place, actor, time_given="facility_schedules")
    with pytest.raises(Conflict) as caught:
        on(session, actor, given)
    assert caught.value.code == "booking.facility_schedules"
    with pytest.raises(Invalid) as beside:
        on(session, actor, allocation, near=(52.5, 13.4, 10.0))
    assert set(beside.value.fields) == {"allocation"}
