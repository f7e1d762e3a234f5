"""What a person can do about an instrument: book it, ask for a time, or ask."""

from enum import StrEnum
from typing import Protocol

from sqlalchemy import ColumnElement, and_

from infra_access.catalogue.models import Instrument
from infra_access.catalogue.vocabularies import Listing, OperationalStatus, SchedulingAuthority

WORKING = frozenset({OperationalStatus.OPERATING, OperationalStatus.DEGRADED})
"""The states in which sessions can take place."""


class Offer(StrEnum):
    """The next step that an instrument offers."""

    BOOK = "book"
    ASK_FOR_TIME = "ask_for_time"
    ASK = "ask"


class Offering(Protocol):
    """What the offer depends on: an instrument, or a row with its columns."""

    @property
    def listing(self) -> str:
        """Return who stands behind the record."""

    @property
    def status(self) -> str:
        """Return whether it works."""

    @property
    def scheduling_authority(self) -> str:
        """Return whose calendar decides."""


def offer_of(instrument: Offering) -> Offer:
    """Return what an instrument offers: unclaimed or not working ones never offer a booking."""
    if instrument.listing == Listing.UNCLAIMED or instrument.status not in WORKING:
        return Offer.ASK
    if instrument.scheduling_authority == SchedulingAuthority.HERE:
        return Offer.BOOK
    # Another system's calendar can be shown but not relied on, so a time there can only be asked for.
    return Offer.ASK_FOR_TIME if instrument.scheduling_authority == SchedulingAuthority.ELSEWHERE else Offer.ASK


def is_bookable() -> ColumnElement[bool]:
    """Return the condition under which `offer_of` says book."""
    return and_(
        Instrument.listing != Listing.UNCLAIMED,
        Instrument.status.in_(sorted(WORKING)),
        Instrument.scheduling_authority == SchedulingAuthority.HERE,
    )
