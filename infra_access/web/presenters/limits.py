"""The limits of a decision as sentences."""

from collections.abc import Mapping
from typing import Any

from babel.numbers import format_decimal
from translationstring import TranslationString

from infra_access.core.i18n import Text, _
from infra_access.http.localisation import cldr

_SENTENCES: Mapping[str, TranslationString] = {
    "amount": _("At most ${number} access units at a time."),
    "horizon": _("At most ${number} days ahead."),
    "spans": _("At most ${number} bookings at a time."),
}


def limit_sentences(limits: Mapping[str, Any], locale: str, *, of_request: bool = True) -> list[Text]:
    """Return what limits a permission, and that one's request is preferred, where it is; bookings never are."""
    said: list[Text] = [
        sentence % {"number": format_decimal(limits[name], locale=cldr(locale))}
        for name, sentence in _SENTENCES.items()
        if name in limits
    ]
    if of_request and limits.get("preference", 0) > 0:
        said.append(
            _(
                "Yours comes first among requests that are due on the same day, that wait on the reserve list, or that "
                "are given a time of the same length."
            )
        )
    return said
