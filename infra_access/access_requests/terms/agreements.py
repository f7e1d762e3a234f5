"""Terms offered and accepted: the text as both sides saw it, its SHA-256, and who accepted for which side."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.approvals.counting import is_waiting
from infra_access.access_requests.circles import is_same_person
from infra_access.access_requests.judging_again import judge_again
from infra_access.access_requests.lifecycle import RequestState, RequestTransition, move
from infra_access.access_requests.models import AccessRequest, AccessRoute, Agreement, AgreementAcceptance
from infra_access.access_requests.standing import advance, locked, team_of, tell
from infra_access.access_requests.terms.agreed import texts_by_kind
from infra_access.access_requests.terms.agreement_queries import (
    APPLICANT,
    HOST,
    AgreementView,
    agreement_of,
    agreements_of,
    is_accepted,
    nothing_to_accept,
    sides_of,
    signatory_names,
)
from infra_access.access_requests.terms.offering import offer
from infra_access.access_requests.terms.points import hash_of
from infra_access.access_requests.vocabularies import OF_ITSELF
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Forbidden
from infra_access.core.i18n import _

__all__ = ["AgreementView", "accept", "agreement_of", "agreements_of", "grant", "hash_of", "offer"]


def grant(session: Session, access_request: AccessRequest, route: AccessRoute, now: datetime) -> None:
    """Take a request on after its last approval: to the terms where there are any to accept, else to its grant."""
    advance(access_request, RequestTransition.APPROVE, now)
    waits = offer(session, access_request, route, now) and not is_accepted(session, access_request)
    if texts_by_kind(route) and any(_waits_besides(one) for one in agreements_of(session, access_request)):
        tell(session, access_request, "agreement_offered", now)
    if waits:
        advance(access_request, RequestTransition.OFFER_TERMS, now)
        tell(session, access_request, "approved", now)
        return
    advance(access_request, RequestTransition.ACTIVATE, now)
    allocations.activate(session, access_request)
    tell(session, access_request, "activated", now)


def _waits_besides(view: AgreementView) -> bool:
    return not (view.is_of_itself or view.is_complete)


def accept(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    text_hash: str,
    expected_version: int | None = None,
) -> AgreementView:
    """Accept the text of that hash for the actor's side; the last acceptance that is due makes the request active.

    That is so where the rules in force let it through still; what they ask for besides is asked first. What sessions
    alone wait for is accepted also once it is active, and changes no state.
    `agreement_queries.sides_of` says who accepts for whom. Raises Forbidden `agreement.signatory`, Conflict
    `agreement.changed` where another text was read, Conflict `access_request.state` and as
    `judging_again.judge_again` does, NotFound.
    """
    access_request = locked(session, access_request, expected_version)
    sides = sides_of(session, access_request, actor, now)
    if not sides and actor.account_id in team_of(session, access_request):
        raise _not_theirs_to_sign(session, access_request, now)
    require(actor, Permission.AGREEMENT_ACCEPT, (), {"signatory" if APPLICANT in sides else "host"} if sides else set())
    waiting = agreements_of(session, access_request)
    # A text names itself by its hash: the terms and those for samples are accepted each for itself.
    read = [one for one in waiting if one.text_hash == text_hash]
    # Where both say the same, what is due is what is accepted.
    due = [one for one in read if not one.is_complete] or read
    besides = any(not one.is_of_itself for one in waiting) and not any(one.is_of_itself for one in due)
    if not (besides and access_request.state == RequestState.ACTIVE):
        move(RequestState(access_request.state), RequestTransition.ACCEPT_TERMS)
    if not waiting:
        raise nothing_to_accept()
    if not read:
        message = _("The terms have changed since you read them. Load them again before you accept.")
        next_due = next((one for one in waiting if not one.is_complete), waiting[0])
        raise Conflict("agreement.changed", message, details={"text_hash": next_due.text_hash})
    agreement, side = _to_accept(session, due, sides, actor)
    with session.begin_nested():
        session.add(
            AgreementAcceptance(
                agreement_id=agreement.id,
                side=side,
                account_id=int(actor.account_id or 0),
                accepted_at=now,
                text_hash=agreement.text_hash,
            )
        )
        session.flush()
        complete = agreement.kind in OF_ITSELF and is_accepted(session, access_request)
        if complete:
            judge_again(session, access_request, now=now)
    if complete:
        if is_waiting(session, access_request):
            advance(access_request, RequestTransition.REVIEW, now)
            tell(session, access_request, "submitted", now)
        else:
            advance(access_request, RequestTransition.ACCEPT_TERMS, now)
            allocations.activate(session, access_request)
            tell(session, access_request, "activated", now)
    record(
        session,
        actor=actor,
        action="agreement.accepted",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={
            "side": side,
            "kind": agreement.kind,
            "text_hash": agreement.text_hash,
            "state": access_request.state,
        },
    )
    return next(one for one in agreements_of(session, access_request) if one.agreement is agreement)


def _not_theirs_to_sign(session: Session, access_request: AccessRequest, now: datetime) -> Forbidden:
    """Return the refusal of somebody of the team who cannot bind their organisation; it names who can."""
    names = signatory_names(session, access_request, now)
    if not names:
        message = _(
            "Your organisation has to accept these terms, and nobody is named to sign for it. Ask its administrator "
            "to name a signatory."
        )
    else:
        message = _(
            "${names} signs for your organisation and has to accept these terms. They find them on their page.",
            mapping={"names": ", ".join(names)},
        )
    return Forbidden("agreement.signatory", message, details={"signatories": list(names)})


def _to_accept(
    session: Session, read: Sequence[AgreementView], sides: Collection[str], actor: Actor
) -> tuple[Agreement, str]:
    """Return the text that the actor accepts, and for which side: one that has not accepted, and never for both."""
    for one in read:
        done = {accepted.side for accepted in one.accepted}
        side = next((side for side in (APPLICANT, HOST) if side in sides and side not in done), None)
        if side is None or one.framework is not None:
            continue
        if any(is_same_person(session, actor, accepted.account_id, at=accepted.at) for accepted in one.accepted):
            message = _("You or your stand-in accepted for the other side. Somebody else has to accept for this one.")
            raise Conflict("agreement.both_sides", message)
        return one.agreement, side
    raise Conflict("agreement.accepted", _("Your side has accepted already. The other side is still to do so."))
