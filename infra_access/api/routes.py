"""Every address of the API, in one readable table: name, path, and what is loaded before the view runs.

The views stand in one module per resource and are found by a scan; `private` asks for a token before it looks.
"""

from pyramid.config import Configurator

from infra_access.api.contexts import own_account, own_token, policy_document
from infra_access.http import accounting_contexts, contexts
from infra_access.http.contexts import Factory, private

BASE = "/api/v1"

ROUTES: tuple[tuple[str, str, Factory], ...] = (
    ("api.organisations", "/organisations", contexts.nothing),
    ("api.organisation", "/organisations/{id}", contexts.organisation),
    ("api.facilities", "/facilities", contexts.nothing),
    ("api.facility", "/facilities/{id}", contexts.facility),
    ("api.facility_hours", "/facilities/{id}/hours", contexts.facility_hours),
    ("api.facility_booking_rules", "/facilities/{id}/booking-rules", contexts.facility_rules),
    ("api.instruments", "/instruments", contexts.nothing),
    ("api.instrument", "/instruments/{id}", contexts.instrument),
    ("api.instrument_availability", "/instruments/{id}/availability", contexts.instrument),
    ("api.instrument_eligibility", "/instruments/{id}/eligibility", contexts.instrument),
    ("api.instrument_booking_rules", "/instruments/{id}/booking-rules", contexts.instrument_rules),
    ("api.instrument_mirrors", "/instruments/{id}/mirrored-calendars", contexts.instrument),
    ("api.instrument_routes", "/instruments/{id}/routes", contexts.instrument),
    ("api.instrument_ask_for_time", "/instruments/{id}/ask-for-time", private(contexts.instrument)),
    ("api.instrument_propose", "/instruments/{id}/propose", private(contexts.instrument)),
    ("api.access_requests", "/access-requests", contexts.nothing),
    ("api.access_request", "/access-requests/{id}", private(contexts.access_request)),
    ("api.access_request_submit", "/access-requests/{id}/submit", private(contexts.access_request)),
    ("api.access_request_withdraw", "/access-requests/{id}/withdraw", private(contexts.access_request)),
    ("api.access_request_dates", "/access-requests/{id}/dates", private(contexts.access_request)),
    ("api.agreement", "/access-requests/{id}/agreement", private(contexts.access_request)),
    ("api.agreement_accept", "/access-requests/{id}/agreement/accept", private(contexts.access_request)),
    ("api.approvals", "/approvals", contexts.nothing),
    ("api.approval", "/approvals/{id}", private(contexts.approval)),
    ("api.approval_decision", "/approvals/{id}/decision", private(contexts.approval)),
    ("api.allocations", "/allocations", contexts.nothing),
    ("api.bookings", "/bookings", contexts.nothing),
    ("api.bookings_together", "/bookings/together", contexts.nothing),
    ("api.booking_calendar", "/bookings/{id}.ics", private(contexts.booking)),
    ("api.booking", "/bookings/{id}", private(contexts.booking)),
    ("api.booking_cancel", "/bookings/{id}/cancel", private(contexts.booking)),
    ("api.booking_confirm", "/bookings/{id}/confirm", private(contexts.booking)),
    ("api.wait_list", "/wait-list", contexts.nothing),
    ("api.wait", "/wait-list/{id}", private(contexts.wait)),
    ("api.wait_leave", "/wait-list/{id}/leave", private(contexts.wait)),
    ("api.booking_check_in", "/bookings/{id}/check-in", private(contexts.booking)),
    ("api.booking_complete", "/bookings/{id}/complete", private(contexts.booking)),
    ("api.find_time", "/find-time", contexts.nothing),
    ("api.booking_lost_time", "/bookings/{id}/lost-time", private(contexts.booking)),
    ("api.facility_closures", "/facilities/{id}/closures", private(contexts.facility)),
    ("api.facility_closures_preview", "/facilities/{id}/closures/preview", private(contexts.facility)),
    ("api.facility_outages", "/facilities/{id}/outages", private(contexts.facility)),
    ("api.closure", "/closures/{id}", private(contexts.closure)),
    ("api.closure_withdraw", "/closures/{id}/withdraw", private(contexts.closure)),
    ("api.service_orders", "/service-orders", contexts.nothing),
    ("api.service_order", "/service-orders/{id}", private(contexts.service_order)),
    ("api.service_order_order", "/service-orders/{id}/order", private(contexts.service_order)),
    ("api.service_order_cancel", "/service-orders/{id}/cancel", private(contexts.service_order)),
    ("api.service_order_samples_received", "/service-orders/{id}/samples-received", private(contexts.service_order)),
    ("api.service_order_start", "/service-orders/{id}/start", private(contexts.service_order)),
    ("api.service_order_quality_checked", "/service-orders/{id}/quality-checked", private(contexts.service_order)),
    ("api.service_order_deliver", "/service-orders/{id}/deliver", private(contexts.service_order)),
    ("api.service_order_accept", "/service-orders/{id}/accept", private(contexts.service_order)),
    ("api.service_order_dispute", "/service-orders/{id}/dispute", private(contexts.service_order)),
    ("api.service_order_priority", "/service-orders/{id}/priority", private(contexts.service_order)),
    ("api.series", "/booking-series/{id}", private(contexts.series)),
    ("api.series_cancel", "/booking-series/{id}/cancel", private(contexts.series)),
    ("api.series_book", "/booking-series/{id}/book", private(contexts.series)),
    ("api.quotes", "/quotes", contexts.nothing),
    ("api.quote", "/quotes/{id}", private(accounting_contexts.quote)),
    ("api.funding_sources", "/funding-sources", contexts.nothing),
    ("api.facility_periods", "/facilities/{id}/periods", private(contexts.facility)),
    ("api.facility_pools", "/facilities/{id}/pools", private(contexts.facility)),
    ("api.pool", "/pools/{id}", private(accounting_contexts.pool)),
    ("api.facility_usage", "/facilities/{id}/usage", private(contexts.facility)),
    ("api.facility_usage_csv", "/facilities/{id}/usage.csv", private(contexts.facility)),
    ("api.facility_month_close", "/facilities/{id}/months/{month}/close", private(contexts.facility)),
    ("api.booking_propose", "/bookings/{id}/propose", private(contexts.booking)),
    ("api.booking_accept", "/bookings/{id}/accept", private(contexts.booking)),
    ("api.booking_decline", "/bookings/{id}/decline", private(contexts.booking)),
    ("api.schedules", "/schedules", contexts.nothing),
    ("api.schedule", "/schedules/{id}", private(contexts.schedule)),
    ("api.schedule_discard", "/schedules/{id}/discard", private(contexts.schedule)),
    ("api.schedule_sessions", "/schedules/{id}/sessions", private(contexts.schedule)),
    ("api.schedule_session", "/schedules/{id}/sessions/{session}", private(contexts.schedule)),
    ("api.schedule_suggest", "/schedules/{id}/suggest", private(contexts.schedule)),
    ("api.schedule_conflicts", "/schedules/{id}/conflicts", private(contexts.schedule)),
    ("api.schedule_publish", "/schedules/{id}/publish", private(contexts.schedule)),
    ("api.policies", "/policies", contexts.nothing),
    ("api.policies_evaluate", "/policies/evaluate", contexts.nothing),
    ("api.policy", "/policies/{id}", policy_document),
    ("api.policy_publish", "/policies/{id}/publish", policy_document),
    ("api.me", "/me", own_account),
    ("api.tokens", "/me/tokens", contexts.nothing),
    ("api.token", "/me/tokens/{id}", own_token),
    ("api.audit", "/audit", contexts.nothing),
)


def includeme(config: Configurator) -> None:
    """Register the routes."""
    for name, path, factory in ROUTES:
        config.add_route(name, BASE + path, factory=factory)
