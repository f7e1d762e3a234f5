"""Who may read what of a rule (an officer all, an applicant as much as the rule discloses), and in which shape."""

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from translationstring import TranslationString

from infra_access.core.decision import ApprovalDue, Decision, Missing, Reason
from infra_access.core.i18n import Text, _, plain
from infra_access.policy.condition_json import dump_scalar
from infra_access.policy.explanations import next_action
from infra_access.policy.rules import Disclosure, Rule
from infra_access.policy.wording import Translate, render

Entry = TypeVar("Entry", Reason, Missing, ApprovalDue)
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
    return Reason(WITHHELD, general(case), WITHHELD)


def missing(rule: Rule, entry: Missing, audience: Audience, case: str) -> Missing | None:
    """Return what a rule requires in the reader's form: a general sentence still names the thing to supply."""
    if is_hidden(rule, audience):
        return None
    if may_read(rule, audience):
        return entry
    return Missing(entry.kind, entry.code, general(case), entry.how)


def approval(rule: Rule, due: ApprovalDue, audience: Audience, case: str) -> ApprovalDue | None:
    """Return an approval in the reader's form: of a rule that they may not see neither whose, nor what it rests on."""
    if is_hidden(rule, audience):
        return None
    due = replace(due, hidden=not may_read(rule, Audience.APPLICANT))
    if may_read(rule, audience):
        return due
    return replace(due, role=WITHHELD, scope="facility", rule=WITHHELD, message=general(case), rests_on=())


def exception(rule: Rule, granted_on: date, audience: Audience, case: str) -> Reason | None:
    """Return that a rule was left out, in the reader's form; None where nothing may be said of it."""
    if is_hidden(rule, audience):
        return None
    day = {"day": granted_on.isoformat()}
    if may_read(rule, audience):
        message = _("An exception from this rule was granted on ${day}: ${rule}", mapping={**day, "rule": rule.message})
        return Reason(rule.id, message, rule.grounds, rule.legal_ref)
    return Reason(
        WITHHELD, _("An exception was granted on ${day} (case ${case}).", mapping={**day, "case": case}), WITHHELD
    )


def numbered(decision: Decision, case: str, as_of: datetime) -> Decision:
    """Return a decision as it reads under another case number at another moment, with limits of its own."""
    return replace(
        decision,
        as_of=as_of,
        case=case,
        reasons=tuple(_numbered(one, case) for one in decision.reasons),
        missing=tuple(_numbered(one, case) for one in decision.missing),
        approvals=tuple(_numbered(one, case) for one in decision.approvals),
        afterwards=tuple(_numbered(one, case) for one in decision.afterwards),
        limits={name: list(v) if isinstance(v, list) else v for name, v in decision.limits.items()},
    )


def decision_to_json(decision: Decision, translate: Translate = plain, locale: str = "en") -> dict[str, Any]:
    """Return plain data for JSON, without floats; `locale` picks among the languages of the rules' own sentences."""

    def said(text: Text) -> str:
        return render(text, translate, locale)

    def needed(one: Missing) -> dict[str, str]:
        return {"kind": one.kind, "code": one.code, "message": said(one.message), "how": said(next_action(one))}

    start = decision.earliest_start
    return {
        "outcome": decision.outcome.value,
        "earliest_start": start
        and {"likely": start.likely.isoformat(), "safe": start.safe.isoformat(), "because": said(start.because)},
        "reasons": [
            {"rule": r.rule, "message": said(r.message), "grounds": str(r.grounds), "legal_ref": r.legal_ref}
            for r in decision.reasons
        ],
        "missing": [needed(one) for one in decision.missing],
        **({"afterwards": [needed(one) for one in decision.afterwards]} if decision.afterwards else {}),
        "approvals": [
            {
                "role": a.role,
                "scope": a.scope,
                "rule": a.rule,
                "message": said(a.message),
                "expected_days": a.expected_days,
                "latest_days": a.latest_days,
                "rests_on": list(a.rests_on),
                **({"asks": list(a.asks)} if a.asks else {}),
            }
            for a in decision.approvals
        ],
        "limits": {name: v if isinstance(v, list) else dump_scalar(v) for name, v in decision.limits.items()},
        "policy_version": decision.policy_version,
        "as_of": decision.as_of.isoformat().replace("+00:00", "Z"),
        "case": decision.case,
    }


def _numbered(entry: Entry, case: str) -> Entry:
    # A rule's own sentence is its author's wording, and ours says the number of the case in one place only.
    message = entry.message
    is_general = isinstance(message, TranslationString) and message == _GENERAL
    return replace(entry, message=general(case)) if is_general else entry


def general(case: str) -> Text:
    """Return the sentence for a rule that the reader may not see: a number to quote, and whom to ask."""
    return _(
        "This needs a check by the facility (case ${case}). You can ask the facility about it.", mapping={"case": case}
    )


_GENERAL = general("")
