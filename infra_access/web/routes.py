"""Every page's address, in one readable table: name, path, what is loaded before the view runs.

Views are declared in the modules of `views` and found by scan.
"""

from pyramid.config import Configurator

from infra_access.http import accounting_contexts, contexts
from infra_access.http.agreement_contexts import framework
from infra_access.http.contexts import Factory, private
from infra_access.http.policy_contexts import policy_document

ROUTES: tuple[tuple[str, str, Factory], ...] = (
    ("home", "/", contexts.nothing),
    ("about", "/about", contexts.nothing),
    ("docs", "/help", contexts.nothing),
    ("language", "/language", contexts.nothing),
    ("catalogue", "/catalogue", contexts.nothing),
    ("find_time", "/find-time", contexts.nothing),
    ("book_together", "/book-together", contexts.nothing),
    ("facility", "/facilities/{id}", contexts.facility),
    ("facility_timeline", "/facilities/{id}/timeline", contexts.facility),
    ("facility_hours", "/facilities/{id}/hours", contexts.facility_hours),
    ("facility_ways", "/facilities/{id}/ways-in", private(contexts.facility)),
    ("facility_way", "/routes/{id}", private(contexts.route)),
    ("facility_resources", "/facilities/{id}/resources", private(contexts.facility)),
    ("facility_resource", "/resources/{id}", private(contexts.facility_resource)),
    ("facility_booking_rules", "/facilities/{id}/booking-rules", contexts.facility_rules),
    ("instrument", "/instruments/{id}", contexts.instrument),
    ("instrument_edit", "/instruments/{id}/edit", private(contexts.instrument)),
    ("instrument_booking_rules", "/instruments/{id}/booking-rules", contexts.instrument_rules),
    ("instrument_companions", "/instruments/{id}/companions", private(contexts.instrument)),
    ("instrument_ask", "/instruments/{id}/ask", contexts.instrument),
    ("instrument_book", "/instruments/{id}/book", contexts.instrument),
    ("instrument_request", "/instruments/{id}/request", contexts.instrument),
    ("instrument_calendar", "/instruments/{id}/calendar", contexts.instrument),
    ("instrument_mirror", "/instruments/{id}/mirrored-calendar", contexts.instrument),
    ("instrument_wait", "/instruments/{id}/wait", contexts.instrument),
    ("instrument_repeat", "/instruments/{id}/repeat", contexts.instrument),
    ("series", "/booking-series/{id}", private(contexts.series)),
    ("sign_up", "/sign-up", contexts.nothing),
    ("sign_in", "/sign-in", contexts.nothing),
    ("sign_out", "/sign-out", contexts.nothing),
    ("set_password", "/set-password/{token}", contexts.nothing),
    ("confirm_address", "/confirm-address/{token}", contexts.nothing),
    ("account", "/account", contexts.nothing),
    ("account_tokens", "/account/tokens", contexts.nothing),
    ("account_funding", "/account/funding", contexts.nothing),
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
    ("framework_agreements", "/framework-agreements", contexts.nothing),
    ("framework_agreement", "/framework-agreements/{id}", private(framework)),
    ("booking", "/bookings/{id}", private(contexts.booking)),
    ("booking_calendar", "/bookings/{id}/booking.ics", private(contexts.booking)),
    ("booking_accept", "/bookings/{id}/accept", private(contexts.booking)),
    ("booking_decline", "/bookings/{id}/decline", private(contexts.booking)),
    ("booking_propose", "/bookings/{id}/propose", private(contexts.booking)),
    ("facility_board", "/facilities/{id}/board", private(contexts.facility)),
    ("schedule", "/schedules/{id}", private(contexts.schedule)),
    ("access_request_dates", "/access-requests/{id}/dates", private(contexts.access_request)),
    ("instrument_ask_for_time", "/instruments/{id}/ask-for-time", private(contexts.instrument)),
    ("booking_confirm", "/bookings/{id}/confirm", private(contexts.booking)),
    ("wait_leave", "/wait-list/{id}/leave", private(contexts.wait)),
    ("booking_move", "/bookings/{id}/move", private(contexts.booking)),
    ("booking_cancel", "/bookings/{id}/cancel", private(contexts.booking)),
    ("instrument_samples", "/instruments/{id}/send-samples", contexts.instrument),
    ("service_order", "/service-orders/{id}", private(contexts.service_order)),
    ("service_order_label", "/service-orders/{id}/label", private(contexts.service_order)),
    ("facility_queue", "/facilities/{id}/queue", contexts.facility),
    ("booking_check_in", "/bookings/{id}/check-in", private(contexts.booking)),
    ("booking_complete", "/bookings/{id}/complete", private(contexts.booking)),
    ("booking_lost_time", "/bookings/{id}/lost-time", private(contexts.booking)),
    ("facility_maintenance", "/facilities/{id}/maintenance", private(contexts.facility)),
    ("facility_outages", "/facilities/{id}/outages", private(contexts.facility)),
    ("closure_withdraw", "/closures/{id}/withdraw", private(contexts.closure)),
    ("instrument_quote", "/instruments/{id}/quote", contexts.instrument),
    ("quote", "/quotes/{id}", private(accounting_contexts.quote)),
    ("facility_pools", "/facilities/{id}/pools", private(contexts.facility)),
    ("facility_ledger", "/facilities/{id}/ledger", private(contexts.facility)),
    ("facility_ledger_csv", "/facilities/{id}/ledger.csv", private(contexts.facility)),
    ("policies", "/policies", contexts.nothing),
    ("policy_new", "/policies/new", contexts.nothing),
    ("policy", "/policies/{id}", policy_document),
    ("facility_policies", "/facilities/{id}/access-rules", private(contexts.facility)),
    ("conversation", "/conversations/{id}", private(contexts.conversation)),
    ("approvals", "/approvals", contexts.nothing),
    ("approval", "/approvals/{id}", private(contexts.approval)),
)


def includeme(config: Configurator) -> None:
    """Register the routes and find their views."""
    for name, path, factory in ROUTES:
        config.add_route(name, path, factory=factory)
    config.scan("infra_access.web.views")
