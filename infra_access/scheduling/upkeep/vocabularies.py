"""The closed vocabularies of closures and of lost time; the values are stored and sent as such."""

from collections.abc import Mapping
from enum import StrEnum

from infra_access.core.i18n import Text, _


class ClosureKind(StrEnum):
    """Why a resource is closed."""

    MAINTENANCE = "maintenance"
    SHUTDOWN = "shutdown"
    OTHER = "other"


class ClosureState(StrEnum):
    """Whether a closure holds."""

    PLANNED = "planned"
    WITHDRAWN = "withdrawn"


class Displace(StrEnum):
    """What becomes of the bookings in a closure's time."""

    REFUSE = "refuse"
    MOVE = "move"
    CANCEL = "cancel"


class Cause(StrEnum):
    """Why time was lost."""

    BEAM = "beam"
    INSTRUMENT = "instrument"
    UTILITIES = "utilities"
    STAFF = "staff"
    SAMPLE = "sample"
    SAFETY = "safety"
    WEATHER = "weather"
    OTHER = "other"


KINDS: Mapping[str, Text] = {
    ClosureKind.MAINTENANCE: _("Maintenance"),
    ClosureKind.SHUTDOWN: _("Shutdown"),
    ClosureKind.OTHER: _("Other reason"),
}

CAUSES: Mapping[str, Text] = {
    Cause.BEAM: _("No beam"),
    Cause.INSTRUMENT: _("The instrument failed"),
    Cause.UTILITIES: _("Power, cooling or another supply failed"),
    Cause.STAFF: _("Staff were missing"),
    Cause.SAMPLE: _("The sample"),
    Cause.SAFETY: _("Safety"),
    Cause.WEATHER: _("Weather"),
    Cause.OTHER: _("Another cause"),
}
