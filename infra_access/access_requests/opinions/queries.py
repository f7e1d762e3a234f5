"""Opinions as they are read: all of it by those who decide, of the applicant's side only that one was asked, and when.

The applicant never reads an opinion, nor who gives it: the expert was promised that, since whoever has to fear those
whom they judge says less than they know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.appealed import APPEAL
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.opinions.models import OutsideOpinion
from infra_access.access_requests.opinions.states import OpinionState, state_of
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.people.models import Account


@dataclass(frozen=True, slots=True)
class OpinionView:
    """An opinion with the name of whoever asked, for those who decide."""

    opinion: OutsideOpinion
    state: OpinionState
    asked_by: str


@dataclass(frozen=True, slots=True)
class OpinionAsked:
    """That somebody outside was asked and has not answered: since when, and until when they can."""

    since: datetime
    until: datetime


def opinions_of(session: Session, approval: Approval, *, now: datetime) -> Sequence[OpinionView]:
    """Return every opinion that was asked for an approval, oldest first. The caller checks the right. One statement."""
    rows = session.execute(
        select(OutsideOpinion, Account.name)
        .join(Account, Account.id == OutsideOpinion.asked_by_id)
        .where(OutsideOpinion.approval_id == approval.id)
        .order_by(OutsideOpinion.id)
    )
    return [OpinionView(row[0], state_of(row[0], approval, now), row[1]) for row in rows]


def opinion_by_public_id(session: Session, approval: Approval, public_id: str) -> OutsideOpinion:
    """Return an opinion that was asked for an approval. Raises NotFound."""
    found = session.scalars(
        select(OutsideOpinion).where(OutsideOpinion.approval_id == approval.id, OutsideOpinion.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound("opinion.unknown", _("No such opinion was asked for here."))
    return found


def approvals_with_opinions(
    session: Session, access_request: AccessRequest
) -> tuple[tuple[Approval, ...], Mapping[int, tuple[OpinionAsked, ...]]]:
    """Return all approvals of a request, in the order in which they were asked, and by key what opinions they await.

    Its appeals are among them, and opinions that are past their time. One statement.
    """
    rows = session.execute(
        select(Approval, OutsideOpinion.asked_at, OutsideOpinion.expires_at)
        .outerjoin(
            OutsideOpinion,
            and_(
                OutsideOpinion.approval_id == Approval.id,
                OutsideOpinion.answered_at.is_(None),
                OutsideOpinion.withdrawn_at.is_(None),
            ),
        )
        .where(Approval.subject_kind.in_(("access_request", APPEAL)), Approval.subject_id == access_request.id)
        .order_by(Approval.id, OutsideOpinion.id)
    ).all()
    awaited: dict[int, tuple[OpinionAsked, ...]] = {}
    for approval, since, until in rows:
        if since is not None:
            awaited[approval.id] = (*awaited.get(approval.id, ()), OpinionAsked(since, until))
    return tuple(dict.fromkeys(row[0] for row in rows)), awaited
