"""The life of a booking, as one table: which state follows which, and which states keep a resource busy.

A state without a row in the table is final. What a transition needs (rights, gates, a free slot) is decided
by the command that makes it.
"""

from enum import StrEnum

from infra_access.core.errors import Conflict
from infra_access.core.i18n import Text, _


class BookingState(StrEnum):
    """Where a booking stands."""

    HELD = "held"
    REQUESTED = "requested"
    PROPOSED = "proposed"
    PENDING_APPROVAL = "pending_approval"
    CONFIRMED = "confirmed"
    READY = "ready"
    CHECKED_IN = "checked_in"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    RELEASED = "released"


class BookingTransition(StrEnum):
    """What can be done to a booking."""

    REQUEST = "request"
    PROPOSE = "propose"
    DECLINE = "decline"
    ASK_APPROVAL = "ask_approval"
    CONFIRM = "confirm"
    MAKE_READY = "make_ready"
    REOPEN_GATES = "reopen_gates"
    CHECK_IN = "check_in"
    COMPLETE = "complete"
    MARK_NO_SHOW = "mark_no_show"
    CANCEL = "cancel"
    RELEASE = "release"


_S, _T = BookingState, BookingTransition

TRANSITIONS: dict[BookingState, dict[BookingTransition, BookingState]] = {
    _S.HELD: {
        _T.REQUEST: _S.REQUESTED,
        _T.ASK_APPROVAL: _S.PENDING_APPROVAL,
        _T.CONFIRM: _S.CONFIRMED,
        _T.CANCEL: _S.CANCELLED,
        _T.RELEASE: _S.RELEASED,
    },
    _S.REQUESTED: {
        _T.PROPOSE: _S.PROPOSED,
        _T.ASK_APPROVAL: _S.PENDING_APPROVAL,
        _T.CONFIRM: _S.CONFIRMED,
        _T.CANCEL: _S.CANCELLED,
        _T.RELEASE: _S.RELEASED,
    },
    _S.PROPOSED: {
        _T.DECLINE: _S.REQUESTED,
        _T.ASK_APPROVAL: _S.PENDING_APPROVAL,
        _T.CONFIRM: _S.CONFIRMED,
        _T.CANCEL: _S.CANCELLED,
        _T.RELEASE: _S.RELEASED,
    },
    _S.PENDING_APPROVAL: {
        _T.PROPOSE: _S.PROPOSED,
        _T.CONFIRM: _S.CONFIRMED,
        _T.CANCEL: _S.CANCELLED,
        _T.RELEASE: _S.RELEASED,
    },
    _S.CONFIRMED: {
        _T.ASK_APPROVAL: _S.PENDING_APPROVAL,
        _T.MAKE_READY: _S.READY,
        _T.MARK_NO_SHOW: _S.NO_SHOW,
        _T.CANCEL: _S.CANCELLED,
    },
    _S.READY: {
        _T.ASK_APPROVAL: _S.PENDING_APPROVAL,
        _T.REOPEN_GATES: _S.CONFIRMED,
        _T.CHECK_IN: _S.CHECKED_IN,
        _T.MARK_NO_SHOW: _S.NO_SHOW,
        _T.CANCEL: _S.CANCELLED,
    },
    _S.CHECKED_IN: {_T.COMPLETE: _S.COMPLETED},
}

OCCUPYING = frozenset({_S.HELD, _S.PROPOSED, _S.PENDING_APPROVAL, _S.CONFIRMED, _S.READY, _S.CHECKED_IN, _S.COMPLETED})
"""States whose spans keep resources busy. A request without an agreed time takes none; a no-show gives it back."""

FINAL = frozenset(BookingState) - frozenset(TRANSITIONS)
"""States that nothing follows."""

LABELS: dict[BookingState, Text] = {
    _S.HELD: _("On hold"),
    _S.REQUESTED: _("Requested"),
    _S.PROPOSED: _("Time proposed"),
    _S.PENDING_APPROVAL: _("Waiting for approval"),
    _S.CONFIRMED: _("Confirmed"),
    _S.READY: _("Ready"),
    _S.CHECKED_IN: _("In use"),
    _S.COMPLETED: _("Completed"),
    _S.NO_SHOW: _("Nobody came"),
    _S.CANCELLED: _("Cancelled"),
    _S.RELEASED: _("Given back"),
}

ACTIONS: dict[BookingTransition, Text] = {
    _T.REQUEST: _("Ask for a time"),
    _T.PROPOSE: _("Propose a time"),
    _T.DECLINE: _("Decline the proposed time"),
    _T.ASK_APPROVAL: _("Ask for approval"),
    _T.CONFIRM: _("Confirm"),
    _T.MAKE_READY: _("Mark as ready"),
    _T.REOPEN_GATES: _("Mark as not ready"),
    _T.CHECK_IN: _("Check in"),
    _T.COMPLETE: _("Complete"),
    _T.MARK_NO_SHOW: _("Record that nobody came"),
    _T.CANCEL: _("Cancel"),
    _T.RELEASE: _("Give the time back"),
}


def can_move(state: BookingState, transition: BookingTransition) -> bool:
    """Tell whether the table has that transition from `state`."""
    return transition in TRANSITIONS.get(state, {})


def move(state: BookingState, transition: BookingTransition) -> BookingState:
    """Return the state after `transition`. Raises Conflict `booking.state`, with what is possible."""
    possible = TRANSITIONS.get(state, {})
    if transition in possible:
        return possible[transition]
    raise Conflict(
        "booking.state",
        _(
            'This is not possible while the booking stands at "${state}": ${transition}. '
            "Reload to see what is possible.",
            mapping={"state": state.value, "transition": transition.value},
        ),
        details={"state": state.value, "transition": transition.value, "possible": [one.value for one in possible]},
    )
