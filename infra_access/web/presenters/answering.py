"""How fast a facility answers, in words."""

from datetime import timedelta

from infra_access.access_requests.conversations.response_times import ResponseTimes
from infra_access.core.i18n import Text, _
from infra_access.web.presenters.durations import duration

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def usually(times: ResponseTimes, locale: str) -> Text | None:
    """Return in how many whole days a facility usually answers, where it answered enough."""
    if times.usual is None:
        return None
    within = duration(_whole(times.usual, _DAY) * 1440, locale)
    return _("Usually answers within ${time}.", mapping={"time": within})


def measured(times: ResponseTimes, locale: str) -> list[Text]:
    """Return what those who run a facility read of how fast it answers."""
    if times.median is None:
        return []
    step = _HOUR if times.median <= _DAY else _DAY
    within = duration(_whole(times.median, step) * int(step.total_seconds() // 60), locale)
    return [
        _("In the last 90 days, half of the questions had an answer within ${time}.", mapping={"time": within}),
        _(
            "${share} % had one within two working days; ${answered} were answered, ${open} wait for a first answer.",
            mapping={"share": times.percent_in_time, "answered": times.answered, "open": times.open},
        ),
    ]


def _whole(time: timedelta, step: timedelta) -> int:
    return max(1, -(-time // step))
