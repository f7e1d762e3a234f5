"""What access requests look like in bodies and answers."""

from collections.abc import Mapping
from typing import Any

from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import Participant
from infra_access.access_requests.nested_fields import MAX_PARTICIPANTS, MAX_SAMPLES
from infra_access.access_requests.request_fields import MAX_INSTRUMENTS
from infra_access.access_requests.request_queries import RequestItem, RequestView
from infra_access.access_requests.vocabularies import ApprovalState, ParticipantRole, Presence
from infra_access.api.decisions import DecisionOut
from infra_access.api.fields import (
    Amount,
    Choice,
    Country,
    Flag,
    Free,
    Instant,
    Integer,
    Line,
    Lines,
    ListOf,
    Part,
    PublicId,
)
from infra_access.api.schemas import Body, Out, PageQuery, SpanOut
from infra_access.catalogue.vocabularies import AccessType, AccessUnit, Biosafety, Fate, Regime


class QuantityBody(Body):
    """How much of which access unit."""

    amount = Amount(required=True)
    access_unit = Choice(AccessUnit, required=True)


class PeriodBody(Body):
    """From when until when."""

    start = Instant(required=True)
    end = Instant(required=True)


class ParticipantBody(Body):
    """A person on the team."""

    email = Line(most=254, filled=True, required=True)
    name = Line(most=200, filled=True, required=True)
    role = Choice(ParticipantRole, required=True)
    organisation = PublicId("The organisation acted for.", allow_none=True)
    country_of_work = Country(allow_none=True)
    presence = Choice(Presence, "Where the person is while the instrument runs.", allow_none=True)
    remote_from = Country(allow_none=True)
    phone = Line(most=60, allow_none=True)


class SampleBody(Body):
    """A sample. A missing document stops the session that waits for it, and no approval."""

    kind = Line("Its substance or material.", most=100, filled=True)
    country = Country(allow_none=True)
    hazards = ListOf(Line(most=100, filled=True))
    biosafety = Choice(Biosafety, "The biosafety level that it needs.", allow_none=True)
    fate = Choice(Fate, "What becomes of it afterwards.", allow_none=True)
    documents = Free("References of its permits and other papers by their code.", values={"type": "string"})


class EndUseBody(Body):
    """The declaration of end use."""

    user = Line("Who will have the results.", most=300, allow_none=True)
    use = Lines("What the results are for.", most=2_000, allow_none=True)
    countries = ListOf(Country(), "Those to which the results go.")
    peaceful = Flag("That it serves neither weapons of mass destruction nor a military end use.", allow_none=True)


class ProjectBody(Body):
    """What the access is for; every part only if a rule or the people who approve ask for it."""

    purpose = Line(most=200, allow_none=True)
    field = Line(most=200, allow_none=True)
    funding = Line("The code of a source of funding.", most=100, allow_none=True)
    funder = Line(most=200, allow_none=True)
    funder_country = Country(allow_none=True)
    sdgs = ListOf(Line(most=10, filled=True))
    dual_use = Flag(allow_none=True)
    ethics_approved = Flag(allow_none=True)
    assurances = ListOf(
        Line(most=100, filled=True), "Codes of what is stated; rules count what staff noted of the requester."
    )
    documents = Free("References of documents by their code.", values={"type": "string"})
    end_use = Part(EndUseBody, allow_none=True)
    samples = ListOf(Part(SampleBody), most=MAX_SAMPLES)


class AccessRequestBody(Body):
    """A new access request, or changes of one."""

    route = PublicId(required=True)
    title = Line(most=300, filled=True, required=True)
    summary = Lines(most=20_000)
    regime = Choice(Regime, required=True)
    acting_for = PublicId("An organisation that the caller belongs to.", allow_none=True)
    instruments = ListOf(PublicId(), least=1, most=MAX_INSTRUMENTS, required=True)
    quantity = Part(QuantityBody, required=True)
    period = Part(PeriodBody, required=True)
    access_type = Choice(AccessType, required=True)
    participants = ListOf(Part(ParticipantBody), most=MAX_PARTICIPANTS)
    project = Part(ProjectBody)


class NewAccessRequestBody(AccessRequestBody):
    """A new access request, which may be made of a conversation."""

    conversation = PublicId("A conversation about an instrument that the caller began; it stays with the request.")


class AccessRequestQuery(PageQuery):
    """Which of the requests of one's teams; or those of a case number, also where one reads them as staff."""

    state = Choice(RequestState)
    case = Line("A case number, as it was read out: capitals and the hyphen do not matter.", most=20)


class QuantityOut(Out):
    """How much of which access unit."""

    amount = Amount(answered=True)
    access_unit = Choice(AccessUnit)


class ParticipantOut(Out):
    """A person on the team."""

    email = Line(most=254)
    name = Line(most=200)
    role = Choice(ParticipantRole)
    organisation = PublicId(allow_none=True)
    country_of_work = Country()
    presence = Choice(Presence)
    remote_from = Country(allow_none=True)
    phone = Line(most=60, allow_none=True)


