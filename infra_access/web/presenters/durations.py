"""Lengths of time in words, in the reader's language."""

from babel.units import format_unit

from infra_access.http.localisation import cldr

_STEPS = ((1440, "duration-day"), (60, "duration-hour"), (1, "duration-minute"))


def duration(minutes: int, locale: str) -> str:
    """Return a number of minutes in the largest units that give it exactly.

    >>> duration(90, "en"), duration(480, "en"), duration(10080, "en")
    ('1 hour 30 minutes', '8 hours', '7 days')
    """
    parts: list[str] = []
    rest = minutes
    for size, unit in _STEPS:
        count, rest = divmod(rest, size)
        if count or (not parts and not rest):
            parts.append(format_unit(count, unit, length="long", locale=cldr(locale)))
        if not rest:
            break
    return " ".join(parts)
