"""Opinions from outside as those who decide read them, and the words in which experts give them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.queries import ApprovalView
from infra_access.access_requests.opinions.queries import OpinionView, opinions_of
from infra_access.access_requests.opinions.states import OpinionState, Recommendation
from infra_access.core.authority import Actor
from infra_access.core.i18n import Text, _

RECOMMENDATIONS: Mapping[str, Text] = {
    Recommendation.IN_FAVOUR: _("In favour"),
    Recommendation.WITH_CONDITIONS: _("In favour, under conditions that I name"),
    Recommendation.AGAINST: _("Against"),
    Recommendation.CANNOT_SAY: _("I cannot say"),
}
_LOOKS: Mapping[OpinionState, tuple[Text, str, str]] = {
    OpinionState.OPEN: (_("Waits for the answer"), "accent", "clock"),
    OpinionState.ANSWERED: (_("Answered"), "free", "check"),
    OpinionState.WITHDRAWN: (_("Withdrawn"), "closed", "cross"),
    OpinionState.DECIDED: (_("Decided without it"), "closed", "dash"),
    OpinionState.EXPIRED: (_("No answer in time"), "closed", "dash"),
}


@dataclass(frozen=True, slots=True)
class OpinionRow:
    """One opinion, how its state looks, and what was recommended; `until` is None where no answer is awaited."""

    view: OpinionView
    state: Text
    tone: str
    icon: str
    until: datetime | None
    recommendation: Text | None
    may_withdraw: bool


def opinion_rows(session: Session, view: ApprovalView, *, actor: Actor, now: datetime) -> list[OpinionRow] | None:
    """Return the opinions on an approval for whoever decides it; None for anybody else, and of a booking."""
    if view.approval.subject_kind == "booking" or not view.may_decide(actor):
        return None
    return [_row(one) for one in opinions_of(session, view.approval, now=now)]


def _row(view: OpinionView) -> OpinionRow:
    said = view.opinion.recommendation
    return OpinionRow(
        view,
        *_LOOKS[view.state],
        until=view.opinion.expires_at if view.state is OpinionState.OPEN else None,
        recommendation=RECOMMENDATIONS[said] if said else None,
        may_withdraw=view.state in (OpinionState.OPEN, OpinionState.EXPIRED),
    )
