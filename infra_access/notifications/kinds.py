"""The events that people are told of by mail. Lower layers publish them under these names."""

from enum import StrEnum


class Kind(StrEnum):
    """The kind of an outbox event; one that is not here sends no mail."""

    SIGNED_UP = "account.signed_up"
    SIGN_UP_REPEATED = "account.sign_up_repeated"
    LINK = "account.link"
    REQUEST_SUBMITTED = "access_request.submitted"
    APPROVAL_ASKED = "access_request.approval_asked"
    REQUEST_DECIDED = "access_request.decided"
    CHANGES_REQUESTED = "access_request.changes_requested"
    REQUEST_APPROVED = "access_request.approved"
    REQUEST_ACTIVATED = "access_request.activated"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_PENDING = "booking.pending"
    BOOKING_MOVED = "booking.moved"
    BOOKING_CANCELLED = "booking.cancelled"
    MESSAGE = "conversation.message"


WITH_CALENDAR = frozenset({Kind.BOOKING_CONFIRMED, Kind.BOOKING_PENDING, Kind.BOOKING_MOVED, Kind.BOOKING_CANCELLED})
