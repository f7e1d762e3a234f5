"""What a visitor says to be, kept in the address alone: `?as=sector:company,country:KE`.

The form sends one key for each answer (`as_sector`); links carry them in the short form that the API takes too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pyramid.request import Request

from infra_access.catalogue.countries import country_codes, country_name
from infra_access.catalogue.vocabularies import AccessType, Regime, Sector, SizeBand, label
from infra_access.core.i18n import _
from infra_access.core.search_text import order_key
from infra_access.http.localisation import cldr

_VOCABULARIES: Mapping[str, type[StrEnum]] = {
    "sector": Sector,
    "size": SizeBand,
    "access_type": AccessType,
    "regime": Regime,
}
_CHOICES: Mapping[str, frozenset[str]] = {
    "sector": frozenset(Sector),
    "size": frozenset(SizeBand),
    "startup": frozenset({"yes", "no"}),
    "country": country_codes(),
    "access_type": frozenset(AccessType),
    "regime": frozenset(Regime),
}


@dataclass(frozen=True, slots=True)
class Said:
    """The answers that were given and can be read, by name."""

    answers: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether anything was said."""
        return bool(self.answers)

    @property
    def statement(self) -> str:
        """Return the answers in one text, as `policy.visitor` reads it."""
        return ",".join(f"{name}:{value}" for name, value in self.answers.items())

    @property
    def query(self) -> dict[str, str]:
        """Return the part of an address that keeps the answers."""
        return {"as": self.statement} if self.answers else {}

    @property
    def filled_in(self) -> dict[str, str]:
        """Return a value for every field of the form."""
        return {name: self.answers.get(name, "") for name in _CHOICES} | (
            {"startup": ""} if self.answers.get("startup") != "yes" else {}
        )


def said(request: Request) -> Said:
    """Return what the address says about the visitor; what cannot be read is left out, as in any old link."""
    pairs = [part.partition(":")[::2] for part in request.GET.get("as", "").split(",")]
    pairs += [(name, request.GET.get(f"as_{name}", "")) for name in _CHOICES]
    given = {name: value for name, value in pairs if value in _CHOICES.get(name, ())}
    return Said({name: given[name] for name in _CHOICES if name in given})


def i_am_form(request: Request) -> dict[str, Any]:
    """Return the options of the form by the name of the macro's arguments, in the reader's language."""
    return {
        "sectors": _words(request, Sector),
        "sizes": _words(request, SizeBand),
        "countries": country_options(request.locale_name),
        "access_types": _words(request, AccessType),
        "regimes": _words(request, Regime),
    }


def said_words(request: Request, said: Said) -> list[str]:
    """Return the answers as people read them: ["Company", "Kenya", "Startup"]."""
    shown = []
    for name, value in said.answers.items():
        if name == "country":
            shown.append(country_name(value, cldr(request.locale_name)))
        elif name == "startup":
            shown.append(request.localize(_("Startup") if value == "yes" else _("No startup")))
        else:
            shown.append(request.localize(label(_VOCABULARIES[name](value))))
    return shown


def country_options(locale: str) -> list[tuple[str, str]]:
    """Return every country as (code, name), in the order of the reader's language."""
    form = cldr(locale)
    names = [(code, country_name(code, form)) for code in country_codes()]
    return sorted(names, key=lambda pair: (order_key(pair[1]), pair[0]))


def _words(request: Request, vocabulary: type[StrEnum]) -> list[tuple[str, str]]:
    return [(str(member), request.localize(label(member))) for member in vocabulary]
