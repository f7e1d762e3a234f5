"""An explained decision: what came out, because of which rules, and what would change it.

The shape is the contract's (docs/api: Decision). Every layer passes it on unchanged; only `to_json` turns it
into plain data, canonical and without floats, so that the same inputs give the same bytes.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from infra_access.core.i18n import Text


class Outcome(StrEnum):
    """What a decision says, from best to worst for the one who asks."""

    PERMIT = "permit"
    PERMIT_WITH_LIMITS = "permit_with_limits"
    CONDITIONAL = "conditional"
    NEEDS_APPROVAL = "needs_approval"
    NOT_ELIGIBLE = "not_eligible"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that decided; `message` is already in the disclosure the reader may see."""

    rule: str
    message: Text
    grounds: str
    legal_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing to supply: kind is fact, training, document, agreement, assurance, funding, escort or gate."""

    kind: str
    code: str
    message: Text
    how: Text


@dataclass(frozen=True, slots=True)
class ApprovalDue:
    """One role that must say yes. `scope` is facility, organisation, country or network; `rests_on` names
    the fields of the access request whose change voids it; days are calendar days. `asks` is what everybody on the
    team says before that yes. Stages are asked one after the other; the rule says which, and whether the yes needs
    a date of `review`, so neither is part of what is kept and compared.
    """

    role: str
    scope: str
    rule: str
    message: Text
    expected_days: int
    latest_days: int
    rests_on: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    hidden: bool = field(default=False, compare=False, kw_only=True)
    """Whether the applicant may not read the rule, so that no refusal names its role."""
    stage: int = field(default=1, compare=False)
    review: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class EarliestStart:
    """The first dates a session is realistic: when all goes as expected, and when all takes its longest."""

    likely: date
    safe: date
    because: Text


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole answer for one action. `case` lets a person refer to it without revealing rules.

    `afterwards` is what a session needs once this was granted. It is told beside the answer, and no part of what is
    kept and made again.
    """

    outcome: Outcome
    as_of: datetime
    policy_version: str
    case: str
    earliest_start: EarliestStart | None = None
    reasons: tuple[Reason, ...] = ()
    missing: tuple[Missing, ...] = ()
    approvals: tuple[ApprovalDue, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)
    afterwards: tuple[Missing, ...] = ()
