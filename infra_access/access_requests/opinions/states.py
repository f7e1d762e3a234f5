"""Where an opinion stands. Only an answer and a withdrawal are stored; the clock and the approval tell the rest.

So nothing has to be closed when an approval is decided or called off, and one that waits anew waits for its experts,
also while an earlier stage goes before.
"""

from datetime import datetime
from enum import StrEnum

from infra_access.access_requests.models import Approval
from infra_access.access_requests.opinions.models import OutsideOpinion
from infra_access.access_requests.vocabularies import UNGIVEN


class OpinionState(StrEnum):
    """Where an opinion stands; only an open one can be given."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    DECIDED = "decided"
    EXPIRED = "expired"


class Recommendation(StrEnum):
    """What an expert advises."""

    IN_FAVOUR = "in_favour"
    WITH_CONDITIONS = "in_favour_under_conditions"
    AGAINST = "against"
    CANNOT_SAY = "cannot_say"


def state_of(opinion: OutsideOpinion, approval: Approval, now: datetime) -> OpinionState:
    """Return where an opinion stands; `decided` is what waits for no opinion any more, whatever became of it."""
    if opinion.answered_at is not None:
        return OpinionState.ANSWERED
    if opinion.withdrawn_at is not None:
        return OpinionState.WITHDRAWN
    if approval.state not in UNGIVEN:
        return OpinionState.DECIDED
    return OpinionState.EXPIRED if opinion.expires_at <= now else OpinionState.OPEN
