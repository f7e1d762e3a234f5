"""Countries and their time zones.

A country is an entry of ISO 3166-1 as the tz database lists it (`iso3166.tab`), and Kosovo, which has no entry
there but has organisations in ROR under the user-assigned code XK. Zones come from `zone.tab`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.zones import named_zone

_KOSOVO = "XK"

# The zone of the capital, for every country with more than one zone in zone.tab.
# Source: the capitals of the UN's list (UNTERM); of the country's rows in zone.tab (tzdata 2026), the one whose
# comment covers the capital. East Jerusalem, the capital that the list gives for PS, is under West Bank.
# AQ and UM have no capital, so they have no row here and their zone must be named.
_CAPITAL_ZONE: Mapping[str, str] = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """A zone for a country; not `sure` where the country has several and this one is its capital's."""

    zone: str
    sure: bool


def valid_country(code: str) -> str:
    """Return a two-letter country code in upper case. Raises Invalid `country.unknown`.

    >>> valid_country("ke")
    'KE'
    """
    known = code.strip().upper()
    if known not in country_codes():
        raise Invalid(
            "country.unknown",
            _(
                'There is no country "${code}". Give its two letters of ISO 3166, such as KE for Kenya.',
                mapping={"code": code[:80]},
            ),
        )
    return known


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """Return all country codes that we accept."""
    return frozenset(row[0] for row in _rows("iso3166.tab")) | {_KOSOVO}


def country_name(code: str, locale: str = "en") -> str:
    """Return the name of a country in a language, in English where CLDR has none.

    >>> country_name("JP", "pt-BR"), country_name("DE", "ja")
    ('Japão', 'ドイツ')
    """
    country = valid_country(code)
    for name in (locale, "en"):
        try:
            found = Locale.parse(name.replace("-", "_")).territories.get(country)
        except (UnknownLocaleError, ValueError):
            continue
        if found:
            return str(found)
    return country


@lru_cache(maxsize=300)
def names_of_country(country: str) -> tuple[str, ...]:
    """Return the names of a country in English and in the languages spoken there."""
    languages = ("en", *get_official_languages(country, regional=True, de_facto=True))
    return tuple(dict.fromkeys(country_name(country, language) for language in languages))


def zone_of(country: str) -> ZoneChoice:
    """Return the country's only time zone, or the capital's, which is then not sure.

    Raises:
        Invalid: `country.unknown`; `country.no_zone` where there is neither (Antarctica, uninhabited islands).

    >>> zone_of("JP")
    ZoneChoice(zone='Asia/Tokyo', sure=True)
    >>> zone_of("US")
    ZoneChoice(zone='America/New_York', sure=False)
    """
    code = valid_country(country)
    zones = zones_of(code)
    if len(zones) == 1:
        return ZoneChoice(zones[0], sure=True)
    if code in _CAPITAL_ZONE:
        return ZoneChoice(_CAPITAL_ZONE[code], sure=False)
    raise Invalid(
        "country.no_zone",
        _(
            "The time zone cannot be told from the country ${code}. Name the zone, such as Antarctica/Troll.",
            mapping={"code": code},
        ),
    )


def zones_of(country: str) -> tuple[str, ...]:
    """Return all time zones of a country, in the order of the tz database."""
    return _zones_by_country().get(valid_country(country), ())


def valid_zone(name: str) -> str:
    """Return the name of an IANA zone that a place can have. Raises Invalid `zone.unknown`."""
    # "localtime" is whatever the machine is set to, and "Factory" says that nobody set it.
    return named_zone("" if name in {"localtime", "Factory"} else name).key


@lru_cache(maxsize=1)
def _zones_by_country() -> Mapping[str, tuple[str, ...]]:
    zones: dict[str, list[str]] = defaultdict(list)
    for row in _rows("zone.tab"):
        zones[row[0]].append(row[2])
    # The tz database has no entry for Kosovo, whose clocks are those of Belgrade.
    zones[_KOSOVO].append("Europe/Belgrade")
    return {country: tuple(names) for country, names in zones.items()}


def _rows(name: str) -> Iterator[list[str]]:
    for line in files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")
