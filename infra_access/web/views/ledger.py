"""The ledger of a facility by month: its lines, corrections by further lines, closing it, and the same as CSV."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.accounting.ledger import close_month, correct
from infra_access.accounting.ledger_queries import UsageView, ledger_csv, usage_line, usage_of_month
from infra_access.accounting.months import clean_month, month_of, neighbours
from infra_access.catalogue.models import Facility
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.web.accounting_forms import decimal_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.presenters.money import USAGE, money, month_name
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_PAGE = {"route_name": "facility_ledger", "renderer": "ledger.jinja2"}


@view_config(**_PAGE, request_method="GET", permission=Permission.LEDGER_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a month, the running one unless the address names another."""
    return {**_page(context, request), **to_fill_in({"line": request.GET.get("line")})}


@view_config(**_PAGE, request_method="POST", request_param="close", permission=Permission.LEDGER_WRITE)
def close(context: Context, request: Request) -> dict[str, Any] | Response:
    """Close the month."""
    return _posted(context, request, _closed)


@view_config(**_PAGE, request_method="POST", request_param="line", permission=Permission.LEDGER_WRITE)
def put_right(context: Context, request: Request) -> dict[str, Any] | Response:
    """Put a line right by a further one."""
    return _posted(context, request, _corrected)


@view_config(route_name="facility_ledger_csv", request_method="GET", permission=Permission.LEDGER_READ)
def as_csv(context: Context, request: Request) -> Response:
    """Give the month as CSV."""
    month = _month(context, request)
    content = ledger_csv(request.db, actor=request.actor, facility=context.row, month=month)
    response = Response(content, content_type="text/csv", charset="utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="usage-{month}.csv"'
    return response


def _posted(context: Context, request: Request, run: Any) -> dict[str, Any] | Response:
    try:
        return posted_once(request, lambda: run(context, request, values_of(request)))
    except ENTERED as error:
        return {**_page(context, request), **to_correct(request, error)}


def _closed(context: Context, request: Request, entered: dict[str, str]) -> Response:
    closed = close_month(
        request.db, actor=request.actor, now=clock.now(), facility=context.row, month=entered.get("close", "")
    )
    name = month_name(closed.month, request.locale_name)
    flash(request, "success", _("${month} is closed. What comes later goes to an open month.", mapping={"month": name}))
    return to(request, "facility_ledger", id=context.row.public_id, _query={"month": closed.month})


def _corrected(context: Context, request: Request, entered: dict[str, str]) -> Response:
    line = usage_line(request.db, entered.get("line", ""), actor=request.actor, facility=context.row)
    correct(
        request.db,
        actor=request.actor,
        now=clock.now(),
        line=line,
        units=decimal_in(entered, "units"),
        price=decimal_in(entered, "price"),
        note=entered.get("note", ""),
    )
    flash(request, "success", _("The correction stands in the running month."))
    return to(request, "facility_ledger", id=context.row.public_id)


def _month(context: Context, request: Request) -> str:
    wanted = request.GET.get("month")
    return clean_month(wanted) if wanted else month_of(context.row, clock.now())


def _page(context: Context, request: Request) -> dict[str, Any]:
    facility: Facility = context.row
    month, locale = _month(context, request), request.locale_name
    page = usage_of_month(
        request.db, actor=request.actor, facility=facility, month=month, cursor=request.GET.get("cursor") or None
    )
    before, after = neighbours(month)
    running = month_of(facility, clock.now())
    return {
        "facility": facility,
        "month": month,
        "month_name": month_name(month, locale),
        "before": before,
        "after": after if month < running else None,
        "lines": [_shown(view, locale) for view in page.items],
        "next": page.next,
        "totals": [
            (one, money(one.list_value, one.currency, locale), money(one.price, one.currency, locale))
            for one in page.totals
        ],
        "closed": page.closed,
        "may_close": page.closed is None and month < running and request.may(Permission.LEDGER_WRITE, context),
        "may_write": request.may(Permission.LEDGER_WRITE, context),
        "key": new_key(),
    }


def _shown(view: UsageView, locale: str) -> dict[str, Any]:
    line = view.line
    return {
        "line": line,
        "instrument": view.instrument,
        "kind": USAGE[line.kind],
        "list_value": money(line.list_value, line.currency, locale),
        "price": money(line.price, line.currency, locale),
        "funding": view.funding,
        "corrects": view.corrects,
        "resource": view.resource,
    }
