"""My things: what to do next, my sessions, my requests, what I was granted, my trainings and my conversations."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.allocation_queries import allocations_of
from infra_access.access_requests.approvals.nationality_queries import nationality_asked_of
from infra_access.access_requests.approvals.queries import inbox
from infra_access.access_requests.consents import is_drawable
from infra_access.access_requests.conversations.answered import answered
from infra_access.access_requests.conversations.speaking import own_conversations
from infra_access.access_requests.lifecycle import FINAL, RequestState
from infra_access.access_requests.request_queries import own_requests
from infra_access.access_requests.terms.waiting import terms_waiting_for
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.orders.order_queries import own_orders
from infra_access.orders.queue import is_overdue
from infra_access.people.trainings import trainings_of
from infra_access.scheduling.booking_queries import BookingView, own_bookings
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.waiting.queries import own_waits
from infra_access.web.presenters.urgent import SOON, urgent
from infra_access.web.views.booking import calendar_response, entry_for

_GONE = (BookingState.CANCELLED, BookingState.RELEASED, BookingState.NO_SHOW)
_STANDING = [state for state in BookingState if state not in _GONE]
_OVER = (*FINAL, RequestState.REFUSED, RequestState.REVOKED)
_BOOKINGS, _ORDERS, _REQUESTS, _TALKS = 20, 20, 100, 20
_AHEAD = 200
"""Of the sessions to come so many are looked through for what is to be done; the page shows the first."""
_PAGES = 10
"""Of 200 bookings each: what a calendar file holds at most."""


@view_config(
    route_name="my_things", renderer="my_things.jinja2", request_method="GET", permission=Permission.OWN_ACCOUNT
)
def show(request: Request) -> dict[str, Any]:
    """Show what concerns the reader."""
    db, actor, now = request.db, request.actor, clock.now()
    ahead = own_bookings(db, actor=actor, start=now, states=_STANDING, limit=_AHEAD).items
    requests = own_requests(db, actor=actor, limit=_REQUESTS).items
    grants = allocations_of(db, actor=actor, limit=_REQUESTS).items
    trainings = trainings_of(db, actor.account_id, on=now.date())
    orders = own_orders(db, actor=actor, limit=_ORDERS).items
    waits = own_waits(db, actor=actor)
    talks = own_conversations(db, actor=actor, limit=_TALKS).items
    return {
        "todos": urgent(
            requests,
            grants,
            trainings,
            account_id=actor.account_id,
            terms=terms_waiting_for(db, actor=actor),
            waiting=len(inbox(db, actor=actor, now=now).items) if actor.grants else 0,
            booked=[view.booking.allocation_id for view in ahead if view.booking.allocation_id],
            now=now,
            proposed=[view for view in ahead if view.booking.state == BookingState.PROPOSED],
            kept=[view for view in ahead if view.booking.state == BookingState.HELD],
            nationality=nationality_asked_of(db, actor=actor),
            offered={view.booking for view in waits if view.booking},
        ),
        "bookings": ahead[:_BOOKINGS],
        "waits": waits,
        "orders": orders,
        "overdue": {item.order.id for item in orders if is_overdue(item.order, now)},
        "open": [item for item in requests if item.access_request.state not in _OVER],
        "over": [item for item in requests if item.access_request.state in _OVER],
        "drawable": {view.allocation.id for view in grants if is_drawable(view.allocation, now) and view.left > 0},
        "grants": [view for view in grants if view.allocation.state != AllocationState.ENDED],
        "trainings": trainings,
        "soon": now.date() + SOON,
        "talks": talks,
        "answered": answered(db, [item.conversation.id for item in talks], account_id=actor.account_id),
    }


@view_config(route_name="my_calendar", request_method="GET", permission=Permission.BOOKING_LIST)
def my_calendar(request: Request) -> Response:
    """Give all one's own bookings as one calendar file, cancelled ones too, so that calendars take them out."""
    views: list[BookingView] = []
    cursor = None
    for _page in range(_PAGES):
        page = own_bookings(request.db, actor=request.actor, limit=200, cursor=cursor)
        views += page.items
        cursor = page.next
        if cursor is None:
            break
    return calendar_response(request, [entry_for(request, view, titled=True) for view in views], "bookings.ics")
