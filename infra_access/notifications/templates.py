"""The words of each mail, translatable. A request's title never stands in one: its case and instrument do.

Values are filled in once, so that a name which looks like a placeholder stays what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from infra_access.core.i18n import Text, _
from infra_access.notifications.kinds import Kind


@dataclass(frozen=True, slots=True)
class Template:
    """A subject and paragraphs; `${link}` is put beneath them."""

    subject: Text
    paragraphs: tuple[Text, ...]


GREETING: Text = _("Hello ${name},")
LINK_LINE: Text = _("See it here: ${link}")
REASON_LINE: Text = _("Reason given: ${reason}")
CLOSING: Text = _("This mail was sent by a program. Please do not answer it.")

TEMPLATES: Mapping[Kind, Template] = {
    Kind.SIGNED_UP: Template(
        _("Your account is ready: please confirm your address"),
        (
            _("Your account was made. You can sign in with your mail address and the password that you chose."),
            _("Please confirm with the link below that this address is yours. It works once, and for three days."),
            _("If you did not sign up, somebody used your address: do not open the link, and nothing will name you."),
        ),
    ),
    Kind.CONFIRM_ADDRESS: Template(
        _("Please confirm your address"),
        (
            _("With the link below you confirm that this address is yours. It works once, and for three days."),
            _("If you did not ask for it, you need not do anything."),
        ),
    ),
    Kind.SIGN_UP_REPEATED: Template(
        _("You have an account already"),
        (
            _("Somebody, perhaps you, tried to sign up with this mail address, which has an account already."),
            _(
                "Nothing was changed. Sign in as before. "
                "If you forgot your password, ask for a link at the log-in page."
            ),
        ),
    ),
    Kind.LINK: Template(
        _("Set your password"),
        (
            _("With the link below you can set a password. It works once, and for three days."),
            _("If you did not ask for it, you need not do anything."),
        ),
    ),
    Kind.REQUEST_SUBMITTED: Template(
        _("Request ${case} was received"),
        (_("The request ${case} for ${instruments} was received. You will hear of each step."),),
    ),
    Kind.APPROVAL_ASKED: Template(
        _("Please decide on request ${case}"),
        (_("The request ${case} for ${instruments} needs your decision. Please decide by ${due} (UTC)."),),
    ),
    Kind.NATIONALITY_ASKED: Template(
        _("Request ${case}: please say your nationality"),
        (
            _("You are on the team of the request ${case} for ${instruments}. A rule asks everybody on it for this."),
            _("Only who decides on it sees what you say, and it is erased after that. Its page says why it is asked."),
        ),
    ),
    Kind.APPROVAL_REMINDED: Template(
        _("Reminder: request ${case} waits for your decision"),
        (_("The request ${case} for ${instruments} still needs your decision. Please decide by ${due} (UTC)."),),
    ),
    Kind.APPROVAL_OVERDUE: Template(
        _("Overdue: request ${case}"),
        (
            _(
                "Nobody decided in time on the request ${case} for ${instruments}. Whoever asked was told that it "
                "would be decided by ${due} (UTC)."
            ),
            _("Please decide, or see to it that somebody who may decides today."),
        ),
    ),
    Kind.ROLE_HANDED_OVER: Template(
        _("You stand in for ${from}: ${role}"),
        (
            _(
                "${from} handed the role ${role} over to you from ${since} until ${until} (UTC). "
                "What it decides is yours until then."
            ),
        ),
    ),
    Kind.OPINION_ASKED: Template(
        _("${facility} asks for your opinion"),
        (
            _(
                "At ${facility} somebody decides on a request for ${instruments} and would like to have your opinion. "
                "They ask you in the role ${role}."
            ),
            _(
                "With the link below you can read the question and answer it once, until ${until} (UTC). You need no "
                "account. Only those who decide read your answer, never those who asked for access."
            ),
            _("Whoever has the link can answer in your place, so please do not pass it on."),
        ),
    ),
    Kind.OPINION_ANSWERED: Template(
        _("An opinion on request ${case} is there"),
        (
            _(
                "Somebody outside whom you or a colleague asked gave an opinion on the request ${case} for "
                "${instruments}. It advises you; the decision stays yours."
            ),
        ),
    ),
    Kind.OVERRIDE_WANTED: Template(
        _("Request ${case} waits for an exception"),
        (
            _(
                "The request ${case} for ${instruments} lacks something that an exception from a rule would give, and "
                "its team says why it deserves one. You are one of those who can ask for it, and need not."
            ),
        ),
    ),
    Kind.OVERRIDE_ASKED: Template(
        _("Please look at an exception for request ${case}"),
        (
            _(
                "For the request ${case} for ${instruments} somebody asked for an exception from a rule. It counts "
                "once a second person has confirmed it. You are one of those who can, and need not."
            ),
        ),
    ),
    Kind.REQUEST_DECIDED: Template(
        _("Request ${case}: ${outcome}"),
        (_("There is a decision on the request ${case} for ${instruments}: ${outcome}."),),
    ),
    Kind.CHANGES_REQUESTED: Template(
        _("Request ${case}: changes are asked for"),
        (
            _(
                "Before a decision on the request ${case} for ${instruments}, changes are asked for. "
                "Make them and submit again."
            ),
        ),
    ),
    Kind.CORRECTION_PROPOSED: Template(
        _("The facility proposes a change of your request ${case}"),
        (
            _(
                "The facility proposes a change of your request ${case} for ${instruments}. Its page shows what would "
                "change. Accept or decline it there: if you accept, it counts as your own change, and whoever decided "
                "on what it touches is asked again."
            ),
        ),
    ),
    Kind.EXCEPTION_GRANTED: Template(
        _("An exception was granted for request ${case}"),
        (_("An exception from a rule was granted for the request ${case} for ${instruments}."),),
    ),
    Kind.REQUEST_APPROVED: Template(
        _("Request ${case} was approved"),
        (_("The request ${case} for ${instruments} was approved. The next step is to accept the terms."),),
    ),
    Kind.REQUEST_ACTIVATED: Template(
        _("Request ${case} is active: you can book"),
        (_("The terms of the request ${case} for ${instruments} were accepted. You can book sessions now."),),
    ),
    Kind.REQUEST_COMPLETED: Template(
        _("Request ${case} is completed"),
        (
            _("The access of the request ${case} for ${instruments} is completed. Nothing more can be booked on it."),
            _("Report what came of it on its page, which says by when, if a report is owed."),
        ),
    ),
    Kind.REQUEST_EXPIRED: Template(
        _("Request ${case} has expired"),
        (
            _("The time of the request ${case} for ${instruments} is over. Nothing more can be booked on it."),
            _("Report what came of it on its page, which says by when, if a report is owed."),
        ),
    ),
    Kind.REPORT_DUE: Template(
        _("Your report on request ${case} is due"),
        (
            _("The report on the request ${case} for ${instruments} is due, and nothing was reported yet."),
            _(
                "Name on its page what came of it: publications, data sets, patents, software. If nothing did, say so "
                "there, and why. Facilities may ask for overdue reports before they give access again."
            ),
        ),
    ),
    Kind.FRAMEWORK_OFFERED: Template(
        _("Please read and accept: ${title}"),
        (
            _("${title}, version ${version}, is offered as an agreement between ${host} and ${partner}."),
            _("A signatory of each organisation accepts it; then it is in force, and requests under it need no more."),
        ),
    ),
    Kind.FRAMEWORK_IN_FORCE: Template(
        _("In force: ${title}"),
        (_("${title}, version ${version}, between ${host} and ${partner} was accepted by both sides."),),
    ),
    Kind.FRAMEWORK_ENDED: Template(
        _("Ended: ${title}"),
        (
            _("${title}, version ${version}, between ${host} and ${partner} has ended and covers no new request."),
            _("Requests that rest on it already stay as they are."),
        ),
    ),
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
    Kind.MESSAGE: Template(
        _("A new message about ${about}"),
        (_("${author} wrote a message in a conversation about ${about} that you take part in."),),
    ),
}
