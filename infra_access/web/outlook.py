"""What the rules would say if a request were sent as it stands."""

from datetime import datetime

from pyramid.request import Request

from infra_access.access_requests import excepting, review
from infra_access.access_requests.content import content_of
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.request_queries import RequestView
from infra_access.core.authority import Actor
from infra_access.core.decision import Decision, Outcome
from infra_access.core.i18n import Text, _
from infra_access.core.roles import either_of
from infra_access.people.actors import load_actor
from infra_access.policy.disclosure import Audience, may_read

_LACKING = (Outcome.CONDITIONAL, Outcome.NOT_ELIGIBLE)
_UNSENT = frozenset({RequestState.DRAFT, RequestState.CHANGES_REQUESTED, RequestState.REOPENED})


def outlook(request: Request, view: RequestView, *, now: datetime) -> Decision:
    """Return the decision that the requester would get; others of the team see the same one."""
    row = view.access_request
    content = content_of(request.db, row)
    return review.rule(
        request.db,
        actor=_applicant(request, row, now),
        content=content,
        route=view.route,
        now=now,
        share_lock=False,
        access_request_id=view.access_request.id,
    ).decision


def excepted_by(request: Request, view: RequestView, decision: Decision | None, *, now: datetime) -> Text | None:
    """Return who may grant the exceptions that are all that a request lacks, sent or not; None where that is not so.

    A role is named only where the applicant may read its rule.
    """
    row = view.access_request
    unsent = "requester" in view.relations and row.state in _UNSENT
    lacking = decision is not None and (decision.outcome in _LACKING or "amount" in decision.limits)
    if not (lacking and (unsent or view.awaits_exception)):
        return None
    rules = excepting.needed(
        request.db,
        actor=_applicant(request, row, now),
        access_request=row,
        content=content_of(request.db, row),
        route=view.route,
        now=now,
        share_lock=False,
    )
    named = {str(rule.overridable_by) for rule in rules if may_read(rule, Audience.APPLICANT)}
    return (either_of(named) if named else _("somebody whom the rule names")) if rules else None


def _applicant(request: Request, row: AccessRequest, now: datetime) -> Actor:
    own = request.actor.account_id == row.requester_id
    return request.actor if own else load_actor(request.db, row.requester_id, now=now)
