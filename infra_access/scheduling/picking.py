"""Who chooses the time: the team, where its way in says so, else the facility."""

from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.vocabularies import TimeGiven
from infra_access.core.errors import Conflict
from infra_access.core.i18n import Text, _

_REFUSALS: dict[str, tuple[str, Text]] = {
    TimeGiven.FACILITY_SCHEDULES: (
        "booking.facility_schedules",
        _(
            "The facility schedules this: it proposes a time, which you accept or decline. "
            "Give the days on which you cannot come on the page of your request."
        ),
    ),
    TimeGiven.QUEUE: (
        "booking.queue",
        _("Samples are queued here: they are measured in their turn, and nobody chooses a time. Send your samples."),
    ),
}


def refuse_picking(granted: Granted | None, *, given: bool) -> None:
    """Raise Conflict where the time is chosen though what was granted leaves no choice; one `given` is no choice."""
    if granted is not None and not given and granted.time_given in _REFUSALS:
        raise Conflict(*_REFUSALS[granted.time_given], details={"time_given": granted.time_given})
