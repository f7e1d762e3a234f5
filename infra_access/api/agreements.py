"""/access-requests/{id}/agreement: the terms and what rules ask for besides, with text and hash; accepting them."""

from typing import Any

from infra_access.access_requests.terms.agreement_queries import SIDES, AgreementView, RestsOn, agreements_of, sides_of
from infra_access.access_requests.terms.agreements import accept, agreement_of
from infra_access.access_requests.terms.asked_besides import offer_agreement
from infra_access.access_requests.terms.framework_queries import SIDES as FRAMEWORK_SIDES
from infra_access.access_requests.vocabularies import AgreementKind
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Free, Instant, Line, Lines, ListOf, Part, PublicId, Strict
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission

SHA_256 = "^[0-9a-f]{64}$"


class AcceptBody(Body):
    """Which text was read."""

    text_hash = Line("The hash of the text that was read.", most=64, filled=True, required=True)


class OfferBody(Body):
    """What is offered."""

    code = Line("The code by which a rule asks for the agreement.", most=100, filled=True, required=True)


class AcceptedOut(Out):
    """That one side accepted."""

    side = Choice(SIDES)
    name = Line(most=200)
    at = Instant()


class FrameworkAcceptedOut(Out):
    """That one side of a framework agreement accepted it."""

    side = Choice(FRAMEWORK_SIDES)
    name = Line(most=200)
    at = Instant()


class CoveredByOut(Out):
    """The agreement of both organisations that was accepted in place of a request's own terms."""

    id = PublicId()
    title = Line(most=200)
    text_version = Line(most=40)
    text_hash = Strict("SHA-256 of its text.", type="string", pattern=SHA_256)
    in_force_at = Instant()
    accepted = ListOf(Part(FrameworkAcceptedOut))


class TextOut(Out):
    """One text of a request's terms."""

    id = PublicId()
    kind = Line("terms, mta for those of samples, or the code by which a rule asks for it.", most=100)
    title = Line(most=200)
    template_version = Line(most=40)
    text = Lines(most=200_000)
    text_hash = Strict("SHA-256 of the text in UTF-8.", type="string", pattern=SHA_256)
    points = Free("What the text states as data: ip, sharing, publication, cost_shares, risk_shares, ...")
    sources = Free("By point: whose word holds (framework, terms, nda), and over which other words.")
    covered_by = Part(CoveredByOut, allow_none=True)
    created_at = Instant()
    accepted = ListOf(Part(AcceptedOut))
    complete = Flag("Whether both sides accepted, this or what covers it.")
    may_accept = ListOf(Choice(SIDES), "The sides that the caller may still accept for.")


class AgreementOut(TextOut):
    """The terms of a request; those for its samples and each further text are accepted by their own hash."""

    access_request = PublicId()
    material_transfer = Part(TextOut, allow_none=True)
    besides = ListOf(Part(TextOut), "What rules ask for beside both: sessions alone wait for it.")


@resource("api.agreement", "GET", permission=Permission.REQUEST_READ, out=AgreementOut)
def read(call: Call) -> dict[str, Any]:
    """Show the terms of an access request."""
    agreement_of(call.db, call.row.access_request)
    return shown(call)


@resource(
    "api.agreement_accept",
    "POST",
    permission=Permission.OWN_ACCOUNT,
    body=AcceptBody,
    out=AgreementOut,
    version="access_request.version",
)
def give(call: Call) -> dict[str, Any]:
    """Accept the terms of one hash for one's side; the last acceptance that is due makes the request active."""
    accept(call.db, access_request=call.row.access_request, text_hash=call.body["text_hash"], **call.changes)
    return shown(call)


@resource(
    "api.agreement_offer",
    "POST",
    permission=Permission.AGREEMENT_OFFER,
    body=OfferBody,
    out=AgreementOut,
    version="access_request.version",
    errors=(409,),
)
def offer(call: Call) -> dict[str, Any]:
    """Offer the text that the way in has for an agreement which a rule asks this request for."""
    offer_agreement(call.db, access_request=call.row.access_request, code=call.body["code"], **call.changes)
    return shown(call)


def shown(call: Call) -> dict[str, Any]:
    """Return the terms as the contract shows them."""
    sides = sides_of(call.db, call.row.access_request, call.actor, call.now)
    first, *further = (_text(view, sides) for view in agreements_of(call.db, call.row.access_request))
    return {
        **first,
        "access_request": call.row.access_request.public_id,
        "material_transfer": next((one for one in further if one["kind"] == AgreementKind.MTA), None),
        "besides": [one for one in further if one["kind"] != AgreementKind.MTA],
    }


def _text(view: AgreementView, sides: frozenset[str]) -> dict[str, Any]:
    row = view.agreement
    done = {one.side for one in view.accepted}
    same = ("kind", "title", "template_version", "text", "text_hash", "points", "sources", "created_at")
    return {
        **{name: getattr(row, name) for name in same},
        "id": row.public_id,
        "covered_by": view.framework and _covered_by(view.framework),
        "accepted": view.accepted,
        "complete": view.is_complete,
        "may_accept": [] if view.framework else sorted(sides - done),
    }


def _covered_by(found: RestsOn) -> dict[str, Any]:
    framework = found.framework
    same = ("title", "text_version", "text_hash", "in_force_at")
    return {
        **{name: getattr(framework, name) for name in same},
        "id": framework.public_id,
        "accepted": found.accepted,
    }
