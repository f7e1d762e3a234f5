"""Writing a request and changing it: a draft freely, later as an amendment that re-asks exactly what rests on it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests import excepting, request_fields, review
from infra_access.access_requests.approvals.counting import awaits_exception
from infra_access.access_requests.content import Content, changed_fields, columns_of, content_of, store
from infra_access.access_requests.conversations.enquiries import enquiry_for, keep_with
from infra_access.access_requests.following import follow
from infra_access.access_requests.lifecycle import RequestState, RequestTransition, move
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.override_queries import end_resting_on
from infra_access.access_requests.routes import route_by_public_id
from infra_access.access_requests.standing import locked, own_relations
from infra_access.audit.record import record
from infra_access.catalogue.fields import fault
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.timespan import TimeSpan
from infra_access.policy.disclosure import decision_to_json


def create_access_request(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    route: str,
    title: str,
    regime: str,
    instruments: Iterable[str],
    quantity: Decimal | int | str,
    access_unit: str,
    period: tuple[datetime, datetime] | Mapping[str, datetime] | TimeSpan,
    access_type: str,
    summary: str = "",
    acting_for: str | None = None,
    participants: Iterable[Mapping[str, Any]] = (),
    project: Mapping[str, Any] | None = None,
    conversation: str | None = None,
) -> AccessRequest:
    """Begin a draft, which only its team sees. Things are named by their public ids.

    A participant has name, email, role, and may have organisation, country_of_work, presence, remote_from and phone;
    the requester is added where missing. A conversation that the actor began about an instrument of the facility stays
    with the request that is made of it. Raises Invalid naming each field at fault.
    """
    require(actor, Permission.REQUEST_CREATE)
    values = request_fields.cleaned(
        {
            "route": route,
            "title": title,
            "summary": summary,
            "regime": regime,
            "access_type": access_type,
            "acting_for": acting_for,
            "instruments": instruments,
            "quantity": quantity,
            "access_unit": access_unit,
            "period": period,
            "project": project or {},
            "participants": list(participants),
        }
    )
    way = _route(session, values.pop("route"))
    organisation_id = request_fields.organisation_for(session, actor, values.pop("acting_for"))
    given = values.pop("participants")
    unit = values.pop("access_unit")
    content = Content(
        **values
        | {"instruments": request_fields.instruments_on(session, way, values["instruments"])}
        | {"acting_for": organisation_id, "participants": ()}
    )
    request_fields.check_period(content.period, now)
    request_fields.check_route(content, way, unit)
    requester_id = int(actor.account_id or 0)
    enquiry = enquiry_for(session, conversation, way, actor=actor) if conversation else None
    members = request_fields.team(
        session, given, requester_id=requester_id, acting_for=organisation_id, access_type=content.access_type
    )
    content = replace(content, participants=members)
    access_request = AccessRequest(
        public_id=new_public_id(),
        route_id=way.id,
        requester_id=requester_id,
        access_unit=unit,
        state=RequestState.DRAFT,
        state_since=now,
        created_at=now,
        **columns_of(content),
    )
    session.add(access_request)
    session.flush()  # its team and instruments need its key
    store(session, access_request, content)
    if enquiry is not None:
        keep_with(enquiry, access_request)
    session.flush()
    details: dict[str, Any] = {"route": way.public_id, "team": len(members), "instruments": len(content.instruments)}
    details |= {"conversation": enquiry.public_id} if enquiry is not None else {}
    _record(session, actor, "access_request.created", access_request, now, details)
    return access_request


def amend(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> AccessRequest:
    """Change fields of a request, named and formed as `create_access_request` takes them.

    After submission the policy is asked again, and exactly the approvals that rest on a changed field are void and
    asked again; the others stay, as do exceptions from rules that do not read what changed. What was granted waits
    meanwhile; bookings stay as they are. Raises Invalid, Conflict `access_request.incomplete`, Forbidden with the
    Decision where the policy refuses it; nothing is changed then.
    """
    require(actor, Permission.REQUEST_UPDATE, (), own_relations(access_request, actor))
    access_request = locked(session, access_request, expected_version)
    state = RequestState(access_request.state)
    if state is not RequestState.DRAFT:
        move(state, RequestTransition.AMEND)
    before = content_of(session, access_request)
    after, route = _amended(session, actor, access_request, before, changes, now)
    changed = changed_fields(before, after)
    if route.id != access_request.route_id:
        changed |= {"route"}
        access_request.route_id, access_request.access_unit = route.id, route.access_unit
    called_off: list[str] = []
    ended: list[str] = []
    if changed:
        store(session, access_request, after)
        if state is not RequestState.DRAFT:
            ended = end_resting_on(session, access_request, changed, now=now)
        if state in (RequestState.CHANGES_REQUESTED, RequestState.REOPENED):
            called_off = review.void_resting_on(session, access_request, changed)
        elif state is not RequestState.DRAFT and (ended or review.is_to_be_judged(session, access_request, changed)):
            called_off = _review_again(session, actor, access_request, after, route, changed, now)
    session.flush()
    _record(
        session,
        actor,
        "access_request.amended",
        access_request,
        now,
        {"changed": sorted(changed), "void": called_off, "state": access_request.state}
        | ({"exceptions_ended": ended} if ended else {}),
    )
    return access_request


def _amended(
    session: Session,
    actor: Actor,
    access_request: AccessRequest,
    before: Content,
    changes: Mapping[str, Any],
    now: datetime,
) -> tuple[Content, AccessRoute]:
    values = request_fields.cleaned(changes)
    route = session.get_one(AccessRoute, access_request.route_id)
    if values.get("route", route.public_id) != route.public_id:
        if access_request.state != RequestState.DRAFT:
            raise fault("route.fixed", "route", _("The route of a request that was sent stays. Begin a new request."))
        route = _route(session, values["route"])
        if "instruments" not in values:
            raise fault("route.instruments", "instruments", _("Choose the instruments of the new route too."))
    values.pop("route", None)
    unit = values.pop("access_unit", route.access_unit)
    if "instruments" in values:
        values["instruments"] = request_fields.instruments_on(session, route, values["instruments"])
    if "acting_for" in values:
        values["acting_for"] = request_fields.organisation_for(session, actor, values["acting_for"])
    if "period" in values:
        request_fields.check_period(values["period"], now)
    if "participants" in values:
        values["participants"] = request_fields.team(
            session,
            values["participants"],
            requester_id=access_request.requester_id,
            acting_for=values.get("acting_for", before.acting_for),
            access_type=values.get("access_type", before.access_type),
        )
    after = replace(before, **values)
    request_fields.check_route(after, route, unit)
    return after, route


def _review_again(
    session: Session,
    actor: Actor,
    access_request: AccessRequest,
    content: Content,
    route: AccessRoute,
    changed: frozenset[str],
    now: datetime,
) -> list[str]:
    ruling = review.rule(
        session, actor=actor, content=content, route=route, now=now, access_request_id=access_request.id
    )
    try:
        review.refuse_incomplete(session, ruling, content, route=route, now=now)
    except (Conflict, Invalid):
        if not (
            awaits_exception(session, access_request)
            and excepting.needed(
                session, actor=actor, access_request=access_request, content=content, route=route, now=now
            )
        ):
            raise
        review.keep(session, access_request, ruling, now)
        # A yes from before it was sent again stands while it waits, and no longer than what it rests on.
        return review.void_resting_on(session, access_request, changed)
    if review.is_closed(ruling):
        raise Forbidden(
            "policy.refused",
            _("With this change the access rules would refuse the request, so it stays as it was."),
            details={"decision": decision_to_json(ruling.decision, plain)},
        )
    return follow(session, access_request, route, content, ruling, changed=changed, now=now)


def _route(session: Session, public_id: str) -> AccessRoute:
    try:
        route = route_by_public_id(session, public_id)
    except NotFound as error:
        raise fault("access_route.unknown", "route", error.message) from None
    if not route.active:
        raise fault("access_route.ended", "route", _("This route takes no requests any more. Choose another one."))
    return route


def _record(
    session: Session, actor: Actor, action: str, access_request: AccessRequest, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details=details,
    )
