"""A facility's timeline: when each of its instruments is free, taken, closed or under maintenance."""

from datetime import date, datetime, timedelta
from typing import Any

from pyramid.request import Request
from pyramid.view import view_config

from infra_access.catalogue.models import Facility
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start, named_zone
from infra_access.http.security import Context
from infra_access.scheduling.timeline_queries import timeline_of
from infra_access.web.presenters.timeline import Scale
from infra_access.web.presenters.week import day_named

SHOWN = 100
"""Instruments on one page."""

_DAY = timedelta(days=1)
_MOST_PAGES = 1_000


@view_config(
    route_name="facility_timeline",
    renderer="timeline.jinja2",
    request_method="GET",
    permission=Permission.CATALOGUE_READ,
)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a day, or the week that holds it, a hundred instruments at a time."""
    facility: Facility = context.row
    now, zone = clock.now(), facility.timezone
    by_week = request.GET.get("view") == "week"
    on = day_named(request.GET.get("on"), zone, now)
    first = on - on.weekday() * _DAY if by_week else on
    days = 7 if by_week else 1
    window = TimeSpan(day_start(first, zone), day_start(first + days * _DAY, zone))
    page = _page_named(request.GET.get("page", ""))
    timeline = timeline_of(
        request.db,
        facility=facility,
        scopes=context.scopes,
        window=window,
        actor=request.actor,
        now=now,
        limit=SHOWN,
        offset=(page - 1) * SHOWN,
    )
    # Quarters of an hour for a day, hours for a week.
    scale = Scale(window, timedelta(minutes=60 if by_week else 15), by_week, zone)

    def to(**changed: str) -> str:
        query = {"view": "week" if by_week else "day", "on": first.isoformat(), **changed}
        return str(request.route_path("facility_timeline", id=facility.public_id, _query=query))

    rows = [
        scale.row(lane, locale=request.locale_name, address=lambda key: request.route_path("booking", id=key))
        for lane in timeline.lanes
    ]
    return {
        "facility": facility,
        "by_week": by_week,
        "first": first,
        "scale": scale,
        "heads": scale.heads(request.locale_name),
        "rows": rows,
        "total": timeline.total,
        "numbers": ((page - 1) * SHOWN + 1, (page - 1) * SHOWN + len(rows)),
        "previous": to(page=str(page - 1)) if page > 1 else None,
        "next": to(page=str(page + 1)) if page * SHOWN < timeline.total else None,
        "before": to(on=(first - days * _DAY).isoformat()),
        "after": to(on=(first + days * _DAY).isoformat()),
        "today": to(on=_today(zone, now).isoformat()),
        "as_day": to(view="day", on=on.isoformat()),
        "as_week": to(view="week", on=on.isoformat()),
    }


def _page_named(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    return min(max(number, 1), _MOST_PAGES)


def _today(zone: str, now: datetime) -> date:
    return now.astimezone(named_zone(zone)).date()
