"""Where a schedule stands."""

from enum import StrEnum

from infra_access.core.i18n import Text, _


class ScheduleState(StrEnum):
    """A draft that only the office sees, published to the teams once, or given up."""

    DRAFT = "draft"
    PUBLISHED = "published"
    DISCARDED = "discarded"


LABELS: dict[ScheduleState, Text] = {
    ScheduleState.DRAFT: _("Draft"),
    ScheduleState.PUBLISHED: _("Published"),
    ScheduleState.DISCARDED: _("Discarded"),
}
