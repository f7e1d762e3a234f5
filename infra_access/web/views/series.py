"""Repeating a booking: the form with a preview of each time, the series' own page, and changes of one or many."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.scheduling.making import refuse_unbookable
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import Wish, candidates, rules_of
from infra_access.scheduling.series.booking import Made, book_series, preview_series
from infra_access.scheduling.series.changing import cancel_series, move_series, re_add
from infra_access.scheduling.series.queries import SeriesView
from infra_access.scheduling.series.report import OccurrenceState, OnConflict, Reported
from infra_access.web.booking_form import REFUSED, filled_in, proposed, span_in, version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import many, to, values_of
from infra_access.web.grants import grants_for
from infra_access.web.presenters.booking_rules import sentences
from infra_access.web.presenters.series import DAYS, FREQUENCIES, moved_rows_of, rows_of, rule_in, rule_words
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_REPEAT = {
    "route_name": "instrument_repeat",
    "renderer": "booking_repeat.jinja2",
    "permission": Permission.BOOKING_CREATE,
}
_SERIES = {"route_name": "series", "renderer": "series.jinja2"}


@view_config(**_REPEAT, request_method="GET")
def choose(context: Context, request: Request) -> dict[str, Any]:
    """Show the form, filled in with the start that the address names."""
    place: Place = context.row
    refuse_unbookable(place.instrument)
    page = _form(request, place, clock.now())
    span = proposed(request, page["in_force"], None)
    entered = filled_in(span, page["zone"]) if span else {}
    usual = {"frequency": "WEEKLY", "every": "1", "times": "10", "on_conflict": str(OnConflict.SKIP)}
    return {**page, **to_fill_in(entered | usual | {"allocation": request.GET.get("allocation", "")})}


@view_config(**_REPEAT, request_method="POST")
def book(context: Context, request: Request) -> dict[str, Any] | Response:
    """Show what each time comes to, or book them."""
    place: Place = context.row
    entered, now = values_of(request), clock.now()
    try:
        if entered.get("step") == "book":
            return posted_once(request, lambda: _booked(request, place, now))
        report = preview_series(request.db, **_asked(request, place, now))
    except REFUSED as error:
        found = error.details.get("occurrences")
        return {**_form(request, place, now), **to_correct(request, error), "refused": found}
    page = {**_form(request, place, now), **to_fill_in(entered), "report": rows_of(report)}
    page["bookable"] = sum(one.state is OccurrenceState.BOOKED for one in report)
    request.tm.doom()  # a preview leaves nothing, whatever the command did to find out
    return page


def _booked(request: Request, place: Place, now: datetime) -> Response:
    policy = values_of(request).get("on_conflict") or OnConflict.SKIP
    made = book_series(request.db, **_asked(request, place, now), on_conflict=policy)
    _tell(request, made.report, _("${done} of ${all} times are booked. Put them into your calendar below."))
    return to(request, "series", id=made.series.public_id)


def _asked(request: Request, place: Place, now: datetime) -> dict[str, Any]:
    entered, zone = values_of(request), place.facility.timezone
    return {
        "actor": request.actor,
        "now": now,
        "place": place,
        "wish": Wish(span_in(entered, zone), entered.get("resource") or None),
        "rrule": rule_in(entered, many(request, "day"), zone),
        "allocation": entered.get("allocation") or None,
        "title": entered.get("title", ""),
    }


def _form(request: Request, place: Place, now: datetime) -> dict[str, Any]:
    rules = rules_of(request.db, place.instrument)
    copies, _companions = candidates(request.db, place.instrument)
    return {
        "place": place,
        "zone": place.facility.timezone,
        "in_force": rules,
        "rules": sentences(rules, request.locale_name),
        "copies": [(one.public_id, one.name) for one in copies] if len(copies) > 1 else [],
        "grants": grants_for(request, place.instrument, now=now),
        "frequencies": [(key, request.localize(words)) for key, words in FREQUENCIES],
        "days": [(key, request.localize(words)) for key, words in DAYS],
        "chosen_days": many(request, "day") if request.method == "POST" else [],
        "report": None,
        "refused": None,
        "key": new_key(),
    }


@view_config(**_SERIES, request_method="GET", permission=Permission.BOOKING_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a series with every occurrence as it stands now."""
    return {**_page(context, request, clock.now()), **to_fill_in({"scope": "following"})}


