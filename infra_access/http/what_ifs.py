"""How often one person may let rules be tried on all requests within a day: as often as the settings say."""

from pyramid.request import Request

from infra_access.settings import Settings


def most_what_ifs(request: Request) -> int:
    """Return how many runs a person may ask for within a day."""
    settings: Settings = request.registry["infra_access.settings"]
    return settings.what_ifs_per_day
