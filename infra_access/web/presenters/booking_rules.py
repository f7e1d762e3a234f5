"""The booking rules as sentences, only those that say something, and the words of their vocabularies."""

from collections.abc import Mapping

from infra_access.catalogue.vocabularies import label
from infra_access.core.i18n import Text, _
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.rule_parts import Counted, Horizon, Measure, OffHours, Period, Quota, Reach, Relation
from infra_access.web.presenters.durations import duration

COUNTED: Mapping[Counted, Text] = {
    Counted.PERSON: _("One person"),
    Counted.TEAM: _("One team"),
    Counted.ORGANISATION: _("One organisation"),
}
MEASURES: Mapping[Measure, Text] = {Measure.MINUTES: _("minutes"), Measure.BOOKINGS: _("bookings")}
PERIODS: Mapping[Period, Text] = {
    Period.DAY: _("a day"),
    Period.WEEK: _("a week"),
    Period.MONTH: _("a month"),
    Period.UPCOMING: _("at a time, of what is still to come"),
}
REACHES: Mapping[Reach, Text] = {
    Reach.INSTRUMENT: _("on the instrument"),
    Reach.FACILITY: _("at the whole facility"),
}
RELATIONS: Mapping[Relation, Text] = {
    Relation.INTERNAL: _("members of the organisation"),
    Relation.PARTNER: _("its partners"),
    Relation.EXTERNAL: _("everybody else"),
}
OFF_HOURS: Mapping[OffHours, Text] = {
    OffHours.FORBIDDEN: _("Nobody can book outside the opening hours."),
    OffHours.ESCORT: _("Outside the opening hours a person of the facility must be part of the booking all the time."),
    OffHours.ALLOWED: _("Bookings outside the opening hours are possible."),
}


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
        *(_horizon(one, locale) for one in rules.horizons),
    ]
    if rules.lead_minutes:
        said.append(_("Book at least ${lead} before the start.", mapping={"lead": long(rules.lead_minutes)}))
    said += [_quota(one, locale) for one in rules.quotas]
    if rules.cancel_notice_minutes:
        notice = long(rules.cancel_notice_minutes)
        said.append(_("Cancel or move it at least ${notice} before the start.", mapping={"notice": notice}))
    if rules.no_show_grace_minutes:
        grace = long(rules.no_show_grace_minutes)
        said.append(_("Who has not checked in ${grace} after the start loses the time.", mapping={"grace": grace}))
    if rules.buffer_before_minutes:
        time = long(rules.buffer_before_minutes)
        said.append(_("${time} before each booking is kept for preparation.", mapping={"time": time}))
    if rules.buffer_after_minutes:
        time = long(rules.buffer_after_minutes)
        said.append(_("${time} after each booking is kept for cleaning up.", mapping={"time": time}))
    if rules.off_hours is not OffHours.FORBIDDEN:
        said.append(OFF_HOURS[rules.off_hours])
    return said


def _quota(quota: Quota, locale: str) -> Text:
    amount: Text = duration(quota.amount, locale)
    if quota.measure is Measure.BOOKINGS:
        several = _("${count} bookings", mapping={"count": quota.amount})
        amount = _("one booking") if quota.amount == 1 else several
    return _(
        "${who} may have at most ${amount} ${where} ${per}.",
        mapping={
            "who": COUNTED[quota.of],
            "amount": amount,
            "where": REACHES[quota.on],
            "per": PERIODS[quota.per],
        },
    )


def _horizon(horizon: Horizon, locale: str) -> Text:
    facts: list[Text] = [label(one) for one in (horizon.sector, horizon.size) if one is not None]
    if horizon.startup is not None:
        facts.append(_("startup") if horizon.startup else _("no startup"))
    if horizon.relation is not None:
        facts.append(RELATIONS[horizon.relation])
    who = facts[0]
    for fact in facts[1:]:
        who = _("${first}, ${second}", mapping={"first": who, "second": fact})
    days = duration(horizon.days * 1440, locale)
    return _("Other applicants up to ${days} ahead: ${who}.", mapping={"days": days, "who": who})
