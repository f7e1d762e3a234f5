"""/access-requests/{id}/dates: the days on which a team cannot come, or would rather come."""

from typing import Any

from infra_access.access_requests.date_preferences import LONGEST_REASON, MOST, dates_of, set_dates
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.vocabularies import DateKind
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Day, Integer, Line, ListOf, Part
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission


class DaysBody(Body):
    """Whole days in the facility's zone, both included."""

    kind = Choice(DateKind, required=True)
    first_day = Day(required=True)
    last_day = Day(required=True)
    reason = Line("For the facility's office.", most=LONGEST_REASON)


class DatesBody(Body):
    """All the days of a request; these replace the ones before."""

    dates = ListOf(Part(DaysBody), most=MOST, required=True)


class DaysOut(Out):
    """Whole days in the facility's zone, both included."""

    kind = Choice(DateKind)
    first_day = Day()
    last_day = Day()
    reason = Line(most=LONGEST_REASON)


class DatesOut(Out):
    """All the days of a request, and the version of the request."""

    dates = ListOf(Part(DaysOut), most=MOST)
    version = Integer(low=1)


@resource("api.access_request_dates", "GET", permission=Permission.REQUEST_READ, out=DatesOut)
def read(call: Call) -> dict[str, Any]:
    """Show the days of an access request."""
    return _shown(call, call.row.access_request)


@resource(
    "api.access_request_dates",
    "PUT",
    permission=Permission.REQUEST_UPDATE,
    body=DatesBody,
    out=DatesOut,
    version="access_request.version",
    errors=(409,),
)
def replace(call: Call) -> dict[str, Any]:
    """State on which days the team cannot come, or would rather come; it voids no approval."""
    changed = set_dates(call.db, access_request=call.row.access_request, dates=call.body["dates"], **call.changes)
    return _shown(call, changed)


def _shown(call: Call, access_request: AccessRequest) -> dict[str, Any]:
    listed = dates_of(call.db, [access_request.id])[access_request.id]
    return {
        "dates": [
            {"kind": one.kind, "first_day": one.first, "last_day": one.last, "reason": one.reason} for one in listed
        ],
        "version": access_request.version,
    }
