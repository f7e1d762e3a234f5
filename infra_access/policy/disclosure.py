"""Who may read what of a rule: an officer all, an applicant as much as the rule discloses."""

from enum import StrEnum

from infra_access.core.decision import ApprovalDue, Missing, Reason
from infra_access.core.i18n import Text, _
from infra_access.policy.rules import Disclosure, Rule

WITHHELD = "withheld"
"""Stands for the id and the grounds of a rule whose text the reader may not see."""


class Audience(StrEnum):
    """For whom a decision is written."""

    APPLICANT = "applicant"
    OFFICER = "officer"


def may_read(rule: Rule, audience: Audience) -> bool:
    """Tell whether the reader may see the rule itself."""
    return audience is Audience.OFFICER or rule.disclosure is Disclosure.FULL


def is_hidden(rule: Rule, audience: Audience) -> bool:
    """Tell whether the reader may not even learn that there is such a rule."""
    return audience is Audience.APPLICANT and rule.disclosure is Disclosure.NONE


def reason(rule: Rule, message: Text, audience: Audience, case: str) -> Reason | None:
    """Return the reason in the reader's form; None where nothing may be said."""
    if is_hidden(rule, audience):
        return None
    if may_read(rule, audience):
        return Reason(rule.id, message, rule.grounds, rule.legal_ref)
    return Reason(WITHHELD, _general(case), WITHHELD)


def missing(rule: Rule, entry: Missing, audience: Audience, case: str) -> Missing | None:
    """Return what a rule requires in the reader's form: a general sentence still names the thing to supply."""
    if is_hidden(rule, audience):
        return None
    if may_read(rule, audience):
        return entry
    return Missing(entry.kind, entry.code, _general(case), entry.how)


def approval(rule: Rule, due: ApprovalDue, audience: Audience, case: str) -> ApprovalDue | None:
    """Return an approval in the reader's form."""
    if is_hidden(rule, audience):
        return None
    if may_read(rule, audience):
        return due
    return ApprovalDue(due.role, due.scope, WITHHELD, _general(case), due.expected_days, due.latest_days, due.rests_on)


def _general(case: str) -> Text:
    return _(
        "This needs a check by the facility (case ${case}). You can ask the facility about it.", mapping={"case": case}
    )
