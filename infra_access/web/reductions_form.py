"""The reductions of a way's price: those that there are, and the form of one more."""

from collections.abc import Mapping
from typing import Any

from pyramid.request import Request

from infra_access.access_requests.models import AccessRoute
from infra_access.catalogue.fields import fault
from infra_access.catalogue.vocabularies import Regime, label
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.web import whom_form
from infra_access.web.forms import many

_GIVEN = ("percent", "ground", "country_group", "startup")


def shown(request: Request, route: AccessRoute) -> dict[str, Any]:
    """Return what the page shows of them, and what is ticked in the lists of the form."""
    posted = request.method == "POST"
    ticked = {name: many(request, name) if posted else request.GET.getall(name) for name in ("size", "reduced")}
    return {
        "reductions": [
            {"regime": regime, "said": one, "place": f"{regime}.{place}"}
            for regime, entry in route.tariff.items()
            for place, one in enumerate(entry.get("reductions", ()))
        ],
        "priced": [(regime, request.localize(label(Regime(regime)))) for regime in route.tariff],
        "chosen_prices": ticked["reduced"],
        "sizes": whom_form.options(request),
        "chosen_sizes": ticked["size"],
    }


def given(request: Request) -> dict[str, str]:
    """Return what the link to the form fills in."""
    return {name: request.GET.get(name, "") for name in _GIVEN}


def with_one_more(request: Request, route: AccessRoute, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the tariff with the reduction that was entered. Raises Invalid where it names no price of the route."""
    reduced = many(request, "reduced")
    if not reduced or not set(reduced) <= set(route.tariff):
        raise fault("tariff.reduced", "reduced", _("Choose one or more of the prices."))
    one = {
        "when": whom_form.whom(values, many(request, "size")),
        "percent": values.get("percent", "").strip(),
        "ground": values.get("ground", ""),
    }
    return {
        regime: {**entry, "reductions": [*entry.get("reductions", ()), one]} if regime in reduced else entry
        for regime, entry in route.tariff.items()
    }


def without(route: AccessRoute, place: str) -> dict[str, Any]:
    """Return the tariff without the reduction at a place such as open.0. Raises Conflict where it is gone."""
    regime, _dot, number = place.partition(".")
    kept = list(route.tariff.get(regime, {}).get("reductions", ()))
    if number not in map(str, range(len(kept))):
        raise Conflict("tariff.reduction", _("This reduction is taken out already."))
    del kept[int(number)]
    return {**route.tariff, regime: {**route.tariff[regime], "reductions": kept}}


def at_their_fields(errors: Mapping[str, str]) -> dict[str, str]:
    """Return the command's faults at the fields of the form."""
    found: dict[str, str] = {}
    for path, text in errors.items():
        # tariff.open.reductions.0.percent
        parts = path.split(".", 4)
        found |= whom_form.at_its_fields({parts[4] if len(parts) > 4 else path: text}, "when")
    return found
