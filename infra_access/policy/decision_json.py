"""A decision as the contract shows it, in one reader's language."""

from typing import Any

from infra_access.core.decision import Decision
from infra_access.core.i18n import Text, plain
from infra_access.policy.condition_json import dump_scalar
from infra_access.policy.wording import Translate, render


def decision_to_json(decision: Decision, translate: Translate = plain, locale: str = "en") -> dict[str, Any]:
    """Return plain data for JSON, without floats; `locale` picks among the languages of the rules' own sentences."""

    def said(text: Text) -> str:
        return render(text, translate, locale)

    start = decision.earliest_start
    return {
        "outcome": decision.outcome.value,
        "earliest_start": start
        and {"likely": start.likely.isoformat(), "safe": start.safe.isoformat(), "because": said(start.because)},
        "reasons": [
            {"rule": r.rule, "message": said(r.message), "grounds": str(r.grounds), "legal_ref": r.legal_ref}
            for r in decision.reasons
        ],
        "missing": [
            {"kind": m.kind, "code": m.code, "message": said(m.message), "how": said(m.how)} for m in decision.missing
        ],
        "approvals": [
            {
                "role": a.role,
                "scope": a.scope,
                "rule": a.rule,
                "message": said(a.message),
                "expected_days": a.expected_days,
                "latest_days": a.latest_days,
                "rests_on": list(a.rests_on),
            }
            for a in decision.approvals
        ],
        "limits": {name: v if isinstance(v, list) else dump_scalar(v) for name, v in decision.limits.items()},
        "policy_version": decision.policy_version,
        "as_of": decision.as_of.isoformat().replace("+00:00", "Z"),
        "case": decision.case,
    }
