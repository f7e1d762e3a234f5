"""Where somebody who waits stands."""

from enum import StrEnum


class WaitState(StrEnum):
    """Waiting, with an offer, or done with it."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


OPEN = (WaitState.WAITING, WaitState.OFFERED)
"""Of whom something may still come."""
