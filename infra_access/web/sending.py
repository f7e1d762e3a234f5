"""Sending a request from a page: the answer becomes a notice, and a request that cannot be sent yet stays as saved."""

from datetime import datetime

from pyramid.request import Request

from infra_access.access_requests.approvals.counting import awaits_exception
from infra_access.access_requests.lifecycle import AWAITS_EXCEPTION, NEXT, RequestState
from infra_access.access_requests.models import AccessRequest
from infra_access.core.i18n import _
from infra_access.outcomes.refusing import submit_access
from infra_access.web.forms import ENTERED
from infra_access.web.rendering import flash


def send(
    request: Request,
    access_request: AccessRequest,
    *,
    now: datetime,
    expected_version: int | None = None,
    exception: str = "",
) -> None:
    """Send a request and say what happened; where something is missing, say what and leave it as it was."""
    request.db.flush()
    try:
        # What sending began is undone alone, so that what was typed stays saved.
        with request.db.begin_nested():
            sent = submit_access(
                request.db,
                actor=request.actor,
                now=now,
                access_request=access_request,
                exception=exception,
                expected_version=expected_version,
            )
            state = RequestState(sent.state)
            awaits = bool(exception) and awaits_exception(request.db, sent)
    except ENTERED as error:
        told = {"why": request.localize(error.message)}
        flash(request, "error", _("It is saved, but it was not sent. ${why}", mapping=told))
        return
    following = {"next": request.localize(AWAITS_EXCEPTION if awaits else NEXT[state])}
    if state is RequestState.REFUSED:
        flash(request, "error", _("It was sent, and the access rules refuse it. ${next}", mapping=following))
    else:
        flash(request, "success", _("It was sent. ${next}", mapping=following))
