"""The words of each mail, translatable. A request's title never stands in one: its case and instrument do.

Values are filled in once, so that a name which looks like a placeholder stays what it is.
"""

from collections.abc import Mapping

from infra_access.core.i18n import Text, _
from infra_access.notifications.kinds import Kind
from infra_access.notifications.template import Template
from infra_access.notifications.use_templates import OF_USE

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
    Kind.CONSENT_NEAR_REVIEW: Template(
        _("A consent to request ${case} is to be looked at again"),
        (
            _("The consent to the request ${case} for ${instruments} (${role}) holds until ${day} (UTC)."),
            _(
                "Whoever gave it can renew it on its page with a later date, or revoke the access. If nobody renews "
                "it, nothing new can be booked from then on. What is booked stands."
            ),
        ),
    ),
    Kind.CONSENT_LAPSED: Template(
        _("A consent to request ${case} has lapsed"),
        (
            _(
                "The consent to the request ${case} for ${instruments} (${role}) was to be looked at again by ${day} "
                "(UTC), and was not renewed. Nothing new can be booked. What is booked stands."
            ),
            _("Whoever gave it can renew it on its page with a later date, or revoke the access."),
        ),
    ),
    Kind.CONSENT_RENEWED: Template(
        _("A consent to request ${case} was renewed"),
        (
            _(
                "The consent to the request ${case} for ${instruments} (${role}) was renewed. It is looked at again by "
                "${day} (UTC)."
            ),
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
    Kind.TRAINING_RECORDED: Template(
        _("A training of yours was recorded: ${code}"),
        (
            _("Somebody at ${issuer} recorded that you completed this training: ${code}."),
            _("Rules that ask for it count it from now on. If it is not yours, please tell those who recorded it."),
        ),
    ),
    Kind.TRAINING_WITHDRAWN: Template(
        _("A training of yours was withdrawn: ${code}"),
        (
            _("This training, issued by ${issuer}, was recorded for you and counts no longer: ${code}."),
            _("What asks for it waits until you have it again. If this is wrong, please ask those who recorded it."),
        ),
    ),
    Kind.ASSURANCE_NOTED: Template(
        _("Somebody vouched for you: ${code}"),
        (
            _("Staff noted this of you: ${code}. Your account says on what it rests."),
            _("Rules that ask for it count it from now on. If it is not right, please ask whoever noted it."),
        ),
    ),
    Kind.ASSURANCE_WITHDRAWN: Template(
        _("What was noted of you was withdrawn: ${code}"),
        (
            _("Staff had noted this of you, and it counts no longer: ${code}."),
            _("What asks for it waits until somebody vouches for you again. If this is wrong, please ask them."),
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
    Kind.AGREEMENT_OFFERED: Template(
        _("Request ${case}: an agreement is offered"),
        (
            _(
                "The sessions of the request ${case} for ${instruments} wait for an agreement, which is offered on its "
                "page. A signatory of each side reads and accepts it there."
            ),
        ),
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
    **OF_USE,
    Kind.MESSAGE: Template(
        _("A new message about ${about}"),
        (_("${author} wrote a message in a conversation about ${about} that you take part in."),),
    ),
}
