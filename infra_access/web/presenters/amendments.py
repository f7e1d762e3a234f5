"""What a change of a request asks again: the approvals that rest on what is changed."""

from dataclasses import dataclass

from infra_access.access_requests.awaited import rules_named
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.vocabularies import UNGIVEN, ApprovalState
from infra_access.core.i18n import Text
from infra_access.core.roles import ROLES
from infra_access.web.case_words import FIELDS

_LIVE = (*UNGIVEN, ApprovalState.APPROVED, ApprovalState.CHANGES_REQUESTED)


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """An approval, whether it was given already, and what it rests on."""

    role: Text
    given: bool
    fields: tuple[Text, ...]


def asked_again(view: RequestView) -> list[AskedAgain]:
    """Return the approvals of a request that a change can call off, as far as the reader may see the rules behind."""
    named = rules_named(view.access_request.decision)
    return [
        AskedAgain(
            ROLES.get(one.role, one.role),
            one.state == ApprovalState.APPROVED,
            tuple(FIELDS.get(field, field) for field in one.rests_on),
        )
        for one in view.approvals
        if one.state in _LIVE and one.rests_on and (view.is_staff or one.rule in named)
    ]