class OpinionAskedOut(Out):
    """That somebody outside was asked for an opinion; neither whom nor what."""

    since = Instant()
    until = Instant("When the time to answer ends.")


class WaitingOut(Out):
    """One approval that the request waits for."""

    role = Line("Withheld where the caller may not see the rule: then the facility checks it.", most=40)
    scope = Line(most=20)
    scope_name = Line("Of the country, organisation or facility; null for the network.", most=300, allow_none=True)
    state = Choice(ApprovalState)
    stage = Integer("What stands in one stage is asked at once, stages one after the other.", low=1)
    waits_for = Integer("The stage that is to be complete first; null where it is asked.", low=1, allow_none=True)
    since = Instant(allow_none=True)
    due = Instant("Null where it is not asked yet, or stands still.", allow_none=True)
    held_since = Instant("Since when its deadline stands still.", allow_none=True)
    message = Free("Why, by language, as far as the caller may read it.", allow_none=True)
    opinions = ListOf(Part(OpinionAskedOut), "Opinions from outside that were asked for and not given yet.")


class AppealedOut(Out):
    """A decision that was appealed against, and the appeal."""

    decision = Choice(("refused", "revoked"))
    reason = Lines("Why it was refused or revoked.", most=100_000)
    role = Line("Who decided, as far as the caller may read it.", most=40, allow_none=True)
    decided_at = Instant()
    grounds = Lines("Why the applicant appeals.", most=5_000)
    state = Choice(ApprovalState, "Refused where the decision was upheld.")


class AccessRequestSummaryOut(Out):
    """An access request in a list."""

    id = PublicId()
    title = Line(most=300)
    state = Choice(RequestState)
    state_since = Instant()
    route = PublicId()
    route_name = Line(most=200)
    facility = PublicId()
    facility_name = Line(most=300)
    requester = Line(most=200)
    regime = Choice(Regime)
    quantity = Part(QuantityOut)
    period = Part(SpanOut)
    submitted_at = Instant(allow_none=True)
    created_at = Instant()
    version = Integer(low=1)


class AccessRequestOut(AccessRequestSummaryOut):
    """An access request."""

    summary = Lines(most=20_000)
    acting_for = PublicId(allow_none=True)
    instruments = ListOf(PublicId())
    access_type = Choice(AccessType)
    participants = ListOf(Part(ParticipantOut))
    project = Free()
    timezone = Line("The zone of the facility.", most=64)
    state_reason = Lines(most=100_000, allow_none=True)
    next_step = Line("What happens next.", most=1_000)
    waiting = ListOf(Part(WaitingOut), most=1_000)
    appeals = ListOf(Part(AppealedOut), "What was appealed against, oldest first.", most=1_000)
    allocation = PublicId(allow_none=True)
    agreement = PublicId(allow_none=True)
    case = Line(most=20, allow_none=True)
    decision = Part(DecisionOut, allow_none=True)


def content_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body as the commands take it: the access unit stands beside the amount."""
    content = dict(body)
    if "quantity" in content:
        quantity = content.pop("quantity")
        content |= {"quantity": quantity["amount"], "access_unit": quantity["access_unit"]}
    return content


def summary(item: RequestItem | RequestView) -> dict[str, Any]:
    """Return a request as a list shows it."""
    row = item.access_request
    return {
        "id": row.public_id,
        "title": row.title,
        "state": row.state,
        "state_since": row.state_since,
        "route": item.route.public_id,
        "route_name": item.route.name,
        "facility": item.facility.public_id,
        "facility_name": item.facility.name,
        "requester": item.requester,
        "regime": row.regime,
        "quantity": {"amount": row.quantity, "access_unit": row.access_unit},
        "period": {"start": row.period_start, "end": row.period_end},
        "submitted_at": row.submitted_at,
        "created_at": row.created_at,
        "version": row.version,
    }


def whole(view: RequestView) -> dict[str, Any]:
    """Return a request with its team and what it waits for."""
    row = view.access_request
    return {
        **summary(view),
        "summary": row.summary,
        "acting_for": view.acting_for and view.acting_for.public_id,
        "instruments": [instrument.public_id for instrument in view.instruments],
        "access_type": row.access_type,
        "participants": [_participant(member, organisation) for member, organisation in view.team],
        "project": row.project,
        "timezone": view.facility.timezone,
        "state_reason": row.state_reason,
        "next_step": view.next_step,
        "waiting": view.waiting,
        "appeals": view.appeals,
        "allocation": view.allocation and view.allocation.public_id,
        "agreement": view.agreement and view.agreement.agreement.public_id,
        "case": row.case,
        "decision": row.decision or None,
    }


def _participant(member: Participant, organisation: str | None) -> dict[str, Any]:
    own = {name: getattr(member, name) for name in ParticipantOut._declared_fields if name != "organisation"}
    return {**own, "organisation": organisation}
