"""How many of the instruments found lie in each country, offer each technique, and so on.

One statement groups the entries by all their traits at once, and the few groups are added up here.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.catalogue.countries import country_name
from infra_access.catalogue.entries import traits_from_text
from infra_access.catalogue.filters import Filters, apply
from infra_access.catalogue.models import CatalogueEntry
from infra_access.catalogue.vocabularies import AccessType, OperationalStatus, label
from infra_access.core.authority import Scopes
from infra_access.core.i18n import Text

MOST_TECHNIQUES = 20


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value to narrow the search by, the words for it, and how many instruments it would leave."""

    value: str
    label: Text
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The values of each facet, the most frequent first, and how many instruments were found in all."""

    total: int
    country: tuple[FacetValue, ...]
    technique: tuple[FacetValue, ...]
    access_type: tuple[FacetValue, ...]
    status: tuple[FacetValue, ...]

    def as_mapping(self) -> Mapping[str, tuple[FacetValue, ...]]:
        """Return the facets by their name, which is also that of the filter."""
        return {
            "country": self.country,
            "technique": self.technique,
            "access_type": self.access_type,
            "status": self.status,
        }


def count_facets(session: Session, filters: Filters, veiled: Scopes) -> Facets:
    """Return the facets of everything that the filters match."""
    query = apply(select(CatalogueEntry.traits, func.count()), filters, session.get_bind().dialect.name, veiled)
    names: dict[str, str] = {}
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for text, number in session.execute(query.group_by(CatalogueEntry.traits)):
        traits = traits_from_text(text)
        counted["country"][traits.country] += number
        counted["status"][traits.status] += number
        for access_type in traits.access_types:
            counted["access_type"][access_type] += number
        for key, name in traits.techniques:
            counted["technique"][key] += number
            names[key] = min(name, names.get(key, name))
    technique = _most_frequent(counted["technique"])[:MOST_TECHNIQUES]
    return Facets(
        total=counted["status"].total(),
        country=_values(counted, "country"),
        technique=tuple(FacetValue(key, names[key], number) for key, number in technique),
        access_type=_values(counted, "access_type"),
        status=_values(counted, "status"),
    )


def _values(counted: Mapping[str, Counter[str]], facet: str) -> tuple[FacetValue, ...]:
    return tuple(FacetValue(value, _label(facet, value), number) for value, number in _most_frequent(counted[facet]))


def _most_frequent(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def _label(facet: str, value: str) -> Text:
    if facet == "country":
        return country_name(value)
    return label(AccessType(value) if facet == "access_type" else OperationalStatus(value))
