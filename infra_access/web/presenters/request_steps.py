"""The way of a request from draft to access as steps: what has happened, what is happening, what comes."""

from dataclasses import dataclass
from datetime import datetime

from infra_access.access_requests.lifecycle import LABELS, RequestState
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.core.i18n import Text, _

_S = RequestState
_REVIEW = (
    _S.SUBMITTED,
    _S.UNDER_REVIEW,
    _S.CHANGES_REQUESTED,
    _S.PAUSED,
    _S.RESERVE,
    _S.DEFERRED,
    _S.APPEALED,
    _S.REOPENED,
)
_STAGE = {_S.DRAFT: 0, **dict.fromkeys(_REVIEW, 1), _S.APPROVED: 2, _S.AGREEMENT_PENDING: 2, _S.ACTIVE: 3}
_OVER = (_S.COMPLETED, _S.EXPIRED)
_STOPPED = (_S.REFUSED, _S.REVOKED, _S.WITHDRAWN, _S.UPHELD)


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `state` is done, now, ahead or refused."""

    title: Text
    state: str
    when: datetime | None = None
    note: Text = ""


def steps_of(view: RequestView) -> list[Step]:
    """Return the steps of a request; where it was refused or withdrawn, that is the last one."""
    row = view.access_request
    state = RequestState(row.state)
    stage = 4 if state in _OVER else _STAGE.get(state)
    steps = [
        Step(_("Written"), "now" if stage == 0 else "done", row.created_at),
        Step(_("Sent"), "ahead" if row.submitted_at is None else "done", row.submitted_at),
    ]
    if stage is None:
        return [*steps, Step(LABELS[state], "refused" if state in _STOPPED else "now", row.state_since)]
    in_review = Step(_("Approvals"), _at(stage, 1), row.state_since if stage == 1 else None, _given(view))
    access = Step(_("Access"), _at(stage, 3), row.state_since if stage == 3 else None)
    if row.regime in view.route.terms or view.agreement is not None:
        terms = Step(_("Terms accepted by both sides"), _at(stage, 2), row.state_since if stage == 2 else None)
        return [*steps, in_review, terms, access]
    return [*steps, in_review, access]


def _at(stage: int, place: int) -> str:
    return "done" if stage > place else "now" if stage == place else "ahead"


def _given(view: RequestView) -> Text:
    live = [one for one in view.approvals if one.state != ApprovalState.VOID]
    if not live:
        return ""
    given = sum(one.state == ApprovalState.APPROVED for one in live)
    return _("${given} of ${all} given", mapping={"given": given, "all": len(live)})
