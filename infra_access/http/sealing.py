"""What views seal and open with: the keys of the settings."""

from pyramid.request import Request

from infra_access.core.sealing import Sealer
from infra_access.settings import Settings


def sealer_of(request: Request) -> Sealer:
    """Return what seals and opens for this service."""
    settings: Settings = request.registry["infra_access.settings"]
    return settings.sealer
