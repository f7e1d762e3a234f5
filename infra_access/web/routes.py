"""Every page's address, in one readable table: name, path, what is loaded before the view runs.

Views are declared in the modules of `views` and found by scan.
"""

from pyramid.config import Configurator

from infra_access.http import contexts
from infra_access.http.contexts import Factory, private

ROUTES: tuple[tuple[str, str, Factory], ...] = (
    ("home", "/", contexts.nothing),
    ("about", "/about", contexts.nothing),
    ("docs", "/help", contexts.nothing),
    ("language", "/language", contexts.nothing),
    ("catalogue", "/catalogue", contexts.nothing),
    ("facility", "/facilities/{id}", contexts.facility),
    ("instrument", "/instruments/{id}", contexts.instrument),
    ("instrument_ask", "/instruments/{id}/ask", contexts.instrument),
    ("instrument_book", "/instruments/{id}/book", contexts.instrument),
    ("instrument_request", "/instruments/{id}/request", contexts.instrument),
    ("sign_up", "/sign-up", contexts.nothing),
    ("sign_in", "/sign-in", contexts.nothing),
    ("sign_out", "/sign-out", contexts.nothing),
    ("set_password", "/set-password/{token}", contexts.nothing),
    ("account", "/account", contexts.nothing),
    ("account_tokens", "/account/tokens", contexts.nothing),
    ("organisation_new", "/organisations/new", contexts.nothing),
    ("publish", "/publish", contexts.nothing),
    ("manage", "/manage", contexts.nothing),
    ("my_things", "/me", contexts.nothing),
    ("my_calendar", "/me/bookings.ics", contexts.nothing),
    ("access_request", "/access-requests/{id}", private(contexts.access_request)),
    ("access_request_edit", "/access-requests/{id}/edit", private(contexts.access_request)),
    ("access_request_submit", "/access-requests/{id}/submit", private(contexts.access_request)),
    ("access_request_withdraw", "/access-requests/{id}/withdraw", private(contexts.access_request)),
    ("access_request_accept", "/access-requests/{id}/accept-terms", private(contexts.access_request)),
    ("access_request_message", "/access-requests/{id}/messages", private(contexts.access_request)),
    ("booking", "/bookings/{id}", private(contexts.booking)),
    ("booking_calendar", "/bookings/{id}/booking.ics", private(contexts.booking)),
    ("booking_move", "/bookings/{id}/move", private(contexts.booking)),
    ("booking_cancel", "/bookings/{id}/cancel", private(contexts.booking)),
    ("conversation", "/conversations/{id}", private(contexts.conversation)),
    ("approvals", "/approvals", contexts.nothing),
    ("approval", "/approvals/{id}", private(contexts.approval)),
)


def includeme(config: Configurator) -> None:
    """Register the routes and find their views."""
    for name, path, factory in ROUTES:
        config.add_route(name, path, factory=factory)
    config.scan("infra_access.web.views")
