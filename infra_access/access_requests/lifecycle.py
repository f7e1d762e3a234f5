"""The life of an access request, as one table, with a name and "what happens next" for each state.

A state without a row in the table is final. Who may make a transition, and what it needs, is decided by the
command that makes it: an appeal, for one, is decided by someone who did not decide before. An amendment
keeps the state; where it voids an approval, the command adds `review`, which asks again. A team that was asked for
changes makes them in as many steps as it likes; sending the request again is `resume`. What was granted before an
amendment can be revoked while that waits.
"""

from enum import StrEnum

from infra_access.core.errors import Conflict
from infra_access.core.i18n import Text, _


class RequestState(StrEnum):
    """Where an access request stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    CHANGES_REQUESTED = "changes_requested"
    PAUSED = "paused"
    APPROVED = "approved"
    RESERVE = "reserve"
    DEFERRED = "deferred"
    REFUSED = "refused"
    AGREEMENT_PENDING = "agreement_pending"
    ACTIVE = "active"
    COMPLETED = "completed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    APPEALED = "appealed"
    UPHELD = "upheld"
    REOPENED = "reopened"


class RequestTransition(StrEnum):
    """What can be done to an access request."""

    SUBMIT = "submit"
    REVIEW = "review"
    ASK_CHANGES = "ask_changes"
    AMEND = "amend"
    PAUSE = "pause"
    RESUME = "resume"
    APPROVE = "approve"
    RESERVE = "reserve"
    DEFER = "defer"
    REFUSE = "refuse"
    OFFER_TERMS = "offer_terms"
    ACCEPT_TERMS = "accept_terms"
    ACTIVATE = "activate"
    COMPLETE = "complete"
    EXPIRE = "expire"
    REVOKE = "revoke"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"
    UPHOLD = "uphold"
    REOPEN = "reopen"


_S, _T = RequestState, RequestTransition

TRANSITIONS: dict[RequestState, dict[RequestTransition, RequestState]] = {
    _S.DRAFT: {_T.SUBMIT: _S.SUBMITTED, _T.WITHDRAW: _S.WITHDRAWN},
    _S.SUBMITTED: {
        _T.REVIEW: _S.UNDER_REVIEW,
        _T.APPROVE: _S.APPROVED,
        _T.REFUSE: _S.REFUSED,
        _T.AMEND: _S.SUBMITTED,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.UNDER_REVIEW: {
        _T.ASK_CHANGES: _S.CHANGES_REQUESTED,
        _T.PAUSE: _S.PAUSED,
        _T.APPROVE: _S.APPROVED,
        _T.RESERVE: _S.RESERVE,
        _T.DEFER: _S.DEFERRED,
        _T.REFUSE: _S.REFUSED,
        _T.AMEND: _S.UNDER_REVIEW,
        _T.REVOKE: _S.REVOKED,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.CHANGES_REQUESTED: {
        _T.AMEND: _S.CHANGES_REQUESTED,
        _T.RESUME: _S.UNDER_REVIEW,
        _T.REVOKE: _S.REVOKED,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.PAUSED: {_T.RESUME: _S.UNDER_REVIEW, _T.AMEND: _S.PAUSED, _T.REVOKE: _S.REVOKED, _T.WITHDRAW: _S.WITHDRAWN},
    _S.RESERVE: {
        _T.APPROVE: _S.APPROVED,
        _T.DEFER: _S.DEFERRED,
        _T.REFUSE: _S.REFUSED,
        _T.REVIEW: _S.UNDER_REVIEW,
        _T.AMEND: _S.RESERVE,
        _T.REVOKE: _S.REVOKED,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.DEFERRED: {_T.REVIEW: _S.UNDER_REVIEW, _T.AMEND: _S.DEFERRED, _T.REVOKE: _S.REVOKED, _T.WITHDRAW: _S.WITHDRAWN},
    _S.APPROVED: {
        _T.OFFER_TERMS: _S.AGREEMENT_PENDING,
        _T.ACTIVATE: _S.ACTIVE,
        _T.REVIEW: _S.UNDER_REVIEW,
        _T.AMEND: _S.APPROVED,
        _T.REVOKE: _S.REVOKED,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.AGREEMENT_PENDING: {
        _T.ACCEPT_TERMS: _S.ACTIVE,
        _T.REVIEW: _S.UNDER_REVIEW,
        _T.AMEND: _S.AGREEMENT_PENDING,
        _T.REVOKE: _S.REVOKED,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.ACTIVE: {
        _T.COMPLETE: _S.COMPLETED,
        _T.EXPIRE: _S.EXPIRED,
        _T.REVOKE: _S.REVOKED,
        _T.REVIEW: _S.UNDER_REVIEW,
        _T.AMEND: _S.ACTIVE,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.REFUSED: {_T.APPEAL: _S.APPEALED},
    _S.REVOKED: {_T.APPEAL: _S.APPEALED},
    _S.APPEALED: {_T.UPHOLD: _S.UPHELD, _T.REOPEN: _S.REOPENED},
    _S.REOPENED: {_T.REVIEW: _S.UNDER_REVIEW, _T.AMEND: _S.REOPENED, _T.REVOKE: _S.REVOKED, _T.WITHDRAW: _S.WITHDRAWN},
}

HELD = (RequestState.PAUSED, RequestState.RESERVE, RequestState.DEFERRED)
"""States of a request in which an approval on hold keeps it."""

FINAL = frozenset(RequestState) - frozenset(TRANSITIONS)
"""States that nothing follows."""

LABELS: dict[RequestState, Text] = {
    _S.DRAFT: _("Draft"),
    _S.SUBMITTED: _("Submitted"),
    _S.UNDER_REVIEW: _("Under review"),
    _S.CHANGES_REQUESTED: _("Changes asked for"),
    _S.PAUSED: _("Paused"),
    _S.APPROVED: _("Approved"),
    _S.RESERVE: _("On the reserve list"),
    _S.DEFERRED: _("Moved to a later round"),
    _S.REFUSED: _("Refused"),
    _S.AGREEMENT_PENDING: _("Terms to be accepted"),
    _S.ACTIVE: _("Active"),
    _S.COMPLETED: _("Completed"),
    _S.EXPIRED: _("Expired"),
    _S.REVOKED: _("Revoked"),
    _S.WITHDRAWN: _("Withdrawn"),
    _S.APPEALED: _("Appealed"),
    _S.UPHELD: _("Decision upheld"),
    _S.REOPENED: _("Reopened"),
}

NEXT: dict[RequestState, Text] = {
    _S.DRAFT: _("Only your team sees it. Submit it when it is complete."),
    _S.SUBMITTED: _("The access rules are applied; you learn at once who has to approve."),
    _S.UNDER_REVIEW: _("The approvals named below are due. You get a message at each decision."),
    _S.CHANGES_REQUESTED: _("The reviewers ask you for changes. Make them and send the request again."),
    _S.PAUSED: _("It goes on once the answer named below has come."),
    _S.APPROVED: _("Access is granted. The terms are being prepared, where there are any."),
    _S.RESERVE: _("It was found good, but there is no capacity yet. You are told when some becomes free."),
    _S.DEFERRED: _("It is considered again in the round named below. You need not send it again."),
    _S.REFUSED: _("The reasons are given with it. You may appeal; someone who did not decide before looks at it."),
    _S.AGREEMENT_PENDING: _("Each side's signatory accepts the terms; then you can book."),
    _S.ACTIVE: _("You can book time within what was granted."),
    _S.COMPLETED: _("The work is done. Report its outcomes where the route asks for it."),
    _S.EXPIRED: _("The period granted has ended. Start a new request to go on."),
    _S.REVOKED: _("Access was taken back, and the reasons are given. You may appeal."),
    _S.WITHDRAWN: _("The team withdrew it. Nothing more happens; you may start a new one."),
    _S.APPEALED: _("Someone who did not decide before looks at it again."),
    _S.UPHELD: _("The appeal was examined and the decision stands. You may start a new request."),
    _S.REOPENED: _("The appeal was granted. Settle what the access rules still ask for, and send it again."),
}

NEXT_SCHEDULED: Text = _("The facility proposes times within what was granted. You accept or decline each.")
"""What happens next where a request is active and the facility chooses the time."""

AWAITS_EXCEPTION: Text = _(
    "It waits for an exception from a rule; approvals are asked after that. Whoever may grant it was told."
)
"""What happens next where a request is under review and no approval is asked yet."""

NEXT_UNDER_REVIEW: Text = _(
    "Time can be booked within what was granted, as long as the consent to it is renewed by its date of review."
)
"""What happens next with an active request that a consent with such a date carries."""

EXCEPTION_GRANTED: Text = _(
    "An exception from the access rules was granted. Send the request again, and they decide anew."
)
"""Why a request that the rules refused went back to its team, and what happens next."""

ACTIONS: dict[RequestTransition, Text] = {
    _T.SUBMIT: _("Submit"),
    _T.REVIEW: _("Start the review"),
    _T.ASK_CHANGES: _("Ask for changes"),
    _T.AMEND: _("Amend"),
    _T.PAUSE: _("Pause"),
    _T.RESUME: _("Resume"),
    _T.APPROVE: _("Approve"),
    _T.RESERVE: _("Put on the reserve list"),
    _T.DEFER: _("Move to a later round"),
    _T.REFUSE: _("Refuse"),
    _T.OFFER_TERMS: _("Offer the terms"),
    _T.ACCEPT_TERMS: _("Accept the terms"),
    _T.ACTIVATE: _("Activate"),
    _T.COMPLETE: _("Complete"),
    _T.EXPIRE: _("Let it expire"),
    _T.REVOKE: _("Revoke"),
    _T.WITHDRAW: _("Withdraw"),
    _T.APPEAL: _("Appeal"),
    _T.UPHOLD: _("Uphold the decision"),
    _T.REOPEN: _("Reopen"),
}


def can_move(state: RequestState, transition: RequestTransition) -> bool:
    """Tell whether the table has that transition from `state`."""
    return transition in TRANSITIONS.get(state, {})


def move(state: RequestState, transition: RequestTransition) -> RequestState:
    """Return the state after `transition`. Raises Conflict `access_request.state`, with what is possible."""
    possible = TRANSITIONS.get(state, {})
    if transition in possible:
        return possible[transition]
    raise Conflict(
        "access_request.state",
        _(
            'This is not possible while the access request stands at "${state}": ${transition}. '
            "Reload to see what is possible.",
            mapping={"state": LABELS[state], "transition": ACTIONS[transition]},
        ),
        details={"state": state.value, "transition": transition.value, "possible": [one.value for one in possible]},
    )
