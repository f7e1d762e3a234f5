"""/overrides: exceptions from rules, each for one request, asked for by one person and confirmed by another."""

from typing import Any

from infra_access.access_requests.override_queries import OverrideView, list_overrides
from infra_access.access_requests.overriding import MOST_REASON, ask_override, confirm_override
from infra_access.access_requests.vocabularies import OverrideState
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Free, Instant, Integer, Line, Lines, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.outcomes.refusing import end_exception
from infra_access.policy.rulebook import scope_text

_VERSION = "override.version"


class OverrideQuery(PageQuery):
    """Which exceptions."""

    state = Choice(OverrideState, "All by default.")


class OverrideBody(Body):
    """An exception from a rule, for one request."""

    rule = Line("The id of the rule.", most=100, filled=True, required=True)
    scope = Line("Where the rule is attached, such as tag:dual-use; needed where several have this id.", most=120)
    reason = Lines("Why this request deserves it.", most=MOST_REASON, required=True)
    valid_until = Instant("It counts until then; without, until it is withdrawn or the rule changes.")


class EndBody(Body):
    """Why an exception ends."""

    reason = Lines(most=MOST_REASON, required=True)


class OverrideOut(Out):
    """An exception from a rule, for one request."""

    id = PublicId()
    access_request = PublicId()
    case = Line("The case number of the request.", most=20, allow_none=True)
    facility = PublicId()
    rule = Line(most=100)
    scope = Line("Where the rule is attached.", most=120)
    policy = PublicId("The version of rules in force when it was asked for.")
    message = Free("What the rule says, by language.")
    role = Line("Whom the rule lets grant exceptions.", most=60)
    reason = Lines(most=MOST_REASON)
    state = Choice(OverrideState, "Only one in force counts; a rule that was changed ends it.")
    asked_by = Line(most=200)
    asked_at = Instant()
    valid_until = Instant(allow_none=True)
    confirmed_by = Line(most=200, allow_none=True)
    confirmed_at = Instant(allow_none=True)
    withdrawn_by = Line(most=200, allow_none=True)
    withdrawn_at = Instant(allow_none=True)
    withdrawn_reason = Lines(most=MOST_REASON, allow_none=True)
    may_confirm = Flag("Whether it waits for the caller, among others.")
    may_withdraw = Flag("Whether the caller may end it.")
    version = Integer(low=1)


@resource("api.overrides", "GET", permission=Permission.OVERRIDE_LIST, query=OverrideQuery, out=page_of(OverrideOut))
def list_all(call: Call) -> Page[dict[str, Any]]:
    """List the exceptions for requests to the facilities that the caller looks after, latest first."""
    page = list_overrides(call.db, actor=call.actor, now=call.now, **call.query)
    return Page([_shown(call, view) for view in page.items], page.next)


@resource("api.override", "GET", permission=Permission.OVERRIDE_LIST, out=OverrideOut)
def read(call: Call) -> dict[str, Any]:
    """Show an exception."""
    return _shown(call, call.row)


@resource(
    "api.access_request_overrides",
    "POST",
    permission=Permission.REQUEST_READ,
    body=OverrideBody,
    out=OverrideOut,
    status=201,
    errors=(403, 409),
)
def ask(call: Call) -> Created:
    """Ask for an exception from a rule for this request; it counts once a second person has confirmed it."""
    request = call.row.access_request
    view = ask_override(call.db, actor=call.actor, now=call.now, access_request=request, **call.body)
    return Created(_shown(call, view), f"/api/v1/overrides/{view.override.public_id}")


@resource(
    "api.override_confirm",
    "POST",
    permission=Permission.OVERRIDE_GRANT,
    out=OverrideOut,
    version=_VERSION,
    errors=(409,),
)
def confirm(call: Call) -> dict[str, Any]:
    """Confirm an exception that another person asked for; it counts from the next decision on its request."""
    return _shown(call, confirm_override(call.db, override=call.row.override, **call.changes))


@resource(
    "api.override_withdraw",
    "POST",
    permission=Permission.OVERRIDE_GRANT,
    body=EndBody,
    out=OverrideOut,
    version=_VERSION,
    errors=(409,),
)
def withdraw(call: Call) -> dict[str, Any]:
    """End an exception; what was granted stays granted."""
    ended = end_exception(call.db, override=call.row.override, reason=call.body["reason"], **call.changes)
    return _shown(call, ended)


def _shown(call: Call, view: OverrideView) -> dict[str, Any]:
    row = view.override
    same = ("rule", "message", "role", "reason", "asked_at", "valid_until", "confirmed_at", "withdrawn_at")
    return {
        **{name: getattr(row, name) for name in (*same, "withdrawn_reason", "version")},
        "id": row.public_id,
        "access_request": view.access_request.public_id,
        "case": view.access_request.case,
        "facility": view.facility.public_id,
        "scope": scope_text(row.scope_kind, row.scope_key),
        "policy": view.document,
        "state": view.state,
        "asked_by": view.asked_by,
        "confirmed_by": view.confirmed_by,
        "withdrawn_by": view.withdrawn_by,
        "may_confirm": view.may_confirm(call.actor),
        "may_withdraw": view.may_withdraw(call.actor),
    }
