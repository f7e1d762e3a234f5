"""The words of mails about use: bookings, series, schedules, instruments and service orders."""

from collections.abc import Mapping

from infra_access.core.i18n import _
from infra_access.notifications.kinds import Kind
from infra_access.notifications.template import Template

OF_USE: Mapping[Kind, Template] = {
    Kind.BOOKING_CONFIRMED: Template(
        _("Booked: ${instrument}, ${when}"),
        (_("Your session on ${instrument} at ${facility} is confirmed: ${when}."),),
    ),
    Kind.BOOKING_PENDING: Template(
        _("Waiting for approval: ${instrument}, ${when}"),
        (_("Your session on ${instrument} at ${facility} is held and waits for approval: ${when}."),),
    ),
    Kind.BOOKING_MOVED: Template(
        _("Moved: ${instrument}, now ${when}"),
        (_("Your session on ${instrument} at ${facility} was moved. It is now: ${when}."),),
    ),
    Kind.BOOKING_CANCELLED: Template(
        _("Cancelled: ${instrument}, ${when}"),
        (_("Your session on ${instrument} at ${facility} was cancelled: ${when}."),),
    ),
    Kind.BOOKING_OFFERED: Template(
        _("A time came free: ${instrument}, ${when}"),
        (
            _("You wait for time on ${instrument} at ${facility}. This time came free and is kept for you: ${when}."),
            _("Book it on its page before the time to answer ends, which stands there; else the next one is asked."),
        ),
    ),
    Kind.WAITED_IN_VAIN: Template(
        _("Nothing came free: ${instrument}"),
        (
            _(
                "You waited for time on ${instrument} at ${facility}. The time in which you wanted it is over, and "
                "nothing came free that was long enough."
            ),
            _("With the link below you find the next times that you can have there."),
        ),
    ),
    Kind.BOOKING_DISPLACED: Template(
        _("Moved because of maintenance: ${instrument}, now ${when}"),
        (
            _(
                "Your session on ${instrument} at ${facility} was to be: ${before}. It will be closed then, so that it "
                "was moved to the nearest time that is free. It is now: ${when}."
            ),
            _("If you cannot come then, move or cancel it on its page. You need not keep any notice for that."),
        ),
    ),
    Kind.BOOKING_ENDED_EARLY: Template(
        _("Ended early: ${instrument}, ${when}"),
        (
            _(
                "Your session on ${instrument} at ${facility} was ended before its time was over: ${when}. What was "
                "left of it is free for others and is not charged. If this is wrong, please ask the facility."
            ),
        ),
    ),
    Kind.BOOKING_NO_SHOW: Template(
        _("Nobody came: ${instrument}, ${when}"),
        (
            _(
                "Nobody checked in to your session on ${instrument} at ${facility}: ${when}. What was left of its time "
                "was given to others. If this is wrong, please ask the facility."
            ),
        ),
    ),
    Kind.INSTRUMENT_STATUS: Template(
        _("${instrument}: now ${status}"),
        (
            _("The status of ${instrument} at ${facility} has changed: ${status}. You have booked time on it."),
            _("Your bookings stand. On their pages you can move or cancel them, or ask the facility."),
        ),
    ),
    Kind.BOOKING_PROPOSED: Template(
        _("A time is proposed: ${instrument}, ${when}"),
        (
            _("${facility} proposes a session on ${instrument}: ${when}."),
            _("Accept or decline it on its page, which says until when. Without an answer the time goes back."),
        ),
    ),
    Kind.BOOKING_REQUESTED: Template(
        _("A team asks for a time: ${instrument}"),
        (_("A team asks for a time on ${instrument} at ${facility}. Propose one on the page of the booking."),),
    ),
    Kind.BOOKING_DECLINED: Template(
        _("Declined: ${instrument}, ${when}"),
        (_("A team declined the time that you proposed on ${instrument} at ${facility}: ${when}."),),
    ),
    Kind.BOOKING_RELEASED: Template(
        _("Given back: ${instrument}, ${when}"),
        (_("Nobody answered in time, so the time on ${instrument} at ${facility} went back: ${when}."),),
    ),
    Kind.SCHEDULE_PROPOSED: Template(
        _("Sessions are proposed for request ${case}"),
        (
            _("The facility proposes sessions for the request ${case} on ${instruments}."),
            _("Accept or decline each on its page, which says until when. Without an answer the time goes back."),
        ),
    ),
    Kind.SERIES_MADE: Template(
        _("Booked: a series on ${instrument}"),
        (_("Your series of sessions on ${instrument} at ${facility} is booked. These are its times:"),),
    ),
    Kind.SERIES_CHANGED: Template(
        _("Changed: your series on ${instrument}"),
        (_("Your series of sessions on ${instrument} at ${facility} was changed. What stands now:"),),
    ),
    Kind.ORDER_QUOTED: Template(
        _("Quote ${number}: samples for ${instrument}"),
        (_("Here is the quote ${number} for samples on ${instrument} at ${facility}. Its page says until when."),),
    ),
    Kind.ORDER_PLACED: Template(
        _("A new order ${number}: ${instrument}"),
        (_("Work on samples was ordered: ${number} on ${instrument} at ${facility}. The samples come by mail."),),
    ),
    Kind.ORDER_RECEIVED: Template(
        _("Your samples arrived: ${number}"),
        (_("${facility} received the samples of order ${number}. Its page says when the results are promised."),),
    ),
    Kind.ORDER_STARTED: Template(
        _("The work on your samples began: ${number}"),
        (_("The work on the samples of order ${number} began on ${instrument}."),),
    ),
    Kind.ORDER_CHECKED: Template(
        _("The results of order ${number} were checked"),
        (_("The quality of the results of order ${number} was checked. They are delivered next."),),
    ),
    Kind.ORDER_DELIVERED: Template(
        _("The results of order ${number} are there"),
        (_("${facility} delivered the results of order ${number}. Accept them, or say what is wrong with them."),),
    ),
    Kind.ORDER_ACCEPTED: Template(
        _("The results of order ${number} were accepted"),
        (_("The team accepted the results of order ${number} on ${instrument}."),),
    ),
    Kind.ORDER_DISPUTED: Template(
        _("The results of order ${number} are disputed"),
        (_("The team found something wrong with the results of order ${number} on ${instrument}."),),
    ),
    Kind.ORDER_CANCELLED: Template(
        _("Order ${number} was cancelled"),
        (_("The order ${number} on ${instrument} at ${facility} was cancelled. What it had reserved was given back."),),
    ),
    Kind.ORDER_ACCESS_ENDED: Template(
        _("The access for order ${number} ended"),
        (
            _(
                "The access on which order ${number} on ${instrument} at ${facility} rests has ended. Its work had "
                "begun, so it is finished and billed as quoted."
            ),
        ),
    ),
}
