"""Approvals as those who wait for them see them: whose, since when, by when, how long it usually takes, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra_access.access_requests.appealed import APPEAL
from infra_access.access_requests.approvals.stages import stage_before
from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import ON_HOLD, OPEN, ApprovalState
from infra_access.core.authority import Scope
from infra_access.core.i18n import Text, _
from infra_access.policy.disclosure import general
from infra_access.policy.wording import Wording
from infra_access.web.case_words import APPROVAL_STATES
from infra_access.web.whose import CHECK, whose

LOOKS: Mapping[str, tuple[str, str]] = {
    ApprovalState.WAITING: ("closed", "clock"),
    ApprovalState.PENDING: ("accent", "clock"),
    ApprovalState.PAUSED: ("closed", "clock"),
    ApprovalState.RESERVED: ("closed", "clock"),
    ApprovalState.DEFERRED: ("closed", "clock"),
    ApprovalState.APPROVED: ("free", "check"),
    ApprovalState.REFUSED: ("busy", "cross"),
    ApprovalState.CHANGES_REQUESTED: ("mine", "pieces"),
    ApprovalState.VOID: ("closed", "dash"),
}


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """One approval. `why` is None where the reader may not see the rule; `usual_days` where nobody said.

    `ahead` tells that a standing authorisation gave it, `asks` that it asks the team for their nationality, and `mine`
    that the reader is one of those. Where its deadline stands still, there is no `due_at`, and `held` says so;
    `on_hold` that its own people stopped it. `waits_for` is the stage that has to be complete first, None where it is
    asked already, and `stage` is None where there is but one.
    """

    public_id: str
    whose: Text
    state: Text
    tone: str
    icon: str
    open: bool
    stage: int | None
    waits_for: int | None
    asked_at: datetime
    due_at: datetime | None
    held: bool
    on_hold: bool
    decided_at: datetime | None
    reason: str
    conditions: str
    most_units: str
    until: datetime | None
    review_at: datetime | None
    left_out: tuple[str, ...]
    safety_result: str
    ahead: bool
    why: Text | None
    usual_days: int | None
    asks: bool
    mine: bool


def approval_rows(
    approvals: Iterable[Approval],
    decision: Mapping[str, Any],
    *,
    places: Mapping[Scope, Text],
    told: bool,
    asked: bool,
    held: bool = False,
    beside: Approval | None = None,
) -> list[ApprovalRow]:
    """Return the approvals that count, by their stages; `beside` is one of them that the page shows already.

    `decision` is the applicant's reading; `told` lets the reader see every rule. `places` says what the scopes are
    called, in which they are asked, and `held` that all deadlines stand still. `asked` tells that the reader is on
    the team, and so among those whom an approval asks for something.
    """
    named = {one["rule"]: one for one in decision.get("approvals", [])}
    live = sorted((one for one in approvals if one.state != ApprovalState.VOID), key=lambda one: (one.stage, one.id))
    case = decision.get("case", "")
    return [_row(one, live, named, places, case, told, asked, held) for one in live if one is not beside]


def _row(
    approval: Approval,
    live: Sequence[Approval],
    named: Mapping[str, Mapping[str, Any]],
    places: Mapping[Scope, Text],
    case: str,
    told: bool,
    asked: bool,
    held: bool,
) -> ApprovalRow:
    before = stage_before(approval, live)
    rule, scope = named.get(approval.rule), (approval.scope_kind, approval.scope_key)
    hidden = not told and rule is None and approval.rule != APPEAL
    held = approval.state in OPEN and (held or approval.state in ON_HOLD)
    tone, icon = LOOKS[approval.state]
    return ApprovalRow(
        public_id=approval.public_id,
        whose=CHECK if hidden else whose(approval.role, scope[0], places.get(scope)),
        state=APPROVAL_STATES[approval.state]
        if before is None
        else _("Waits for stage ${stage}", mapping={"stage": before}),
        tone=tone,
        icon=icon,
        open=approval.state in OPEN,
        stage=approval.stage if len({one.stage for one in live}) > 1 else None,
        waits_for=before,
        asked_at=approval.asked_at,
        due_at=None if held else approval.due_at,
        held=held,
        on_hold=approval.state in ON_HOLD,
        decided_at=approval.decided_at,
        reason=approval.reason or "",
        conditions=approval.conditions or "",
        most_units=f"{approval.most_units.normalize():f}" if approval.most_units is not None else "",
        until=approval.until,
        review_at=approval.review_at,
        left_out=tuple(one["name"] for one in approval.left_out),
        safety_result="" if hidden else approval.safety_result or "",
        ahead=approval.authorisation_id is not None,
        why=general(case) if hidden else Wording(approval.message) if approval.message and (told or rule) else None,
        usual_days=rule["expected_days"] if rule else None,
        asks=bool(approval.asks),
        mine=bool(approval.asks) and asked,
    )
