"""Time zones to choose from."""

from functools import lru_cache
from zoneinfo import available_timezones

from infra_access.catalogue.countries import country_codes, zones_of


@lru_cache(maxsize=1)
def zone_options() -> tuple[tuple[str, str], ...]:
    """Return UTC and the zone of every place that the tz database lists, by name."""
    places = sorted({zone for code in country_codes() for zone in zones_of(code)} & available_timezones())
    return (("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in places))
