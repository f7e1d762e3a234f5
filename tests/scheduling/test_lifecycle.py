"""The table of a booking's life: whole, without dead ends but the final states, and named for people."""

import pytest

from infra_access.core.errors import Conflict
from infra_access.scheduling.lifecycle import (
    ACTIONS,
    FINAL,
    LABELS,
    OCCUPYING,
    TRANSITIONS,
    BookingState,
    BookingTransition,
    can_move,
    move,
)


@pytest.mark.parametrize("state", BookingState)
@pytest.mark.parametrize("transition", BookingTransition)
def test_it_moves_as_the_table_says_and_refuses_the_rest(state: BookingState, transition: BookingTransition) -> None:
    if can_move(state, transition):
        assert move(state, transition) is TRANSITIONS[state][transition]
        return
    with pytest.raises(Conflict) as caught:
        move(state, transition)
    assert caught.value.code == "booking.state"
    assert caught.value.details["possible"] == [one.value for one in TRANSITIONS.get(state, {})]


def test_each_state_is_reached_and_each_transition_used() -> None:
    reached = {target for row in TRANSITIONS.values() for target in row.values()}
    assert reached | {BookingState.HELD} == set(BookingState)
    assert {transition for row in TRANSITIONS.values() for transition in row} == set(BookingTransition)


def test_the_way_of_a_good_booking() -> None:
    state = BookingState.HELD
    for step in ["ask_approval", "confirm", "make_ready", "check_in", "complete"]:
        state = move(state, BookingTransition(step))
    assert state is BookingState.COMPLETED


def test_what_ends_without_use_gives_its_time_back() -> None:
    assert {
        BookingState.COMPLETED,
        BookingState.NO_SHOW,
        BookingState.CANCELLED,
        BookingState.RELEASED,
    } == FINAL
    assert {BookingState.COMPLETED} == FINAL & OCCUPYING
    assert BookingState.REQUESTED not in OCCUPYING
    assert BookingState.PENDING_APPROVAL in OCCUPYING


def test_every_state_and_transition_has_a_name() -> None:
    assert set(LABELS) == set(BookingState)
    assert set(ACTIONS) == set(BookingTransition)
