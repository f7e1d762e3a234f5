"""The closed vocabulary of the ledger; the values are stored and sent as such."""

from enum import StrEnum


class UsageKind(StrEnum):
    """What a line of the ledger says: an adjusted one corrects another."""

    USED = "used"
    LOST = "lost"
    NO_SHOW = "no-show"
    ADJUSTED = "adjusted"
