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


def limit_sentences(limits: Mapping[str, Any], locale: str) -> list[Text]:
    """Return what limits a permission, and that one's request is preferred, where it is."""
    said: list[Text] = [
        sentence % {"number": format_decimal(limits[name], locale=cldr(locale))}
        for name, sentence in _SENTENCES.items()
        if name in limits
    ]
    if limits.get("preference", 0) > 0:
        said.append(_("Where requests are otherwise equal, yours comes first."))
    return said
