"""May the caller use this? Answered for a person from their account, for a visitor from what they say (`?as=`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra_access.access_requests.routes import routes_offering
from infra_access.api.contract import Call
from infra_access.api.fields import Choice, Day, Free, Integer, Line, Lines, ListOf, Part
from infra_access.api.schemas import Out, Query
from infra_access.catalogue.vocabularies import AccessType
from infra_access.core.decision import Decision, Outcome
from infra_access.core.i18n import _
from infra_access.policy.applicants import facts_of, visitor_facts
from infra_access.policy.disclosure import decision_to_json
from infra_access.policy.eligibility import badges, not_offered
from infra_access.policy.facts import Facts
from infra_access.policy.rulebook import RuleBook, rulebook
from infra_access.policy.rules import Action, Asking

SAID, KNOWN = "what you said", "your account"


class VisitorQuery(Query):
    """Who a visitor says to be."""

    class Meta(Query.Meta):
        """A field that Python has no attribute for."""

        include = {  # noqa: RUF012 - the key is a word that Python keeps for itself
            "as": Line(
                "What a visitor says: sector:company,size:small,startup:yes,country:KE,access_type:mail-in,regime:open",
                most=300,
            )
        }


class EarliestStartOut(Out):
    """The first dates on which a session is realistic."""

    likely = Day("When all goes as expected.")
    safe = Day("When everything takes its longest.")
    because = Lines(most=2_000)


class ReasonOut(Out):
    """One rule that decided."""

    rule = Line(most=200)
    message = Lines(most=5_000)
    grounds = Line(most=200)
    legal_ref = Line(most=1_000, allow_none=True)


class MissingOut(Out):
    """One thing to supply."""

    kind = Line(most=60)
    code = Line(most=200)
    message = Lines(most=5_000)
    how = Lines(most=5_000)


class ApprovalDueOut(Out):
    """One role that must say yes."""

    role = Line("Withheld where the caller may not see the rule: then the facility checks it.", most=60)
    scope = Line(most=200)
    rule = Line(most=200)
    message = Lines(most=5_000)
    expected_days = Integer(low=0)
    latest_days = Integer(low=0)
    rests_on = ListOf(Line(most=60))
    asks = ListOf(Choice(Asking), "What everybody on the team is asked for before.", absent=True)


class DecisionOut(Out):
    """An explained decision: what came out, why, and what would change it."""

    outcome = Choice(Outcome)
    earliest_start = Part(EarliestStartOut, allow_none=True)
    reasons = ListOf(Part(ReasonOut), most=1_000)
    missing = ListOf(Part(MissingOut), most=1_000)
    afterwards = ListOf(
        Part(MissingOut), "Of asking: what a session needs once it was granted.", most=1_000, absent=True
    )
    approvals = ListOf(Part(ApprovalDueOut), most=1_000)
    limits = Free("Limits by name.")
    policy_version = Line(most=60)
    as_of = Line(most=40)
    case = Line("What to quote when asking a person.", most=40)


class EligibilityOut(DecisionOut):
    """A decision, and whether it rests on an account or on a visitor's words."""

    by = Choice((SAID, KNOWN))


class BadgeOut(Out):
    """A decision in short."""

    outcome = Choice(Outcome)
    earliest_start = Part(EarliestStartOut, allow_none=True)
    missing = Integer("How many things are missing.", low=0)
    by = Choice((SAID, KNOWN))


def applicant_of(call: Call, book: RuleBook) -> tuple[Facts, str]:
    """Return the facts about whoever asks, and what they rest on; `?as=` goes before the account."""
    if call.visitor is None or "as" in call.query:
        return visitor_facts(call.query.get("as", ""), book, call.now), SAID
    return facts_of(call.db, call.visitor, acting_for_id=None, now=call.now, book=book), KNOWN


def eligibility_of(call: Call, instrument_id: int, action: str) -> dict[str, Any]:
    """Return the caller's decision on one instrument."""
    decided, by = _decided(call, [instrument_id], action)
    return {**shown(call, decided[instrument_id]), "by": by}


def badges_of(call: Call, instrument_ids: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    """Return the badge of each instrument of a list; none for a visitor who says nothing."""
    if call.visitor is None and "as" not in call.query:
        return {}
    # What a session takes from today on: first the request is decided on.
    decided, by = _decided(call, instrument_ids, "request")
    badge: dict[int, dict[str, Any]] = {}
    for key, decision in decided.items():
        whole = shown(call, decision)
        badge[key] = {
            "outcome": whole["outcome"],
            "earliest_start": whole["earliest_start"],
            "missing": len(decision.missing),
            "by": by,
        }
    return badge


def shown(call: Call, decision: Decision) -> dict[str, Any]:
    """Return a decision in the caller's language."""
    return decision_to_json(decision, call.request.localize, call.request.locale_name)


def _decided(call: Call, instrument_ids: Sequence[int], action: str) -> tuple[Mapping[int, Decision], str]:
    book = rulebook(call.db)
    applicant, by = applicant_of(call, book)
    by_mail = AccessType.MAIL_IN if action == Action.MAIL_IN else None
    routes = routes_offering(call.db, instrument_ids, applicant, call.now, access_type=by_mail)
    decided = badges(
        call.db, instrument_ids, applicant=applicant, action=action, now=call.now, book=book, routes=routes
    )
    if by_mail is not None:
        message = _("No way in here takes samples by mail. See its ways in, or ask the facility.")
        decided |= {key: not_offered(book, message, call.now) for key in decided if key not in routes}
    return decided, by
