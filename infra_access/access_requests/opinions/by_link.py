"""Giving an opinion by the link that a mail brought: whoever holds it is who was asked, and needs no account.

The link is made when its mail is written, so that the outbox never holds a working one. A token costs one hash and one
read of an index, whether there is such a link or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from translationstring import TranslationString

from infra_access.access_requests.approvals.queries import view_of
from infra_access.access_requests.approvals.verdicts import locked_approval
from infra_access.access_requests.models import Approval
from infra_access.access_requests.opinions.asking import MOST_TEXT, is_near
from infra_access.access_requests.opinions.models import OpinionLink, OutsideOpinion
from infra_access.access_requests.opinions.states import OpinionState, Recommendation, state_of
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.authority import system_actor
from infra_access.core.errors import Conflict, Gone, NotFound
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.outbox.events import publish
from infra_access.people.secrets_at_rest import new_secret, secret_hash

MOST_CONFLICT = 2_000

_EXPERT = system_actor("opinion link")
_ENDED: Mapping[OpinionState, TranslationString] = {
    OpinionState.WITHDRAWN: _(
        "This question was withdrawn, so no opinion is needed any more. If you have a question, turn to ${office}."
    ),
    OpinionState.DECIDED: _(
        "This waits for no opinion any more: it was decided, or called off, before yours came. Thank you for being "
        "ready to help. If you have a question, turn to ${office}."
    ),
    OpinionState.EXPIRED: _(
        "The time to answer has ended. If you would still like to give your opinion, ask ${office} for a new link."
    ),
}


@dataclass(frozen=True, slots=True)
class AskedByLink:
    """What an expert reads: the question, in which role it is asked, and of which facility and instruments."""

    opinion: OutsideOpinion
    approval: Approval
    state: OpinionState
    facility: Facility
    instruments: tuple[str, ...]


def make_link(session: Session, opinion: OutsideOpinion) -> str:
    """Return the token of a new link, for a mail being written; each of several works."""
    token = new_secret()
    session.add(OpinionLink(opinion_id=opinion.id, token_hash=secret_hash(token)))
    session.flush()
    return token


def opinion_of_link(session: Session, token: str, *, now: datetime) -> AskedByLink:
    """Return what a link asks, or that it was answered.

    Raises NotFound for an unknown one, Gone `opinion.withdrawn`, `opinion.decided` or `opinion.expired`, saying whom to
    ask.
    """
    row = session.execute(
        select(OutsideOpinion, Approval)
        .join(OpinionLink, OpinionLink.opinion_id == OutsideOpinion.id)
        .join(Approval, Approval.id == OutsideOpinion.approval_id)
        .where(OpinionLink.token_hash == secret_hash(token))
    ).one_or_none()
    if row is None:
        message = _(
            "There is no such link. Copy the whole address from the mail, also where it is broken in two lines."
        )
        raise NotFound("opinion.unknown", message)
    opinion, approval = row
    asked = asked_about(session, opinion, approval, now=now)
    if asked.state in _ENDED:
        office = ", ".join(part for part in (asked.facility.name, asked.facility.contact_email) if part)
        raise Gone(f"opinion.{asked.state}", _ENDED[asked.state] % {"office": office})
    return asked


def asked_about(session: Session, opinion: OutsideOpinion, approval: Approval, *, now: datetime) -> AskedByLink:
    """Return what of a request its expert may read. One statement."""
    rows = session.execute(
        select(Instrument.name, Facility)
        .join(Facility, Facility.id == Instrument.facility_id)
        .where(Instrument.id.in_(approval.instrument_ids))
        .order_by(Instrument.id)
    ).all()
    state = state_of(opinion, approval, now)
    return AskedByLink(opinion, approval, state, rows[0][1], tuple(row[0] for row in rows))


def give_opinion(
    session: Session,
    *,
    now: datetime,
    token: str,
    recommendation: str,
    reasons: str,
    no_conflict: bool = False,
    conflict: str = "",
) -> OutsideOpinion:
    """Keep what the expert answers by their link, once; those who decide are told.

    Raises what `opinion_of_link` raises, Conflict `opinion.answered`, Gone `opinion.near` where the expert came onto
    the team since, Invalid naming each field.
    """
    asked = opinion_of_link(session, token, now=now)
    # Whoever decides or withdraws at this moment does so before or after, under the same lock.
    approval = locked_approval(session, asked.approval)
    session.refresh(asked.opinion)
    asked = opinion_of_link(session, token, now=now)
    opinion = asked.opinion
    if asked.state is OpinionState.ANSWERED:
        raise Conflict("opinion.answered", _("You answered this already. What you sent first is kept, and only that."))
    if is_near(session, view_of(session, approval), opinion.email):
        message = _("You take part in this request by now, so your opinion on it is not asked any more.")
        raise Gone("opinion.near", message)
    declared = clean_text(conflict, field="conflict", max_length=MOST_CONFLICT)
    if no_conflict is bool(declared):
        message = _("Say that you have no conflict of interest, or which one you have: one of the two.")
        raise fields.fault("opinion.conflict", "conflict", message)
    advised = fields.one_of(Recommendation)(recommendation, "recommendation")
    because = clean_text(reasons, field="reasons", max_length=MOST_TEXT, required=True)
    opinion.recommendation, opinion.reasons = advised, because
    opinion.conflict, opinion.answered_at = declared or None, now
    session.flush()
    record(
        session,
        actor=_EXPERT,
        action="opinion.answered",
        object_kind="approval",
        object_id=approval.public_id,
        now=now,
        details={"opinion": opinion.public_id},
    )
    publish(session, "opinion.answered", {"opinion": opinion.public_id}, now=now)
    return opinion
