"""Several instruments together: found at one time or in an order, and booked all or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.outbox.models import OutboxEvent
from infra_access.scheduling.changes import cancel
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.together import Item, book_together, mates_of
from tests.factories.catalogue import make_facility
from tests.factories.find_time import asked
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    copies_of,
    make_companion,
    make_occupancy,
    make_place,
    row_counts,
    set_rules,
    span,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def actor(session):
    """Somebody signed in; anyone may book."""
    make_policy(session)
    return make_actor(session)


def found(session, actor, places, *rest, **values):
    named = tuple(place.instrument.public_id for place in places)
    return [
        tuple(slot.span for slot in one)
        for one in asked(session, actor, instruments=named, together=rest, **values).sets
    ]


def busy(session, place, *spans):
    for one in spans:
        make_occupancy(session, copies_of(session, place)[0], one)


def booked(session, actor, *pairs, **values):
    items = [Item(place, Wish(when)) for place, when in pairs]
    return book_together(session, actor=actor, now=MONDAY, items=items, **values)


def test_one_time_is_found_at_which_all_are_free(session, actor) -> None:
    places = [make_place(session) for _number in range(3)]
    busy(session, places[0], span(9, 11, day=0), span(14, 20, day=0))
    busy(session, places[1], span(10, 12, day=0))
    set_rules(session, places[2].instrument, granularity_minutes=120, min_minutes=120)
    first, second = found(session, actor, places, "same", 0, None, count=2)
    # Noon in Berlin is 11:00, the grid of two hours has 13:00 as its next line, and the third takes two hours.
    assert first == (span(13, 14, day=0), span(13, 14, day=0), span(13, 15, day=0))
    assert second == (span(21, 22, day=0), span(21, 22, day=0), span(21, 23, day=0))


def test_an_order_with_gaps_is_kept(session, actor) -> None:
    preparing, measuring = make_place(session), make_place(session)
    busy(session, measuring, span(9, 15, day=0))
    busy(session, preparing, span(12, 13, day=0))
    both = [preparing, measuring]
    assert found(session, actor, both, "sequence", 30, None, count=1) == [(span(9, 10, day=0), span(15, 16, day=0))]
    # At most two hours in between: the first session moves towards the second.
    assert found(session, actor, both, "sequence", 30, 120, count=1) == [(span(13, 14, day=0), span(15, 16, day=0))]
    assert found(session, actor, both[::-1], "sequence", 0, 0, count=1) == [(span(15, 16, day=0), span(16, 17, day=0))]


def test_there_is_no_set_where_one_of_them_is_closed_to_the_person(session, actor) -> None:
    places = [make_place(session), make_place(session)]
    make_policy(session, raw_rule("no", {"type": "deny"}), scope=("instrument", places[1].instrument.public_id))
    assert found(session, actor, places, "same", 0, None) == []


def test_instruments_that_share_a_person_are_not_looked_for_at_one_time(session, actor) -> None:
    facility = make_facility(session)
    places = [make_place(session, facility=facility), make_place(session, facility=facility)]
    make_companion(session, *places)
    with pytest.raises(Invalid) as caught:
        found(session, actor, places, "same", 0, None)
    assert caught.value.code == "together.shared"
    assert found(session, actor, places, "sequence", 0, 0, count=1) == [(span(9, 10, day=0), span(10, 11, day=0))]


def test_a_set_that_was_found_is_booked_as_one(session, actor) -> None:
    places = [make_place(session), make_place(session)]
    room = make_companion(session, places[0], kind="room", name="Laboratory")
    (sessions,) = found(session, actor, places, "sequence", 15, 60, count=1)
    made = booked(session, actor, *zip(places, sessions, strict=True), title="Steel")
    assert len({one.bundle for one in made}) == 1
    assert made[0].bundle
    assert [one.state for one in made] == [BookingState.CONFIRMED, BookingState.CONFIRMED]
    assert mates_of(session, made[0]) == [made[1].public_id]
    events = session.scalars(
        select(AuditEvent.action).where(AuditEvent.object_id == made[0].bundle).order_by(AuditEvent.id)
    ).all()
    assert events == ["booking.bundle_created"]
    told = session.scalars(
        select(OutboxEvent.kind).where(OutboxEvent.kind.like("booking.%")).order_by(OutboxEvent.id)
    ).all()
    assert told == ["booking.confirmed"] * 2
    with pytest.raises(Conflict):
        make_occupancy(session, room, sessions[0])


def test_one_that_is_taken_leaves_none(session, actor) -> None:
    places = [make_place(session), make_place(session)]
    busy(session, places[1], span(10, 11, day=1))
    session.flush()
    before = row_counts(session)
    with pytest.raises(Conflict) as caught:
        booked(session, actor, (places[0], span(10, 11, day=1)), (places[1], span(10, 11, day=1)))
    assert caught.value.details["instrument"] == places[1].instrument.public_id
    assert caught.value.details["alternatives"]
    assert row_counts(session) == before


def test_one_that_is_closed_to_the_person_leaves_none(session, actor) -> None:
    places = [make_place(session), make_place(session)]
    make_policy(session, raw_rule("no", {"type": "deny"}), scope=("instrument", places[1].instrument.public_id))
    with pytest.raises(Forbidden) as caught:
        booked(session, actor, (places[0], span(10, 11, day=1)), (places[1], span(10, 11, day=1)))
    assert caught.value.details["decision"]["outcome"] == "deny"
    assert session.scalars(select(Booking.id)).all() == []


def test_a_person_whom_two_of_them_need_cannot_be_at_both(session, actor) -> None:
    facility = make_facility(session)
    places = [make_place(session, facility=facility), make_place(session, facility=facility)]
    make_companion(session, *places)
    with pytest.raises(Conflict):
        booked(session, actor, (places[0], span(10, 11, day=1)), (places[1], span(10, 11, day=1)))
    assert session.scalars(select(Booking.id)).all() == []


def test_cancelling_one_leaves_the_others(session, actor) -> None:
    places = [make_place(session), make_place(session)]
    made = booked(session, actor, *((place, span(10, 11, day=1)) for place in places))
    cancel(session, actor=actor, now=MONDAY, booking=made[0])
    session.refresh(made[1])
    assert made[1].state == BookingState.CONFIRMED


@pytest.mark.parametrize("count", [1, 6])
def test_one_instrument_or_six_are_not_booked_together(session, actor, count) -> None:
    place = make_place(session)
    with pytest.raises(Invalid) as caught:
        booked(session, actor, *((place, span(10 + number, 11 + number)) for number in range(count)))
    assert caught.value.code == "together.items"


def test_every_one_that_cannot_be_is_named_with_what_it_breaks(session, actor) -> None:
    places = [make_place(session) for _number in range(3)]
    set_rules(session, places[0].instrument, max_minutes=60)
    busy(session, places[2], span(11, 13))
    before = row_counts(session)
    with pytest.raises(Invalid) as caught:
        booked(session, actor, *((place, span(10, 12)) for place in places))
    told = caught.value.details["refused"]
    assert [one["instrument"] for one in told] == [places[0].instrument.public_id, places[2].instrument.public_id]
    assert [one["code"] for one in told] == ["booking.rules", "booking.overlap"]
    assert [one["code"] for one in told[0]["broken"]] == ["max_length"]
    assert told[1]["alternatives"]
    assert row_counts(session) == before
