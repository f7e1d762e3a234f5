"""The life of a service order, as one table: which state follows which, who holds it there, and what its queue is.

A state without a row in the table is final. What a transition needs (rights, an accepted quote, samples that arrived)
is decided by the command that makes it.
"""

from enum import StrEnum

from infra_access.core.errors import Conflict
from infra_access.core.i18n import Text, _


class OrderState(StrEnum):
    """Where a service order stands."""

    QUOTED = "quoted"
    ORDERED = "ordered"
    SAMPLES_RECEIVED = "samples_received"
    IN_WORK = "in_work"
    QUALITY_CHECKED = "quality_checked"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"


class OrderTransition(StrEnum):
    """What can be done to a service order."""

    ORDER = "order"
    RECEIVE = "samples_received"
    START = "start"
    CHECK = "quality_checked"
    DELIVER = "deliver"
    ACCEPT = "accept"
    DISPUTE = "dispute"
    CANCEL = "cancel"


_S, _T = OrderState, OrderTransition

TRANSITIONS: dict[OrderState, dict[OrderTransition, OrderState]] = {
    _S.QUOTED: {_T.ORDER: _S.ORDERED, _T.CANCEL: _S.CANCELLED},
    _S.ORDERED: {_T.RECEIVE: _S.SAMPLES_RECEIVED, _T.CANCEL: _S.CANCELLED},
    # Until the work begins nothing is spent: the samples are treated as the order says of them.
    _S.SAMPLES_RECEIVED: {_T.START: _S.IN_WORK, _T.CANCEL: _S.CANCELLED},
    _S.IN_WORK: {_T.CHECK: _S.QUALITY_CHECKED},
    _S.QUALITY_CHECKED: {_T.DELIVER: _S.DELIVERED},
    _S.DELIVERED: {_T.ACCEPT: _S.ACCEPTED, _T.DISPUTE: _S.DISPUTED},
    # What is disputed is done again, or accepted after all.
    _S.DISPUTED: {_T.START: _S.IN_WORK, _T.ACCEPT: _S.ACCEPTED},
}

OF_THE_STAFF = frozenset({_T.RECEIVE, _T.START, _T.CHECK, _T.DELIVER})
"""The steps that staff make. All others are the team's, and cancelling is open to both."""

QUEUED = (_S.ORDERED, _S.SAMPLES_RECEIVED, _S.IN_WORK)
"""The states in which an order keeps those behind it waiting."""

OPEN = (*QUEUED, _S.QUALITY_CHECKED, _S.DISPUTED)
"""The states in which the facility has something to do, or waits for samples."""

PROMISED = frozenset({_S.SAMPLES_RECEIVED, _S.IN_WORK, _S.QUALITY_CHECKED})
"""The states in which an order can be overdue."""

FINAL = frozenset(OrderState) - frozenset(TRANSITIONS)
"""States that nothing follows."""

LABELS: dict[OrderState, Text] = {
    _S.QUOTED: _("Quoted"),
    _S.ORDERED: _("Ordered"),
    _S.SAMPLES_RECEIVED: _("Samples arrived"),
    _S.IN_WORK: _("In work"),
    _S.QUALITY_CHECKED: _("Quality checked"),
    _S.DELIVERED: _("Delivered"),
    _S.ACCEPTED: _("Accepted"),
    _S.DISPUTED: _("Disputed"),
    _S.CANCELLED: _("Cancelled"),
}

NEXT: dict[OrderState, Text] = {
    _S.QUOTED: _("It can be ordered until the quote ends."),
    _S.ORDERED: _("The samples are to be sent, with the label in the parcel. The facility notes when they arrive."),
    _S.SAMPLES_RECEIVED: _(
        "The facility has the samples. The work begins when it is their turn; until then the order can be cancelled."
    ),
    _S.IN_WORK: _("The facility works on the samples."),
    _S.QUALITY_CHECKED: _("The results were checked. The facility delivers them next."),
    _S.DELIVERED: _("The results are there. The team looks at them, then accepts them or says what is wrong."),
    _S.ACCEPTED: _("The results were accepted. Nothing more is to be done."),
    _S.DISPUTED: _("The facility looks at what was found wrong and does it again, or the team accepts after all."),
    _S.CANCELLED: _(
        "It was cancelled. What it had reserved was given back; with samples that had arrived the facility does what "
        "the order says of their fate."
    ),
}

ACTIONS: dict[OrderTransition, Text] = {
    _T.ORDER: _("Order"),
    _T.RECEIVE: _("Samples arrived"),
    _T.START: _("Begin the work"),
    _T.CHECK: _("Quality is checked"),
    _T.DELIVER: _("Deliver"),
    _T.ACCEPT: _("Accept"),
    _T.DISPUTE: _("Dispute"),
    _T.CANCEL: _("Cancel"),
}


def possible(state: OrderState) -> tuple[OrderTransition, ...]:
    """Return what can be done in a state, in the order of the table."""
    return tuple(TRANSITIONS.get(state, {}))


def move(state: OrderState, transition: OrderTransition) -> OrderState:
    """Return the state after `transition`. Raises Conflict `order.state`, with what is possible."""
    following = TRANSITIONS.get(state, {})
    if transition in following:
        return following[transition]
    raise Conflict(
        "order.state",
        _(
            'This is not possible while the order stands at "${state}": ${transition}. Reload to see what is possible.',
            mapping={"state": LABELS[state], "transition": ACTIONS[transition]},
        ),
        details={"state": state.value, "transition": transition.value, "possible": [one.value for one in following]},
    )
