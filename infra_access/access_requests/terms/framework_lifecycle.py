"""The life of a framework agreement, as one table, with a name for each state."""

from collections.abc import Mapping
from enum import StrEnum

from infra_access.core.errors import Conflict
from infra_access.core.i18n import Text, _


class FrameworkKind(StrEnum):
    """What it is: an agreement that answers a request's own terms, or one on secrets, or on samples handed over."""

    FRAMEWORK = "framework"
    NDA = "nda"
    MTA = "mta"


class FrameworkState(StrEnum):
    """Where a framework agreement stands."""

    DRAFT = "draft"
    OFFERED = "offered"
    IN_FORCE = "in_force"
    ENDED = "ended"


class FrameworkStep(StrEnum):
    """What can be done to it."""

    OFFER = "offer"
    ACCEPT = "accept"
    END = "end"


_S, _T = FrameworkState, FrameworkStep

STEPS: Mapping[FrameworkState, Mapping[FrameworkStep, FrameworkState]] = {
    _S.DRAFT: {_T.OFFER: _S.OFFERED, _T.END: _S.ENDED},
    _S.OFFERED: {_T.ACCEPT: _S.IN_FORCE, _T.END: _S.ENDED},
    _S.IN_FORCE: {_T.END: _S.ENDED},
    _S.ENDED: {},
}
"""What follows what; the first side's acceptance leaves it offered."""

LABELS: Mapping[FrameworkState, Text] = {
    _S.DRAFT: _("Draft"),
    _S.OFFERED: _("To be accepted"),
    _S.IN_FORCE: _("In force"),
    _S.ENDED: _("Ended"),
}
KINDS: Mapping[FrameworkKind, Text] = {
    FrameworkKind.FRAMEWORK: _("Framework agreement"),
    FrameworkKind.NDA: _("Non-disclosure agreement"),
    FrameworkKind.MTA: _("Material transfer agreement"),
}


def step(state: FrameworkState, wanted: FrameworkStep) -> FrameworkState:
    """Return the state after a step. Raises Conflict `framework.state`, with what is possible."""
    possible = STEPS[state]
    if wanted in possible:
        return possible[wanted]
    raise Conflict(
        "framework.state",
        _(
            'This is not possible while the agreement stands at "${state}". Reload to see what is possible.',
            mapping={"state": state.value},
        ),
        details={"state": state.value, "step": wanted.value, "possible": [one.value for one in possible]},
    )
