"""The public holidays of countries and their regions, as the library `holidays` knows them.

It is imported when somebody first asks: a process keeps some 3 MB of it, and many never do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _

LONGEST_REGION = 10
"""What follows the hyphen of ISO 3166-2 is shorter; the library's names of towns may be longer and are left out."""


@lru_cache(maxsize=1)
def countries() -> Mapping[str, tuple[str, ...]]:
    """Return each country (ISO 3166-1) whose holidays are known, with its regions (after the hyphen of ISO 3166-2)."""
    import holidays

    listed = holidays.list_supported_countries(include_aliases=False)
    return MappingProxyType(
        {
            country: tuple(region for region in regions if len(region) <= LONGEST_REGION)
            for country, regions in sorted(listed.items())
            if len(country) == 2
        }
    )


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """Whose public holidays count: a country's, or those of its region too; without a country, none."""

    country: str | None = None
    region: str | None = None

    def check(self) -> None:
        """Refuse a country or a region whose holidays nobody knows. Raises Invalid `holidays.unknown`, naming each."""
        fields: dict[str, list[Text]] = {}
        if self.country is None:
            if self.region is not None:
                fields["holidays.country"] = [_("A region needs its country.")]
        elif self.country not in countries():
            fields["holidays.country"] = [
                _(
                    'The public holidays of "${country}" are not known. Give a country code such as DE, or none, and '
                    "enter the days as exceptions.",
                    mapping={"country": self.country[:10]},
                )
            ]
        elif self.region is not None and self.region not in countries()[self.country]:
            fields["holidays.region"] = [_unknown_region(self.country, self.region)]
        if fields:
            raise Invalid("holidays.unknown", _("This calendar of public holidays is not known."), fields=fields)

    def between(self, first: date, last: date) -> list[tuple[date, str]]:
        """Return the holidays from `first` to `last`, both included, with their names."""
        if self.country is None:
            return []
        years = (holidays_of(self.country, self.region, year) for year in range(first.year, last.year + 1))
        return [(day, name) for year in years for day, name in year.items() if first <= day <= last]


NO_HOLIDAYS = HolidayCalendar()


def _unknown_region(country: str, region: str) -> Text:
    known = countries()[country]
    values = {"country": country, "region": region[:20], "regions": ", ".join(known)}
    if not known:
        return _("The holidays of ${country} are the same everywhere: leave the region empty.", mapping=values)
    return _('${country} has no region "${region}" with its own holidays. Known are: ${regions}.', mapping=values)


@lru_cache(maxsize=4096)
def holidays_of(country: str, region: str | None, year: int) -> Mapping[date, str]:
    """Return the public holidays of a year with their names, in English where the library has them.

    Days on which a holiday is observed instead count as well.
    """
    import holidays

    calendar = holidays.country_holidays(country, subdiv=region, years=year, language=_language(country))
    return MappingProxyType(dict(sorted(calendar.items())))


@lru_cache(maxsize=512)
def _language(country: str) -> str | None:
    """Return the English that the library has for a country; None is the country's own language."""
    import holidays

    known = holidays.list_localized_countries(include_aliases=False).get(country, [])
    wanted = ("en_GB", f"en_{country}", "en_US")
    return next((one for one in wanted if one in known), None)