@view_config(**_SERIES, request_method="POST", permission=Permission.BOOKING_UPDATE)
def change(context: Context, request: Request) -> dict[str, Any] | Response:
    """Move or cancel one occurrence, those from it on, or all; or book one again."""
    view: SeriesView = context.row
    entered, now = values_of(request), clock.now()
    step = _STEPS.get(entered.get("step", ""), _cancel)
    common = {
        "actor": request.actor,
        "now": now,
        "series": view.series,
        "expected_version": version_in(entered),
    }
    try:
        if entered.get("step") == "look":
            return _looked(context, request, entered, common)
        return posted_once(request, lambda: step(request, view, entered, common))
    except REFUSED as error:
        found = error.details.get("occurrences")
        return {**_page(context, request, now), **to_correct(request, error), "refused": found}


def _looked(context: Context, request: Request, entered: Mapping[str, str], common: dict[str, Any]) -> dict[str, Any]:
    """Show what a move would come to; nothing of it is kept."""
    with request.db.begin_nested() as tried:
        made = _moving(request, context.row, entered, OnConflict.SKIP, common)
        tried.rollback()
    request.tm.doom()
    return {**_page(context, request, common["now"]), **to_fill_in(entered), "report": moved_rows_of(made.report)}


def _moving(
    request: Request, view: SeriesView, entered: Mapping[str, str], on_conflict: str, common: dict[str, Any]
) -> Made:
    span = span_in(entered, view.place.facility.timezone)
    return move_series(
        request.db,
        scope=entered.get("scope", ""),
        occurrence=entered.get("occurrence", ""),
        start=span.start,
        end=span.end,
        on_conflict=on_conflict,
        **common,
    )


def _move(request: Request, view: SeriesView, entered: Mapping[str, str], common: dict[str, Any]) -> Response:
    made = _moving(request, view, entered, entered.get("on_conflict") or OnConflict.FAIL, common)
    return _done(request, made, _("${done} of ${all} times were moved."))


def _cancel(request: Request, view: SeriesView, entered: Mapping[str, str], common: dict[str, Any]) -> Response:
    made = cancel_series(
        request.db,
        scope=entered.get("scope", ""),
        occurrence=entered.get("occurrence") or None,
        reason=entered.get("reason", ""),
        **common,
    )
    return _done(request, made, _("${done} of ${all} times were cancelled. They are free for others again."))


def _book_again(request: Request, view: SeriesView, entered: Mapping[str, str], common: dict[str, Any]) -> Response:
    made = re_add(request.db, occurrence=entered.get("occurrence", ""), **common)
    return _done(request, made, _("It is booked again."))


_STEPS: Mapping[str, Callable[[Request, SeriesView, Mapping[str, str], dict[str, Any]], Response]] = {
    "move": _move,
    "cancel": _cancel,
    "book": _book_again,
}


def _done(request: Request, made: Made, message: Any) -> Response:
    _tell(request, made.report, message)
    return to(request, "series", id=made.series.public_id)


def _tell(request: Request, report: tuple[Reported, ...], message: Any) -> None:
    good = sum(one.code is None and one.state is not OccurrenceState.KEPT for one in report)
    flash(request, "success" if good == len(report) else "info", message % {"done": good, "all": len(report)})


def _page(context: Context, request: Request, now: datetime) -> dict[str, Any]:
    view: SeriesView = context.row
    ahead = [one for one in view.report if one.span and one.span.start > now]
    return {
        "view": view,
        "series": view.series,
        "zone": view.series.timezone,
        "rows": rows_of(view.report, now=now),
        "rule": rule_words(view.series.rrule, request.localize, request.locale_name),
        "report": None,
        "refused": None,
        "mine": "owner" in context.relations,
        "titled": "owner" in context.relations or request.may(Permission.BOOKING_READ_LABELS, context),
        "may_change": request.may(Permission.BOOKING_UPDATE, context),
        "ahead": [
            (one.recurrence, f"{one.wall_start:%Y-%m-%d %H:%M}") for one in ahead if one.state is OccurrenceState.BOOKED
        ],
        "key": new_key(),
    }
