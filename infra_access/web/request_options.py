"""What can be chosen in the form of an access request by one way in, in the reader's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pyramid.request import Request

from infra_access.access_requests.route_instruments import instruments_of
from infra_access.access_requests.routes import RouteView
from infra_access.access_requests.vocabularies import ParticipantRole
from infra_access.catalogue.models import Facility
from infra_access.catalogue.queries import list_organisations
from infra_access.catalogue.vocabularies import AccessType, AccessUnit, Biosafety, Fate, Regime, label
from infra_access.core.i18n import Text
from infra_access.people.affiliations import affiliations_of
from infra_access.web.case_words import PARTICIPANT_ROLES, PRESENCES
from infra_access.web.presenters.ways_in import ways_in
from infra_access.web.rendering import names_in
from infra_access.web.request_form import Rows
from infra_access.web.visitor import country_options

_SUGGESTED = 100


def form_options(
    request: Request, view: RouteView, facility: Facility, rows: Rows, chosen: Sequence[str], *, now: datetime
) -> dict[str, Any]:
    """Return the options by the names that the template gives them, and the rows as they are."""
    way = ways_in([view], request.locale_name)[0]
    return {
        "way": way,
        "facility": facility,
        "regimes": [(regime, *_priced(request, regime, way)) for regime in view.route.regimes],
        "unit": label(AccessUnit(view.route.access_unit)),
        "access_types": _words(request, AccessType, view.route.access_types),
        "instruments": [
            (one.public_id, names_in(one, request.locale_name)) for one in instruments_of(request.db, view.route)
        ],
        "chosen": list(chosen),
        "homes": [
            (one.organisation_public_id, one.organisation_name)
            for one in affiliations_of(request.db, request.actor.account_id, now=now)
        ],
        "organisations": [one.name for one in list_organisations(request.db, limit=_SUGGESTED).items],
        "countries": country_options(request.locale_name),
        "roles": _texts(request, {role: PARTICIPANT_ROLES[role] for role in _roles()}),
        "presences": _texts(request, PRESENCES),
        "biosafety_levels": _words(request, Biosafety, tuple(Biosafety)),
        "fates": _words(request, Fate, tuple(Fate)),
        "rows": rows,
    }


def _roles() -> list[str]:
    """Return the roles as they are offered: most people take part without a further task."""
    first = ParticipantRole.MEMBER
    return [first, *(role for role in ParticipantRole if role is not first)]


def _priced(request: Request, regime: str, way: Any) -> tuple[str, str]:
    price = way.prices[way.route.regimes.index(regime)]
    words = request.localize(label(Regime(regime)))
    if price.amount is None:
        return words, ""
    return words, f"{price.amount} / {request.localize(price.per)}"


def _words(request: Request, vocabulary: type[StrEnum], values: Sequence[str]) -> list[tuple[str, str]]:
    return [(value, request.localize(label(vocabulary(value)))) for value in values]


def _texts(request: Request, words: Mapping[str, Text]) -> list[tuple[str, str]]:
    return [(str(value), request.localize(text)) for value, text in words.items()]
