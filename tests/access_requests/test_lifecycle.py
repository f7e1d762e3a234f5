"""The table of an access request's life, against the diagram of the design, edge by edge."""

import pytest

from infra_access.access_requests.lifecycle import (
    ACTIONS,
    FINAL,
    LABELS,
    NEXT,
    TRANSITIONS,
    RequestState,
    RequestTransition,
    can_move,
    move,
)
from infra_access.core.errors import Conflict

# Every edge between two different states; an amendment may also keep the state.
EDGES = {
    "draft": "submitted withdrawn",
    "submitted": "under_review approved refused withdrawn",
    "under_review": "changes_requested paused approved reserve deferred refused revoked withdrawn",
    "changes_requested": "under_review revoked withdrawn",
    "paused": "under_review revoked withdrawn",
    "reserve": "approved deferred refused under_review revoked withdrawn",
    "deferred": "under_review revoked withdrawn",
    "approved": "agreement_pending active under_review revoked withdrawn",
    "agreement_pending": "active under_review revoked withdrawn",
    "active": "completed expired revoked under_review withdrawn",
    "refused": "appealed",
    "revoked": "appealed",
    "appealed": "upheld reopened",
    "reopened": "under_review revoked withdrawn",
}
AMENDABLE = {
    "reopened",
    "submitted",
    "under_review",
    "changes_requested",
    "paused",
    "reserve",
    "deferred",
    "approved",
    "agreement_pending",
    "active",
}


@pytest.mark.parametrize("state", RequestState)
def test_each_state_leads_where_the_diagram_says(state: RequestState) -> None:
    reached = {target.value for target in TRANSITIONS.get(state, {}).values()} - {state.value}
    assert reached == set(EDGES.get(state.value, "").split())
    assert can_move(state, RequestTransition.AMEND) is (state.value in AMENDABLE)


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("transition", RequestTransition)
def test_it_moves_as_the_table_says_and_refuses_the_rest(state: RequestState, transition: RequestTransition) -> None:
    if can_move(state, transition):
        assert move(state, transition) is TRANSITIONS[state][transition]
        return
    with pytest.raises(Conflict) as caught:
        move(state, transition)
    assert caught.value.code == "access_request.state"
    assert caught.value.details["possible"] == [one.value for one in TRANSITIONS.get(state, {})]


def test_the_way_to_access() -> None:
    state = RequestState.DRAFT
    for step in [
        "submit",
        "review",
        "ask_changes",
        "amend",
        "resume",
        "pause",
        "resume",
        "approve",
        "offer_terms",
        "accept_terms",
    ]:
        state = move(state, RequestTransition(step))
    assert state is RequestState.ACTIVE


def test_an_amendment_of_what_is_granted_keeps_it_until_a_review_is_asked() -> None:
    assert move(RequestState.ACTIVE, RequestTransition.AMEND) is RequestState.ACTIVE
    assert move(RequestState.ACTIVE, RequestTransition.REVIEW) is RequestState.UNDER_REVIEW


def test_the_final_states() -> None:
    assert {state.value for state in FINAL} == {"completed", "expired", "withdrawn", "upheld"}


def test_every_transition_is_used_and_all_is_named() -> None:
    assert {transition for row in TRANSITIONS.values() for transition in row} == set(RequestTransition)
    assert set(LABELS) == set(NEXT) == set(RequestState)
    assert set(ACTIONS) == set(RequestTransition)
