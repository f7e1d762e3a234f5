"""What a route is about: each factory loads the row named in the path, or answers 404, before any view runs.

Pages and API share these. A row comes with the scopes it lies in and the reader's relation to it, which is what the
permission map decides on.
"""

from collections.abc import Callable

from pyramid.request import Request

from infra_access.access_requests.approvals.authorisations import authorisation_by_public_id
from infra_access.access_requests.approvals.deciders import approval_to_decide
from infra_access.access_requests.approvals.nationality_queries import asks_nationality
from infra_access.access_requests.approvals.nationality_queries import relations_to as relations_to_asked
from infra_access.access_requests.approvals.screened import approval_to_screen, relations_to
from infra_access.access_requests.conversations.speaking import conversation_by_public_id
from infra_access.access_requests.facility_routes import route_run_by
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.catalogue.queries import facility_by_public_id, organisation_by_public_id
from infra_access.catalogue.resource_queries import resource_by_public_id
from infra_access.catalogue.scopes import facility_scopes, instrument_scopes, organisation_scopes
from infra_access.core import clock
from infra_access.core.authority import Actor, Permission, may
from infra_access.core.errors import NotAuthenticated, NotFound
from infra_access.core.i18n import _
from infra_access.http.delivery import is_api
from infra_access.http.security import Context
from infra_access.orders.order_queries import order_by_public_id
from infra_access.people.roles import resolve_scope
from infra_access.people.trainings import scopes_of_training, training_by_public_id, unknown_training
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.drafts.schedules import schedule_by_public_id
from infra_access.scheduling.hours import FacilityHours, all_hours
from infra_access.scheduling.places import place_by_public_id
from infra_access.scheduling.rule_sets import rules_at
from infra_access.scheduling.series.queries import relations_to_series, series_by_public_id
from infra_access.scheduling.upkeep.closure_queries import closure_by_public_id
from infra_access.scheduling.waiting.queries import wait_by_public_id

Factory = Callable[[Request], Context]


def private(factory: Factory) -> Factory:
    """Return a factory that asks who is there before it says whether there is anything: 401, not 404, for a visitor."""

    def load(request: Request) -> Context:
        signed_in(request)
        return factory(request)

    return load


def signed_in(request: Request) -> Actor:
    """Return who asks. Raises NotAuthenticated for a visitor, in the words of the delivery."""
    actor: Actor | None = request.actor
    if actor is None:
        token = _("This needs a token: send Authorization: Bearer ia_...")
        raise NotAuthenticated("sign_in.needed", token if is_api(request) else _("Please sign in to see this."))
    return actor


def _id(request: Request) -> str:
    return str(request.matchdict["id"])


def nothing(request: Request) -> Context:
    """Return an empty context, for routes about nothing in particular."""
    return Context()


def organisation(request: Request) -> Context:
    """Load an Organisation."""
    row = organisation_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(row, organisation_scopes(row))


def facility(request: Request) -> Context:
    """Load a Facility."""
    row = facility_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(row, facility_scopes(request.db, row))


def instrument(request: Request) -> Context:
    """Load a Place: the instrument and its facility."""
    place = place_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(place, place.scopes)


def route(request: Request) -> Context:
    """Load a RouteOf, for the office of its facility."""
    found = route_run_by(request.db, _id(request), actor=signed_in(request))
    return Context(found, facility_scopes(request.db, found.facility))


def training(request: Request) -> Context:
    """Load a RecordedTraining of the reader's own, or of a facility whose staff the reader is of."""
    found, actor = training_by_public_id(request.db, _id(request)), signed_in(request)
    scopes = scopes_of_training(request.db, found.training)
    relations = frozenset({"owner"} if found.training.account_id == actor.account_id else ())
    if not may(actor, Permission.TRAINING_READ, scopes, relations):
        raise unknown_training()
    return Context(found, scopes, relations)


def facility_resource(request: Request) -> Context:
    """Load a ResourceView, for the staff of its facility."""
    view = resource_by_public_id(request.db, _id(request), actor=signed_in(request))
    return Context(view, facility_scopes(request.db, view.facility))


def facility_hours(request: Request) -> Context:
    """Load a FacilityHours: a facility with its hours."""
    found = facility(request)
    return Context(FacilityHours(found.row, all_hours(request.db, found.row)), found.scopes)


def facility_rules(request: Request) -> Context:
    """Load the OwnRules of a facility."""
    found = facility(request)
    return Context(rules_at(request.db, found.row), found.scopes)


def instrument_rules(request: Request) -> Context:
    """Load the OwnRules of an instrument."""
    found = instrument(request)
    return Context(rules_at(request.db, found.row.instrument), found.scopes)


def booking(request: Request) -> Context:
    """Load a BookingView that the reader may see."""
    view = booking_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(view, view.scopes or instrument_scopes(request.db, view.instrument), view.relations)


def wait(request: Request) -> Context:
    """Load a WaitView of the reader's own."""
    view = wait_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(view, (), frozenset({"owner"}))


def schedule(request: Request) -> Context:
    """Load a ScheduleView of a facility whose office the reader is of."""
    view = schedule_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(view, view.scopes)


def series(request: Request) -> Context:
    """Load a SeriesView that the reader may see."""
    view = series_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(view, view.place.scopes, relations_to_series(view.series, request.actor))


def access_request(request: Request) -> Context:
    """Load a RequestView that the reader may see."""
    view = request_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(view, facility_scopes(request.db, view.facility), frozenset(view.relations))


def service_order(request: Request) -> Context:
    """Load an OrderView that the reader may see."""
    view = order_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(view, view.scopes, view.relations)


def approval(request: Request) -> Context:
    """Load an Approval whose verdict the reader may give, or may see."""
    row = approval_to_decide(request.db, _id(request), actor=request.actor, now=clock.now())
    relations = frozenset({"approver"} if request.actor and row.may_decide(request.actor) else set())
    return Context(row, (), relations)


def approval_asking(request: Request) -> Context:
    """Load an Approval that asks the team for their nationality, for whoever is asked or may decide it."""
    view = approval_to_decide(request.db, _id(request), actor=request.actor, now=clock.now())
    if not asks_nationality(view):
        raise NotFound("approval.asks_nothing", _("This approval asks nobody for their nationality."))
    return Context(view, (), relations_to_asked(view, request.actor))


def authorisation(request: Request) -> Context:
    """Load an AuthorisationView that the reader may see."""
    view = authorisation_by_public_id(request.db, _id(request), actor=request.actor, now=clock.now())
    _key, scopes = resolve_scope(request.db, view.authorisation.scope_kind, view.authorisation.scope_key)
    relations = {"approver"} if request.actor and request.actor.holds(view.authorisation.role, scopes) else set()
    return Context(view, scopes, frozenset(relations))


def approval_names(request: Request) -> Context:
    """Load an Approval whose names on sanction lists the reader may see."""
    view = approval_to_screen(request.db, _id(request), actor=request.actor)
    return Context(view, view.scopes, relations_to(view, request.actor))


def conversation(request: Request) -> Context:
    """Load a conversation that the reader may see."""
    view = conversation_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(view, (), view.relations | {"reader"})  # whoever may not read it does not come here


def closure(request: Request) -> Context:
    """Load a ClosureView, for the staff of its facility."""
    view = closure_by_public_id(request.db, _id(request), actor=request.actor)
    return Context(view, facility_scopes(request.db, view.facility))
