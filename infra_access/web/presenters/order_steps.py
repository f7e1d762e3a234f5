"""A service order as its page shows it: how far it is, who holds it, and the delivery with its links."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from infra_access.core.i18n import Text, _
from infra_access.orders.lifecycle import LABELS, OrderState
from infra_access.orders.models import ServiceOrder

_S = OrderState
_WAY = (_S.QUOTED, _S.ORDERED, _S.SAMPLES_RECEIVED, _S.IN_WORK, _S.QUALITY_CHECKED, _S.DELIVERED, _S.ACCEPTED)
_WEB = re.compile(r"https?://[^\s<>\"]+")
_TEAM, _FACILITY = _("It is with the team"), _("It is with the facility")
_HOLDERS: Mapping[OrderState, Text] = {
    _S.QUOTED: _TEAM,
    _S.ORDERED: _("It is with the team, which sends the samples"),
    _S.SAMPLES_RECEIVED: _FACILITY,
    _S.IN_WORK: _FACILITY,
    _S.QUALITY_CHECKED: _FACILITY,
    _S.DELIVERED: _TEAM,
    _S.DISPUTED: _FACILITY,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `state` is done, now, ahead or refused."""

    title: Text
    state: str
    when: datetime | None
    note: Text = ""


def steps_of(order: ServiceOrder) -> list[Step]:
    """Return the steps of an order; a cancelled one ends there, and a dispute stands after the delivery."""
    state = OrderState(order.state)
    instants = (
        order.created_at,
        order.ordered_at,
        order.samples_received_at,
        order.started_at,
        order.checked_at,
        order.delivered_at,
        order.closed_at if state is _S.ACCEPTED else None,
    )
    whole = list(zip(_WAY, instants, strict=True))
    if state is _S.CANCELLED:
        done = [Step(LABELS[one], "done", when) for one, when in whole if when is not None]
        return [*done, Step(LABELS[state], "refused", order.closed_at)]
    at = _WAY.index(_S.DELIVERED if state is _S.DISPUTED else state)
    steps = [Step(LABELS[one], _place(position, at, state), when) for position, (one, when) in enumerate(whole)]
    if state is _S.DISPUTED:
        steps.insert(-1, Step(LABELS[state], "now", order.closed_at, _HOLDERS[state]))
    elif state in _HOLDERS:
        steps[at] = Step(LABELS[state], "now", instants[at], _HOLDERS[state])
    return steps


def _place(position: int, at: int, state: OrderState) -> str:
    if position < at or (position == at and state in {_S.ACCEPTED, _S.DISPUTED}):
        return "done"
    return "now" if position == at else "ahead"


def look_of(state: str, overdue: bool) -> tuple[str, str]:
    """Return the tone and the icon of an order's state."""
    if overdue or state == _S.DISPUTED:
        return "busy", "alert"
    if state in {_S.ACCEPTED, _S.DELIVERED}:
        return "free", "check"
    return ("closed", "dash") if state in {_S.CANCELLED, _S.QUOTED} else ("accent", "clock")


def with_links(text: str) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether it is the address of a web page.

    >>> with_links("See https://data.example/8.")
    [('See ', False), ('https://data.example/8', True), ('.', False)]
    """
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _WEB.finditer(text):
        address = found[0].rstrip(".,;:!?)")
        pieces += [(text[end : found.start()], False), (address, True)]
        end = found.start() + len(address)
    return [piece for piece in [*pieces, (text[end:], False)] if piece[0]]
