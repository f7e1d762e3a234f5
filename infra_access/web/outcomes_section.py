"""The part of a request's page that tells what came of it: the outcomes, the report that is owed, and the forms."""

from datetime import datetime
from typing import Any

from pyramid.request import Request

from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.request_queries import RequestView
from infra_access.catalogue.vocabularies import Regime
from infra_access.core.authority import Permission
from infra_access.http.security import Context
from infra_access.outcomes.licences import common_licences
from infra_access.outcomes.outcome_queries import outcomes_of
from infra_access.outcomes.owing import is_overdue, report_of
from infra_access.outcomes.reporting import is_reported
from infra_access.web.presenters.outcomes import KINDS, shown_to_team


def outcomes_section(context: Context, request: Request, now: datetime) -> dict[str, Any] | None:
    """Return what the part shows; None for a request that was not granted."""
    view: RequestView = context.row
    row = view.access_request
    if not is_reported(request.db, row):
        return None
    owed = report_of(request.db, row)
    outcomes = shown_to_team(outcomes_of(request.db, row))
    return {
        "outcomes": outcomes,
        "any": any(one.outcome.removed_at is None for one, _view in outcomes),
        "owed": owed,
        "overdue": owed is not None and is_overdue(owed, now),
        "may_add": request.may(Permission.OUTCOME_WRITE, context),
        "may_complete": row.state == RequestState.ACTIVE and request.may(Permission.REQUEST_COMPLETE, context),
        "says_why": "requester" not in view.relations,
        "has_embargo": row.regime == Regime.EMBARGOED,
        "is_private": row.regime == Regime.PROPRIETARY,
        "kinds": [(str(kind), request.localize(words)) for kind, words in KINDS.items()],
        "licences": common_licences(),
    }
