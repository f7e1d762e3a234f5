"""/approvals/{id}/opinions: what experts from outside are asked about an approval, and what they answered.

All of it is for those who decide alone, never for the applicant: the expert was promised that.
"""

from typing import Any

from infra_access.access_requests.opinions.asking import (
    MOST_DAYS,
    MOST_TEXT,
    USUAL_DAYS,
    ask_opinion,
    withdraw_opinion,
)
from infra_access.access_requests.opinions.by_link import MOST_CONFLICT
from infra_access.access_requests.opinions.queries import OpinionView, opinion_by_public_id, opinions_of
from infra_access.access_requests.opinions.states import OpinionState, Recommendation
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission


class OpinionBody(Body):
    """Whom to ask, and what."""

    email = Line("Where the link is sent.", most=254, filled=True, required=True)
    name = Line(most=200, filled=True, required=True)
    question = Lines(most=MOST_TEXT, filled=True, required=True)
    summary = Lines("All that the expert reads of the request, beside facility and instruments.", most=MOST_TEXT)
    days = Integer(f"How long the link works; {USUAL_DAYS} unless given.", low=1, high=MOST_DAYS)


class OpinionOut(Out):
    """An opinion that was asked for."""

    id = PublicId()
    email = Line(most=254)
    name = Line(most=200)
    question = Lines(most=MOST_TEXT)
    summary = Lines(most=MOST_TEXT)
    state = Choice(OpinionState)
    asked_by = Line(most=200)
    asked_at = Instant()
    expires_at = Instant()
    answered_at = Instant(allow_none=True)
    conflict = Lines("The conflict of interest that was declared, if any.", most=MOST_CONFLICT, allow_none=True)
    recommendation = Choice(Recommendation, allow_none=True)
    reasons = Lines(most=MOST_TEXT, allow_none=True)


class OpinionsOut(Out):
    """All opinions on an approval."""

    items = ListOf(Part(OpinionOut))


@resource("api.approval_opinions", "GET", permission=Permission.APPROVAL_DECIDE, out=OpinionsOut)
def read(call: Call) -> dict[str, Any]:
    """List the opinions asked for, oldest first. For those who decide alone, not for the applicant."""
    return _listed(call)


@resource(
    "api.approval_opinions",
    "POST",
    permission=Permission.APPROVAL_DECIDE,
    body=OpinionBody,
    out=OpinionsOut,
    errors=(409,),
)
def ask(call: Call) -> dict[str, Any]:
    """Ask an expert without an account, who gets a link by mail. It advises, and no verdict follows from it."""
    ask_opinion(call.db, actor=call.actor, now=call.now, approval=call.row.approval, **call.body)
    return _listed(call)


@resource("api.opinion_withdraw", "POST", permission=Permission.APPROVAL_DECIDE, out=OpinionsOut, errors=(409,))
def withdraw(call: Call) -> dict[str, Any]:
    """Withdraw a question; its link says so from then on."""
    opinion = opinion_by_public_id(call.db, call.row.approval, call.request.matchdict["opinion"])
    withdraw_opinion(call.db, actor=call.actor, now=call.now, approval=call.row.approval, opinion=opinion)
    return _listed(call)


def _listed(call: Call) -> dict[str, Any]:
    return {"items": [_shown(view) for view in opinions_of(call.db, call.row.approval, now=call.now)]}


def _shown(view: OpinionView) -> dict[str, Any]:
    row = view.opinion
    return {
        "id": row.public_id,
        "email": row.email,
        "name": row.name,
        "question": row.question,
        "summary": row.summary,
        "state": view.state,
        "asked_by": view.asked_by,
        "asked_at": row.asked_at,
        "expires_at": row.expires_at,
        "answered_at": row.answered_at,
        "conflict": row.conflict,
        "recommendation": row.recommendation,
        "reasons": row.reasons,
    }
