"""What the policy says to sending samples by mail.

Two things are given only by ordering: that the terms are accepted, and who pays. A quote may be asked for without them;
the order may not. Where the rules want somebody's approval, an access request is the way to it, and the order draws on
what it granted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.terms.agreed import OF_TERMS, agreed
from infra_access.catalogue.fields import fault
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.vocabularies import AccessType
from infra_access.core.authority import Actor
from infra_access.core.decision import Decision, Outcome
from infra_access.core.errors import Forbidden
from infra_access.core.i18n import _, plain
from infra_access.policy.applicants import Applicant, facts_of
from infra_access.policy.disclosure import decision_to_json
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.rulebook import RuleBook, rulebook
from infra_access.policy.ruling import Ruling, rule_on

_GRANTED = frozenset({Outcome.PERMIT, Outcome.PERMIT_WITH_LIMITS})
_ORDER = "the order"


@dataclass(frozen=True, slots=True)
class Sending:
    """What somebody wants to send, as far as rules may look at it."""

    instrument: Instrument
    facility: Facility
    route: AccessRoute
    regime: str
    samples: int
    acting_for_id: int | None
    granted: Granted | None


def ruling_on(session: Session, *, actor: Actor, sending: Sending, given: Iterable[str], now: datetime) -> Ruling:
    """Return what the policy says; it stays as it is until the transaction ends. `given` is what is met besides."""
    book = rulebook(session, share_lock=True)
    applicant = facts_of(session, actor, acting_for_id=sending.acting_for_id, now=now, book=book)
    granted = sending.granted
    return rule_on(
        session,
        action="mail_in",
        instrument_ids=[sending.instrument.id],
        applicant=applicant,
        now=now,
        route=sending.route.public_id,
        extra=_stated(sending, applicant, now),
        satisfied={*given, *(granted.satisfies if granted else _agreed(session, sending, book, now))},
        book=book,
        overrides=granted.overrides if granted else (),
    )


def _agreed(session: Session, sending: Sending, book: RuleBook, now: datetime) -> frozenset[str]:
    """Return what both organisations agreed for all that is asked between them, where any rule asks for it."""
    if not book.agreements:
        return frozenset()
    return agreed(session, route_id=sending.route.id, partner_id=sending.acting_for_id, regime=sending.regime, at=now)


def refuse_quote(ruling: Ruling, sending: Sending) -> None:
    """Raise Forbidden with the Decision, unless nothing stands in the way that ordering itself does not supply."""
    _refuse_unapproved(ruling, sending)
    _refuse_too_many(ruling, sending)
    outcome = ruling.decision.outcome
    if outcome in _allowed(sending):
        return
    if outcome is not Outcome.CONDITIONAL or not all(_by_ordering(one.kind, one.code, sending) for one in _due(ruling)):
        raise refused(ruling.decision)


def refuse_order(ruling: Ruling, sending: Sending) -> None:
    """Raise Forbidden with the Decision, unless the policy permits it as it is now."""
    _refuse_unapproved(ruling, sending)
    _refuse_too_many(ruling, sending)
    if ruling.decision.outcome not in _allowed(sending):
        raise refused(ruling.decision)


def _allowed(sending: Sending) -> frozenset[Outcome]:
    # What was granted was approved already, by those whom the request asked.
    return _GRANTED | {Outcome.NEEDS_APPROVAL} if sending.granted else _GRANTED


def _refuse_unapproved(ruling: Ruling, sending: Sending) -> None:
    if sending.granted is not None or not ruling.officer.approvals:
        return
    if ruling.decision.outcome in {Outcome.NEEDS_APPROVAL, Outcome.CONDITIONAL}:
        raise Forbidden(
            "order.approval_needed",
            _("This way in needs an approval first. Request access; once it is granted, order on what was granted."),
            details={"decision": decision_to_json(ruling.decision, plain)},
        )


def _refuse_too_many(ruling: Ruling, sending: Sending) -> None:
    most = ruling.decision.limits.get("amount")
    if most is not None and sending.samples > most:
        raise fault(
            "order.limit", "samples", _("At most ${most} samples can be sent here.", mapping={"most": str(most)})
        )


def _due(ruling: Ruling) -> Iterable[Any]:
    # Also what the applicant may not read of.
    return ruling.officer.missing


def _by_ordering(kind: str, code: str, sending: Sending) -> bool:
    if kind == "agreement":
        return f"{kind}:{code}" in OF_TERMS and bool(sending.route.terms.get(sending.regime))
    return kind == "funding"


def refused(decision: Decision) -> Forbidden:
    """Return the refusal that carries its Decision and names the first thing that is missing."""
    if decision.missing:
        first = decision.missing[0].message
        message = _("Something is missing before you can send samples: ${first}", mapping={"first": first})
    elif decision.reasons:
        message = decision.reasons[0].message  # type: ignore[assignment]
    else:
        case = {"case": decision.case}
        message = _("You cannot send samples here. Ask the facility and quote case ${case}.", mapping=case)
    return Forbidden("policy.refused", message, details={"decision": decision_to_json(decision, plain)})


def _stated(sending: Sending, applicant: Applicant, now: datetime) -> Facts:
    """Return the facts of the order: those of the request that granted it, else of one person who stays at home.

    What the samples are is free text here, so rules that look at single samples find nothing stated, and ask.
    """

    def fact(value: Any) -> Fact:
        return Fact(value, _ORDER, _ORDER, now)

    quantity = {"request.quantity": fact(sending.samples)}
    if sending.granted is not None:
        return sending.granted.facts.joined(Facts.of(quantity))
    values = quantity | {"request.regime": fact(sending.regime), "request.access_type": fact(AccessType.MAIL_IN.value)}
    person = {**applicant.person, "role": fact("principal"), "presence": fact("none")}
    host = sending.facility.country
    legs = [{"kind": fact("sample"), "to": fact(host)}]
    for kind, home in (
        ("organisation", applicant.value("applicant.country", now)),
        ("data", person["country_of_work"].value if "country_of_work" in person else None),
    ):
        if isinstance(home, str):
            ends = (host, home) if kind == "data" else (home, host)
            legs.append({"kind": fact(kind), "from": fact(ends[0]), "to": fact(ends[1]), "crosses": fact(home != host)})
    return Facts.of(values, {"participants": [person], "legs": legs})
