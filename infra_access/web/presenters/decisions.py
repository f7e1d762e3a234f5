"""Decisions that were kept with a booking or a request, as the panel shows them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from infra_access.core.decision import ApprovalDue, Decision, EarliestStart, Missing, Outcome, Reason


def kept(raw: Mapping[str, Any] | None) -> Decision | None:
    """Return the decision that `policy.disclosure.decision_to_json` wrote; None where none was kept."""
    if not raw:
        return None
    start = raw["earliest_start"]
    return Decision(
        outcome=Outcome(raw["outcome"]),
        as_of=datetime.fromisoformat(raw["as_of"]),
        policy_version=raw["policy_version"],
        case=raw["case"],
        earliest_start=start
        and EarliestStart(date.fromisoformat(start["likely"]), date.fromisoformat(start["safe"]), start["because"]),
        reasons=tuple(Reason(**one) for one in raw["reasons"]),
        missing=tuple(Missing(**one) for one in raw["missing"]),
        approvals=tuple(
            ApprovalDue(**{**one, "rests_on": tuple(one["rests_on"]), "asks": tuple(one.get("asks", ()))})
            for one in raw["approvals"]
        ),
        limits=dict(raw["limits"]),
        afterwards=tuple(Missing(**one) for one in raw.get("afterwards", ())),
    )
