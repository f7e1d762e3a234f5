"""The booking rules as sentences, only those that say something."""

from infra_access.core.i18n import Text, _
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.web.presenters.durations import duration


def sentences(rules: BookingRules, locale: str) -> list[Text]:
    """Return what holds for every booking, the most asked first."""

    def long(minutes: int) -> str:
        return duration(minutes, locale)

    said: list[Text] = [
        _(
            "A booking lasts from ${shortest} to ${longest}.",
            mapping={"shortest": long(rules.min_minutes), "longest": long(rules.max_minutes)},
        ),
        _("Times begin and end in steps of ${step}.", mapping={"step": long(rules.granularity_minutes)}),
        _("You can book up to ${horizon} ahead.", mapping={"horizon": long(rules.horizon_days * 1440)}),
    ]
    if rules.lead_minutes:
        said.append(_("Book at least ${lead} before the start.", mapping={"lead": long(rules.lead_minutes)}))
    if rules.cancel_notice_minutes:
        notice = long(rules.cancel_notice_minutes)
        said.append(_("Cancel or move it at least ${notice} before the start.", mapping={"notice": notice}))
    if rules.buffer_before_minutes:
        time = long(rules.buffer_before_minutes)
        said.append(_("${time} before each booking is kept for preparation.", mapping={"time": time}))
    if rules.buffer_after_minutes:
        time = long(rules.buffer_after_minutes)
        said.append(_("${time} after each booking is kept for cleaning up.", mapping={"time": time}))
    if rules.off_hours_allowed:
        said.append(_("Bookings outside the opening hours are possible."))
    return said
