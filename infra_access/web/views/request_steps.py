"""Writing a request in steps: each "next" saves the draft, so nothing is lost on the way forth or back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.date_preferences import dates_of, set_dates
from infra_access.access_requests.drafting import amend, create_access_request
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.needed import Needed, needed
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.routes import RouteView, routes_of, with_rounds
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import NotFound, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.scheduling.places import Place
from infra_access.web import dates_form
from infra_access.web.booking_form import REFUSED, version_in
from infra_access.web.corrections import Entries, to_fill_in
from infra_access.web.forms import many, to, values_of
from infra_access.web.outlook import excepted_by
from infra_access.web.presenters.limits import limit_sentences
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once
from infra_access.web.request_form import (
    ABOUT,
    PEOPLE,
    SAMPLES,
    TEAM,
    Asked,
    Rows,
    asked_for,
    entered_of,
    rows_in,
    rows_of,
    to_correct_request,
    values_in,
    with_rows_changed,
)
from infra_access.web.request_gates import too_soon
from infra_access.web.request_options import form_options
from infra_access.web.request_start import carried, choose_way, chosen_way, first_answers, posted_way
from infra_access.web.request_steps import CHECK, DAYS, Path, Step, path_of, step_for
from infra_access.web.sending import send

_FIRST = {
    "route_name": "instrument_request_steps",
    "renderer": "request_step.jinja2",
    "permission": Permission.REQUEST_CREATE,
}
_STEP = {
    "route_name": "access_request_step",
    "renderer": "request_step.jinja2",
    "permission": Permission.REQUEST_UPDATE,
}
_CHECK = {
    "route_name": "access_request_check",
    "renderer": "request_check.jinja2",
    "permission": Permission.REQUEST_UPDATE,
}

_ALONE = f"{PEOPLE}.0.country_of_work"
"""Who asks comes on the team by themselves; this is asked of whom nothing says where they work."""


@view_config(**_FIRST, request_method="GET")
def begin(context: Context, request: Request) -> dict[str, Any]:
    """Let the reader choose the way in, then show the first step."""
    place, now = context.row, clock.now()
    views = routes_of(request.db, place.instrument.id, now=now)
    chosen = chosen_way(views, request.GET.get("route"))
    if chosen is None:
        return choose_way(request, place, views)
    start = first_answers(request, place, chosen.route, now=now)
    page = _first(request, place, chosen, start.me, now)
    alone = not start.me["country_of_work"] and not start.me["organisation"]
    return page | to_fill_in(start.entered) | {"found_slot": start.slot, "alone": alone}


@view_config(**_FIRST, request_method="POST")
def create(context: Context, request: Request) -> dict[str, Any] | Response:
    """Begin the draft, and go on with the team."""
    place, now = context.row, clock.now()
    try:
        return posted_once(request, lambda: _begun(request, place, now))
    except REFUSED as error:
        me = Entries({name: values_of(request).get(f"{PEOPLE}.0.{name}", "") for name in ("name", "email", "role")})
        way = posted_way(request, place, now=now)
        return _first(request, place, way, me, now) | to_correct_request(request, error)


@view_config(**_STEP, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any] | Response:
    """Show a step with what was said so far."""
    view: RequestView = context.row
    if view.access_request.state != RequestState.DRAFT:
        return _elsewhere(request, view)
    now = clock.now()
    page = _page(request, view, rows_of(request.db, view), now)
    return page | to_fill_in(entered_of(view, view.facility.timezone))


@view_config(**_STEP, request_method="POST")
def save(context: Context, request: Request) -> dict[str, Any] | Response:
    """Save the step, then go on, back, or to the last look."""
    view: RequestView = context.row
    if view.access_request.state != RequestState.DRAFT:
        return _elsewhere(request, view)
    now, entered = clock.now(), values_of(request)
    try:
        _keep(request, view, entered, now)
    except REFUSED as error:
        shown = _page(request, view, rows_in(entered), now) | to_correct_request(request, error)
        return shown | {"stale": isinstance(error, PreconditionFailed)}
    path, step, _needed, _asked = _way(request, view, now)
    if "back" in entered:
        following = path.before(step) or step.name
    else:
        following = CHECK if entered.get("then") == CHECK else path.after(step)
    return _to(request, view, following)


@view_config(**_STEP, request_method="POST", request_param="rows")
def rows(context: Context, request: Request) -> dict[str, Any] | Response:
    """Show the step with a row more or less; nothing is saved."""
    view: RequestView = context.row
    if view.access_request.state != RequestState.DRAFT:
        return _elsewhere(request, view)
    entered = values_of(request)
    changed = with_rows_changed(rows_in(entered), entered["rows"])
    return _page(request, view, changed, clock.now(), entered["rows"]) | to_fill_in(entered)


@view_config(**_CHECK, request_method="GET")
def check(context: Context, request: Request) -> dict[str, Any] | Response:
    """Show all that was said, and what the rules say to it."""
    view: RequestView = context.row
    if view.access_request.state != RequestState.DRAFT:
        return _elsewhere(request, view)
    return _last(request, view, clock.now()) | to_fill_in()


@view_config(**_CHECK, request_method="POST")
def finish(context: Context, request: Request) -> dict[str, Any] | Response:
    """Send it; what cannot be sent yet stays here, with the reason."""
    view: RequestView = context.row
    now, row = clock.now(), view.access_request
    if row.state != RequestState.DRAFT:
        return _elsewhere(request, view)
    try:
        send(request, row, now=now, expected_version=version_in(values_of(request)))
    except REFUSED as error:
        return _last(request, view, now) | to_correct_request(request, error)
    if row.state == RequestState.DRAFT:
        return _to(request, view, CHECK)
    return to(request, "access_request", id=row.public_id)


def _begun(request: Request, place: Place, now: datetime) -> Response:
    entered = values_of(request)
    route = posted_way(request, place, now=now).route
    values = values_in(
        request.db,
        entered,
        rows_in(entered),
        instruments=many(request, "instruments"),
        assurances=[],
        zone=place.facility.timezone,
        parts={ABOUT, TEAM} if _ALONE in entered else {ABOUT},
    )
    saved = create_access_request(
        request.db,
        actor=request.actor,
        now=now,
        route=route.public_id,
        access_unit=route.access_unit,
        conversation=entered.get("conversation") or None,
        **values,
    )
    return to(request, "access_request_step", id=saved.public_id, step=TEAM)


def _keep(request: Request, view: RequestView, entered: Mapping[str, str], now: datetime) -> None:
    common: dict[str, Any] = {
        "actor": request.actor,
        "now": now,
        "access_request": view.access_request,
        "expected_version": version_in(entered),
    }
    if request.matchdict["step"] == DAYS:
        set_dates(request.db, dates=dates_form.dates_in(entered), **common)
        return
    changes = values_in(
        request.db,
        entered,
        rows_in(entered),
        instruments=many(request, "instruments"),
        assurances=many(request, "assurances"),
        zone=view.facility.timezone,
        view=view,
        parts={request.matchdict["step"]},
    )
    amend(request.db, changes=changes, **common)


def _first(request: Request, place: Place, way: RouteView, me: Entries, now: datetime) -> dict[str, Any]:
    needs = needed(request.db, actor=request.actor, route=way.route, instrument_ids=[place.instrument.id], now=now)
    asked = asked_for(needs.missing, {}, {})
    path = path_of(needs, asked, way.route)
    chosen = many(request, "instruments") if request.method == "POST" else [place.instrument.public_id]
    rows: Rows = {PEOPLE: [me], SAMPLES: []}
    return {
        "place": place,
        "written": None,
        "key": new_key(),
        "carried": carried(request),
        "found_slot": None,
        "alone": _ALONE in values_of(request) if request.method == "POST" else False,
        **_shown(path, path.steps[0], asked),
        **form_options(request, way, place.facility, rows, chosen, now=now),
    }


def _page(request: Request, view: RequestView, rows: Rows, now: datetime, changed: str = "") -> dict[str, Any]:
    path, step, _needed, asked = _way(request, view, now)
    said: Mapping[str, str] = values_of(request) if request.method == "POST" else request.GET
    row = view.access_request
    if step.name == SAMPLES and not changed and not rows[SAMPLES]:
        rows = rows | {SAMPLES: [Entries()]}
    added = changed.removeprefix("add:") if changed.startswith("add:") else ""
    first = {PEOPLE: "name", SAMPLES: "kind"}.get(added)
    days = dates_of(request.db, [row.id])[row.id] if step.name == DAYS else []
    way = with_rounds(request.db, [view.route], now=now)[0]
    chosen = many(request, "instruments") if request.method == "POST" else [one.public_id for one in view.instruments]
    return {
        "place": None,
        "written": view,
        "found_slot": None,
        **_shown(path, step, asked),
        "only": frozenset() if "all" in said else step.facts,
        "all": "all" in said,
        "focus": f"{added}.{len(rows[added]) - 1}.{first}" if first else None,
        "then": said.get("then") if step.number is not None else CHECK,
        "date_rows": dates_form.rows_of(days),
        "kinds": dates_form.KINDS,
        **form_options(request, way, view.facility, rows, chosen, now=now),
    }


def _shown(path: Path, step: Step, asked: list[Asked]) -> dict[str, Any]:
    return {
        "path": path,
        "step": step,
        "only": step.facts,
        "asked": asked,
        "before": path.before(step),
        "all": False,
        "focus": None,
        "then": None,
        "stale": False,
    }


def _last(request: Request, view: RequestView, now: datetime) -> dict[str, Any]:
    path, step, needs, asked = _way(request, view, now, CHECK)
    decision = needs.decision
    supplied = {f"{one.kind}:{one.code}": name for one in needs.missing if (name := step_for(one)) is not None}
    return {
        "view": view,
        "path": path,
        "step": step,
        "before": _address(request, view, str(path.before(step)), then=False),
        "asked": asked,
        "decision": decision,
        "limits": [request.localize(one) for one in limit_sentences(decision.limits, request.locale_name)],
        "supplied": {key: _address(request, view, name) for key, name in supplied.items()},
        "too_soon": too_soon(request, view, decision, now=now),
        "excepted_by": excepted_by(request, view, decision, now=now),
        "kinds": dict(dates_form.KINDS),
        "days": dates_of(request.db, [view.access_request.id])[view.access_request.id],
    }


def _way(
    request: Request, view: RequestView, now: datetime, name: str | None = None
) -> tuple[Path, Step, Needed, list[Asked]]:
    """Return the steps of a draft, the one that is asked for, what the rules need, and what they ask to be stated."""
    row = view.access_request
    needs = needed(request.db, actor=request.actor, route=view.route, instrument_ids=(), now=now, access_request=row)
    asked = asked_for(needs.missing, row.project, {})
    path = path_of(needs, asked, view.route)
    step = path.of(name or request.matchdict["step"])
    if step is None or (name is None and step.name == CHECK):
        raise NotFound("request.step", _("There is no such step in this request. Go on with the last one."))
    return path, step, needs, asked


def _elsewhere(request: Request, view: RequestView) -> HTTPSeeOther:
    """Return to the request: what was sent is changed on one page, which says what a change asks again."""
    if request.method == "POST":
        flash(request, "info", _("This was sent already, so nothing was changed. You can still change it here."))
    return to(request, "access_request", id=view.access_request.public_id)


def _to(request: Request, view: RequestView, step: str) -> HTTPSeeOther:
    return HTTPSeeOther(location=_address(request, view, step, then=False))


def _address(request: Request, view: RequestView, step: str, *, then: bool = True) -> str:
    """Return the address of a step, which by default leads back to the last look."""
    public_id = view.access_request.public_id
    if step == CHECK:
        return str(request.route_path("access_request_check", id=public_id))
    query = {"then": CHECK} if then else {}
    return str(request.route_path("access_request_step", id=public_id, step=step, _query=query))
