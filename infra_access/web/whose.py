"""Whose approval it is, as readers read it: "Access administrator of Kenya", or only that the facility checks it."""

from collections.abc import Iterable, Mapping

from pyramid.request import Request

from infra_access.access_requests.approvals.queries import ApprovalView
from infra_access.access_requests.awaited import names_of
from infra_access.access_requests.models import Approval
from infra_access.access_requests.request_queries import RequestView
from infra_access.catalogue.countries import country_name
from infra_access.catalogue.models import Facility, Organisation
from infra_access.core.authority import NETWORK, Scope
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.http.localisation import cldr
from infra_access.web.rendering import names_in
from infra_access.web.rules_page import names_of_scopes

CHECK: Text = _("A check by the facility")
"""Stands for whoever decides by a rule that the reader may not see."""

_Row = Facility | Organisation


def whose(role: str, kind: str, place: Text | None) -> Text:
    """Return a role with the country, organisation or facility in which it decides."""
    words = ROLES.get(role, role)
    if place is None:
        return words
    values = {"role": words, "place": place}
    if kind in ("country", "network"):
        return _("${role} of ${place}", mapping=values)
    return _("${role}, ${place}", mapping=values)


def whose_of(request: Request, view: ApprovalView) -> Text:
    """Return whose an approval is, to its reader."""
    approval = view.approval
    if view.is_own(request.actor) and approval.rule not in view.named and approval.subject_kind != "booking":
        return CHECK
    scope = (approval.scope_kind, approval.scope_key)
    return whose(approval.role, scope[0], _place(scope, view.scope_row, request.locale_name))


def places_of_request(request: Request, view: RequestView) -> dict[Scope, Text]:
    """Return what each scope is called in which a request is decided; usually without a statement."""
    asked = (*view.approvals, *(one.approval for one in view.appeals))
    return places(request, asked, names_of(view.facility, (view.host, view.acting_for)))


def places(request: Request, approvals: Iterable[Approval], known: Mapping[Scope, _Row]) -> dict[Scope, Text]:
    """Return what each scope is called in which something is decided; of the rows that are not known, by statements."""
    scopes = {(one.scope_kind, one.scope_key) for one in approvals}
    found: dict[Scope, Text] = {}
    for scope in scopes:
        place = _place(scope, known.get(scope), request.locale_name)
        if place is not None:
            found[scope] = place
    left = sorted(scopes - set(found))
    return {**found, **(names_of_scopes(request.db, left, request.locale_name) if left else {})}


def _place(scope: Scope, row: _Row | None, locale: str) -> Text | None:
    if scope == NETWORK:
        return _("the whole network")
    if scope[0] == "country":
        return country_name(scope[1], cldr(locale))
    return None if row is None else names_in(row, locale)
