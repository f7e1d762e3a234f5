"""The table of a service order's life: each step that it has, and no other."""

import re
from itertools import product

import pytest

from infra_access.core.errors import Conflict
from infra_access.orders.lifecycle import (
    ACTIONS,
    FINAL,
    LABELS,
    NEXT,
    OF_THE_STAFF,
    TRANSITIONS,
    OrderState,
    OrderTransition,
    move,
    possible,
)

STORY = ("order", "samples_received", "start", "quality_checked", "deliver", "accept")


def test_the_story_runs_from_the_quote_to_the_end():
    state = OrderState.QUOTED
    states = [state]
    for step in STORY:
        state = move(state, OrderTransition(step))
        states.append(state)
    assert states == ["quoted", "ordered", "samples_received", "in_work", "quality_checked", "delivered", "accepted"]
    assert {"accepted", "cancelled"} == FINAL


def test_what_is_disputed_is_done_again_or_accepted():
    assert move(OrderState.DELIVERED, OrderTransition.DISPUTE) == "disputed"
    assert set(possible(OrderState.DISPUTED)) == {OrderTransition.START, OrderTransition.ACCEPT}


def test_until_the_work_begins_can_it_be_cancelled():
    cancellable = [one for one in OrderState if OrderTransition.CANCEL in possible(one)]
    assert cancellable == ["quoted", "ordered", "samples_received"]


def test_a_refusal_speaks_of_states_and_steps_in_words():
    with pytest.raises(Conflict, match=re.escape('stands at "In work": Cancel.')):
        move(OrderState.IN_WORK, OrderTransition.CANCEL)


@pytest.mark.parametrize(("state", "transition"), list(product(OrderState, OrderTransition)))
def test_what_the_table_lacks_is_refused_with_what_is_possible(state, transition):
    if transition in TRANSITIONS.get(state, {}):
        assert move(state, transition) is TRANSITIONS[state][transition]
        return
    with pytest.raises(Conflict) as caught:
        move(state, transition)
    assert caught.value.details["possible"] == list(possible(state))


def test_each_state_can_be_reached_and_has_words_and_each_step_has_its_people():
    reached = {after for steps in TRANSITIONS.values() for after in steps.values()}
    assert reached | {OrderState.QUOTED} == set(OrderState) == set(LABELS) == set(NEXT)
    assert set(ACTIONS) == set(OrderTransition)
    of_the_team = {OrderTransition.ORDER, OrderTransition.ACCEPT, OrderTransition.DISPUTE}
    assert of_the_team | OF_THE_STAFF | {OrderTransition.CANCEL} == set(OrderTransition)
    assert not of_the_team & OF_THE_STAFF
