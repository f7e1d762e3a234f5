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
        _("Your account is ready"),
        (
            _("Your account was made. You can sign in with your mail address and the password that you chose."),
            _("If you did not sign up, somebody used your address: ask for a link to set a new password."),
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
        (_("The request ${case} for ${instruments} needs your decision."),),
    ),
    Kind.REQUEST_DECIDED: Template(
        _("A decision on request ${case}"),
        (_("There is a decision on the request ${case} for ${instruments}."),),
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
    Kind.REQUEST_APPROVED: Template(
        _("Request ${case} was approved"),
        (_("The request ${case} for ${instruments} was approved. The next step is to accept the terms."),),
    ),
    Kind.REQUEST_ACTIVATED: Template(
        _("Request ${case} is active: you can book"),
        (_("The terms of the request ${case} for ${instruments} were accepted. You can book sessions now."),),
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
    Kind.MESSAGE: Template(
        _("A new message about ${about}"),
        (_("${author} wrote a message in a conversation about ${about} that you take part in."),),
    ),
}
