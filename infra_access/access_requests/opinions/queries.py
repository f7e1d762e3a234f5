"""Opinions as they are read: all of it by those who decide, of the applicant's side only that one was asked, and when.

The applicant never reads an opinion, nor who gives it: the expert was promised that, since whoever has to fear those
whom they judge says less than they know.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Approval
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


def opinions_awaited(session: Session, approval_ids: Collection[int]) -> dict[int, tuple[OpinionAsked, ...]]:
    """Return what approvals that wait were asked an opinion on, by their keys; an answer is not awaited any more.

    One statement, none where there are no approvals. What is past its time is returned too.
    """
    found: dict[int, tuple[OpinionAsked, ...]] = {}
    if approval_ids:
        rows = session.execute(
            select(OutsideOpinion.approval_id, OutsideOpinion.asked_at, OutsideOpinion.expires_at)
            .where(
                OutsideOpinion.approval_id.in_(sorted(approval_ids)),
                OutsideOpinion.answered_at.is_(None),
                OutsideOpinion.withdrawn_at.is_(None),
            )
            .order_by(OutsideOpinion.id)
        )
        for key, since, until in rows:
            found[key] = (*found.get(key, ()), OpinionAsked(since, until))
    return found
