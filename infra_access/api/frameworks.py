"""/framework-agreements: what two organisations agree once for later requests, accepted by each and ended by either."""

from typing import Any

from infra_access.access_requests.terms.framework_lifecycle import FrameworkKind, FrameworkState
from infra_access.access_requests.terms.framework_queries import (
    SIDES,
    FrameworkView,
    framework_by_public_id,
    frameworks_of,
    state_at,
)
from infra_access.access_requests.terms.frameworks import (
    accept_framework,
    create_framework,
    end_framework,
    offer_framework,
)
from infra_access.api.agreements import SHA_256, AcceptBody, FrameworkAcceptedOut
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Free, Instant, Integer, Line, Lines, ListOf, Part, PublicId, Strict
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.queries import organisation_by_public_id
from infra_access.catalogue.vocabularies import Regime
from infra_access.core.authority import Permission
from infra_access.core.paging import Page

_KINDS = f"{', '.join(FrameworkKind)}, or the code of an agreement"


class FrameworkBody(Body):
    """A new draft, which the other side sees once it is offered."""

    host = PublicId("The organisation at whose facilities requests are made.", required=True)
    partner = PublicId("The organisation for which they are made.", required=True)
    kind = Line(f"{_KINDS} that a rule in force names.", most=100, filled=True, required=True)
    title = Line(most=200, filled=True, required=True)
    text_version = Line(most=40, filled=True, required=True)
    text = Lines("Markdown.", most=50_000, required=True)
    regimes = ListOf(Choice(Regime), "The regimes that it covers.", least=1, required=True)
    points = Free("As those of a route's terms, with publication by regime.")
    valid_from = Instant("Now if left out.")
    valid_until = Instant("Without an end if left out.", allow_none=True)


class FrameworkEndBody(Body):
    """Why it ends."""

    reason = Lines(most=2_000)


class FrameworkOut(Out):
    """An agreement between two organisations; its text, regimes and points never change."""

    id = PublicId()
    host = PublicId()
    host_name = Line(most=300)
    partner = PublicId()
    partner_name = Line(most=300)
    kind = Line(f"{_KINDS} that a rule named.", most=100)
    title = Line(most=200)
    text_version = Line(most=40)
    text = Lines(most=200_000)
    text_hash = Strict("SHA-256 of the text in UTF-8.", type="string", pattern=SHA_256)
    regimes = ListOf(Choice(Regime))
    points = Free()
    valid_from = Instant()
    valid_until = Instant(allow_none=True)
    state = Choice(FrameworkState, "Ended also once its time is over.")
    state_since = Instant()
    end_reason = Lines(most=2_000, allow_none=True)
    created_at = Instant()
    offered_at = Instant(allow_none=True)
    in_force_at = Instant(allow_none=True)
    accepted = ListOf(Part(FrameworkAcceptedOut))
    may_accept = ListOf(Choice(SIDES), "The sides that the caller may still accept for.")
    version = Integer(low=1)


_SAME = (
    *("kind", "title", "text_version", "text", "text_hash", "regimes", "points", "valid_from", "valid_until"),
    *("state_since", "end_reason", "created_at", "offered_at", "in_force_at", "version"),
)


@resource("api.frameworks", "GET", permission=Permission.FRAMEWORK_LIST, query=PageQuery, out=page_of(FrameworkOut))
def list_all(call: Call) -> Page[dict[str, Any]]:
    """List the agreements that the caller may see, newest first."""
    page = frameworks_of(call.db, actor=call.actor, **call.query)
    return Page([_shown(call, view) for view in page.items], page.next)


@resource(
    "api.frameworks",
    "POST",
    permission=Permission.FRAMEWORK_CREATE,
    body=FrameworkBody,
    out=FrameworkOut,
    status=201,
    errors=(403, 404, 409),
)
def create(call: Call) -> Created:
    """Draft an agreement for one of its sides."""
    given = dict(call.body)
    for side in SIDES:
        given[side] = organisation_by_public_id(call.db, given[side], actor=call.actor)
    framework = create_framework(call.db, actor=call.actor, now=call.now, **given)
    view = framework_by_public_id(call.db, framework.public_id, actor=call.actor)
    return Created(_shown(call, view), f"/api/v1/framework-agreements/{framework.public_id}")


@resource("api.framework", "GET", permission=Permission.FRAMEWORK_READ, out=FrameworkOut, version="framework.version")
def read(call: Call) -> dict[str, Any]:
    """Show an agreement."""
    return _shown(call, call.row)


@resource(
    "api.framework_offer",
    "POST",
    permission=Permission.FRAMEWORK_WRITE,
    out=FrameworkOut,
    version="framework.version",
    errors=(409,),
)
def offer(call: Call) -> dict[str, Any]:
    """Show a draft to the other side, and ask the signatories of both to accept it."""
    offer_framework(call.db, framework=call.row.framework, **call.changes)
    return _again(call)


@resource(
    "api.framework_accept",
    "POST",
    permission=Permission.FRAMEWORK_ACCEPT,
    body=AcceptBody,
    out=FrameworkOut,
    version="framework.version",
    errors=(409,),
)
def accept(call: Call) -> dict[str, Any]:
    """Accept an agreement for the side that one signs for; the second side's acceptance puts it in force."""
    accept_framework(call.db, framework=call.row.framework, text_hash=call.body["text_hash"], **call.changes)
    return _again(call)


@resource(
    "api.framework_end",
    "POST",
    permission=Permission.FRAMEWORK_WRITE,
    body=FrameworkEndBody,
    out=FrameworkOut,
    version="framework.version",
    errors=(409,),
)
def end(call: Call) -> dict[str, Any]:
    """End an agreement, or take back a draft or an offer; what rests on it stays."""
    end_framework(call.db, framework=call.row.framework, reason=call.body.get("reason", ""), **call.changes)
    return _again(call)


def _again(call: Call) -> dict[str, Any]:
    return _shown(call, framework_by_public_id(call.db, call.row.framework.public_id, actor=call.actor))


def _shown(call: Call, view: FrameworkView) -> dict[str, Any]:
    row = view.framework
    return {name: getattr(row, name) for name in _SAME} | {
        "id": row.public_id,
        "host": view.host.public_id,
        "host_name": view.host.name,
        "partner": view.partner.public_id,
        "partner_name": view.partner.name,
        "state": state_at(row, call.now),
        "accepted": view.accepted,
        "may_accept": list(view.may_accept),
    }
