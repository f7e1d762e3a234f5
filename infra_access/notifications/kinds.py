"""The events that people are told of by mail. Lower layers publish them under these names."""

from enum import StrEnum


class Kind(StrEnum):
    """The kind of an outbox event; one that is not here sends no mail."""

    SIGNED_UP = "account.signed_up"
    CONFIRM_ADDRESS = "account.confirm_address"
    SIGN_UP_REPEATED = "account.sign_up_repeated"
    LINK = "account.link"
    REQUEST_SUBMITTED = "access_request.submitted"
    APPROVAL_ASKED = "access_request.approval_asked"
    NATIONALITY_ASKED = "nationality.asked"
    APPROVAL_REMINDED = "access_request.approval_reminded"
    APPROVAL_OVERDUE = "access_request.approval_overdue"
    CONSENT_NEAR_REVIEW = "access_request.consent_near_review"
    CONSENT_LAPSED = "access_request.consent_lapsed"
    CONSENT_RENEWED = "access_request.consent_renewed"
    OPINION_ASKED = "opinion.asked"
    OPINION_ANSWERED = "opinion.answered"
    OVERRIDE_WANTED = "override.wanted"
    OVERRIDE_ASKED = "override.asked"
    REQUEST_DECIDED = "access_request.decided"
    CHANGES_REQUESTED = "access_request.changes_requested"
    CORRECTION_PROPOSED = "access_request.correction_proposed"
    EXCEPTION_GRANTED = "access_request.exception_granted"
    REQUEST_APPROVED = "access_request.approved"
    AGREEMENT_OFFERED = "access_request.agreement_offered"
    REQUEST_ACTIVATED = "access_request.activated"
    REQUEST_COMPLETED = "access_request.completed"
    REQUEST_EXPIRED = "access_request.expired"
    REPORT_DUE = "access_request.report_due"
    FRAMEWORK_OFFERED = "framework_agreement.offered"
    FRAMEWORK_IN_FORCE = "framework_agreement.in_force"
    FRAMEWORK_ENDED = "framework_agreement.ended"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_PENDING = "booking.pending"
    BOOKING_MOVED = "booking.moved"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_DISPLACED = "booking.displaced"
    BOOKING_OFFERED = "booking.offered"
    WAITED_IN_VAIN = "wait_list.lapsed"
    BOOKING_ENDED_EARLY = "booking.ended_early"
    BOOKING_NO_SHOW = "booking.no_show"
    INSTRUMENT_STATUS = "instrument.status_changed"
    BOOKING_PROPOSED = "booking.proposed"
    BOOKING_REQUESTED = "booking.requested"
    BOOKING_DECLINED = "booking.declined"
    BOOKING_RELEASED = "booking.released"
    SCHEDULE_PROPOSED = "schedule.proposed"
    SERIES_MADE = "booking.series_made"
    SERIES_CHANGED = "booking.series_changed"
    ORDER_QUOTED = "service_order.quoted"
    ORDER_PLACED = "service_order.ordered"
    ORDER_RECEIVED = "service_order.samples_received"
    ORDER_STARTED = "service_order.started"
    ORDER_CHECKED = "service_order.quality_checked"
    ORDER_DELIVERED = "service_order.delivered"
    ORDER_ACCEPTED = "service_order.accepted"
    ORDER_DISPUTED = "service_order.disputed"
    ORDER_CANCELLED = "service_order.cancelled"
    ORDER_ACCESS_ENDED = "service_order.access_ended"
    MESSAGE = "conversation.message"
    ROLE_HANDED_OVER = "role.handed_over"
    TRAINING_RECORDED = "training.recorded"
    TRAINING_WITHDRAWN = "training.withdrawn"
    ASSURANCE_NOTED = "assurance.noted"
    ASSURANCE_WITHDRAWN = "assurance.withdrawn"


WITH_CALENDAR = frozenset(
    {
        Kind.BOOKING_CONFIRMED,
        Kind.BOOKING_PENDING,
        Kind.BOOKING_MOVED,
        Kind.BOOKING_CANCELLED,
        Kind.BOOKING_DISPLACED,
    }
)

OF_AN_APPROVAL = frozenset({Kind.APPROVAL_ASKED, Kind.APPROVAL_REMINDED, Kind.APPROVAL_OVERDUE})
"""What is told to those who decide, or who see to it that somebody does."""

OF_A_CONSENT = frozenset({Kind.CONSENT_NEAR_REVIEW, Kind.CONSENT_LAPSED, Kind.CONSENT_RENEWED})
"""What is told of a consent with a date of review: to whoever can renew it, and to the team."""

OF_A_PERSON = frozenset(
    {Kind.TRAINING_RECORDED, Kind.TRAINING_WITHDRAWN, Kind.ASSURANCE_NOTED, Kind.ASSURANCE_WITHDRAWN}
)
"""What staff noted of a person, or took back, told to that person."""

OF_A_DECISION = frozenset({Kind.REQUEST_DECIDED, Kind.CHANGES_REQUESTED, Kind.EXCEPTION_GRANTED})
"""What a team is told of decisions on its request."""

FOR_THE_OFFICE = frozenset({Kind.BOOKING_REQUESTED, Kind.BOOKING_DECLINED})
"""What teams write to the office of a facility."""

WITH_LINK = frozenset({Kind.SIGNED_UP, Kind.CONFIRM_ADDRESS, Kind.LINK, Kind.OPINION_ASKED})
"""Mails that bring a link with a secret, which is made while they are written."""
