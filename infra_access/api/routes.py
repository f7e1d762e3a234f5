"""Every address of the API, in one readable table: name, path, and what is loaded before the view runs.

The views stand in one module per resource and are found by a scan; `private` asks for a token before it looks.
"""

from pyramid.config import Configurator

from infra_access.api.contexts import own_account, own_token, policy_document
from infra_access.http import contexts
from infra_access.http.contexts import Factory, private

BASE = "/api/v1"

ROUTES: tuple[tuple[str, str, Factory], ...] = (
    ("api.organisations", "/organisations", contexts.nothing),
    ("api.organisation", "/organisations/{id}", contexts.organisation),
    ("api.facilities", "/facilities", contexts.nothing),
    ("api.facility", "/facilities/{id}", contexts.facility),
    ("api.instruments", "/instruments", contexts.nothing),
    ("api.instrument", "/instruments/{id}", contexts.instrument),
    ("api.instrument_availability", "/instruments/{id}/availability", contexts.instrument),
    ("api.instrument_eligibility", "/instruments/{id}/eligibility", contexts.instrument),
    ("api.instrument_routes", "/instruments/{id}/routes", contexts.instrument),
    ("api.access_requests", "/access-requests", contexts.nothing),
    ("api.access_request", "/access-requests/{id}", private(contexts.access_request)),
    ("api.access_request_submit", "/access-requests/{id}/submit", private(contexts.access_request)),
    ("api.access_request_withdraw", "/access-requests/{id}/withdraw", private(contexts.access_request)),
    ("api.agreement", "/access-requests/{id}/agreement", private(contexts.access_request)),
    ("api.agreement_accept", "/access-requests/{id}/agreement/accept", private(contexts.access_request)),
    ("api.approvals", "/approvals", contexts.nothing),
    ("api.approval", "/approvals/{id}", private(contexts.approval)),
    ("api.approval_decision", "/approvals/{id}/decision", private(contexts.approval)),
    ("api.allocations", "/allocations", contexts.nothing),
    ("api.bookings", "/bookings", contexts.nothing),
    ("api.booking_calendar", "/bookings/{id}.ics", private(contexts.booking)),
    ("api.booking", "/bookings/{id}", private(contexts.booking)),
    ("api.booking_cancel", "/bookings/{id}/cancel", private(contexts.booking)),
    ("api.booking_check_in", "/bookings/{id}/check-in", private(contexts.booking)),
    ("api.booking_complete", "/bookings/{id}/complete", private(contexts.booking)),
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
