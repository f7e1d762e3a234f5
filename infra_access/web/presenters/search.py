"""The filters of the catalogue as links: each adds or takes away one, and keeps the rest."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyramid.request import Request

from infra_access.catalogue.countries import country_name
from infra_access.catalogue.facets import Facets, FacetValue
from infra_access.core.i18n import Text, _
from infra_access.http.localisation import cldr
from infra_access.web.visitor import Said

FILTERS = ("q", "country", "technique", "access_type", "status", "facility", "bookable")
_TITLES: Mapping[str, Text] = {
    "country": _("Country"),
    "technique": _("Technique"),
    "access_type": _("How it is used"),
    "status": _("Status"),
}
_OPEN_AT_FIRST = ("country", "technique")


@dataclass(frozen=True, slots=True)
class Option:
    """One value to narrow by; `data` where its words are names, which nobody translates."""

    words: str
    count: str
    href: str
    chosen: bool
    data: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one filter."""

    title: str
    open: bool
    options: tuple[Option, ...]


def address(request: Request, query: Mapping[str, str], said: Said) -> str:
    """Return the address of the catalogue with these filters and what the visitor said."""
    wanted = {name: value for name, value in query.items() if value} | said.query
    return str(request.route_path("catalogue", _query=wanted))


def find_time_address(request: Request, query: Mapping[str, str], said: Said) -> str:
    """Return the address of find-time with the filters that it has too."""
    wanted = {name: query[name] for name in ("country", "access_type", "technique") if query[name]}
    return str(request.route_path("find_time", _query={"q": query["q"], **wanted, **said.query}))


def kept(asked: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the filters in use, to be sent along by a form."""
    return [(name, value) for name, value in asked.items() if value]


def facet_groups(request: Request, facets: Facets, asked: Mapping[str, str], said: Said) -> list[Group]:
    """Return the filters with how many instruments each value leaves; empty ones are left out."""
    groups = []
    for name, values in facets.as_mapping().items():
        if values:
            options = tuple(_option(request, name, value, asked, said) for value in values)
            wide_open = bool(asked[name]) or name in _OPEN_AT_FIRST
            groups.append(Group(request.localize(_TITLES[name]), wide_open, options))
    return groups


def _option(request: Request, name: str, value: FacetValue, asked: Mapping[str, str], said: Said) -> Option:
    data = name in {"country", "technique"}
    chosen = asked[name] == value.value
    words = country_name(value.value, cldr(request.locale_name)) if name == "country" else request.localize(value.label)
    target = {**asked, name: "" if chosen else value.value}
    return Option(words, str(value.count), address(request, target, said), chosen, data)
