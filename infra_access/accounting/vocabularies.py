"""The closed vocabularies of accounting; the values are stored and sent as such."""

from enum import StrEnum


class FundingKind(StrEnum):
    """Where money comes from."""

    COST_CENTRE = "cost-centre"
    GRANT = "grant"
    PURCHASE_ORDER = "purchase-order"
    VOUCHER = "voucher"
    PROGRAMME = "programme"
    WAIVER = "waiver"


class PoolPurpose(StrEnum):
    """Whom the units of a pool are for."""

    OPEN_CALL = "open-call"
    PROPRIETARY = "proprietary"
    IN_HOUSE = "in-house"
    SET_ASIDE = "set-aside"
