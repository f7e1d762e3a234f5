"""Marking of text that people read.

Domain code marks its messages with `_`; nothing is translated here. The result is a `str` that still
carries its placeholders (`${name}`) and their values, so that whoever shows it, in HTTP or in a mail,
translates it for that reader.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from babel.dates import format_date
from babel.numbers import format_currency
from translationstring import TranslationString, TranslationStringFactory

DOMAIN = "infra_access"

_ = TranslationStringFactory(DOMAIN)

Text = TranslationString | str
"""Text for people: translatable where we wrote it, plain where a user did."""


class Money(NamedTuple):
    """An amount as a value of a text; days (`date`) and wall times (naive `datetime`) are such values too."""

    amount: Decimal
    currency: str


class Month(NamedTuple):
    """A month of a year as a value of a text."""

    year: int
    month: int


def shown(value: Any, locale: str) -> Any:
    """Return a value as readers of a CLDR locale write it; numbers and names as they are.

    >>> shown(date(2026, 3, 2), "en"), shown(datetime(2026, 3, 2, 9), "en"), shown(Month(2026, 3), "en")
    ('2 Mar 2026', '2 Mar 2026, 09:00', 'March 2026')
    """
    if isinstance(value, datetime):
        return f"{shown(value.date(), locale)}, {value:%H:%M}"
    if isinstance(value, date):
        return day(value, locale)
    if isinstance(value, Month):
        return format_date(date(value.year, value.month, 1), "y年M月" if locale == "ja" else "MMMM y", locale=locale)
    return money(value.amount, value.currency, locale) if isinstance(value, Money) else value


def day(value: date, locale: str, *, weekday: bool = False) -> str:
    """Return a day of a year, perhaps with its weekday; never as figures alone, which some read the other way round.

    >>> day(date(2026, 3, 2), "en"), day(date(2026, 3, 2), "en", weekday=True), day(date(2026, 3, 2), "ja")
    ('2 Mar 2026', 'Mon 2 Mar 2026', '2026年3月2日')
    """
    if locale == "ja":
        return str(format_date(value, "y年M月d日(EEE)" if weekday else "y年M月d日", locale=locale))
    return str(format_date(value, "EEE d MMM y" if weekday else "d MMM y", locale=locale))


def money(amount: Decimal, currency: str, locale: str) -> str:
    r"""Return an amount with the code of its currency, which "$" would not tell, and always two decimals.

    >>> money(Decimal("1234.5"), "EUR", "en")
    'EUR\xa01,234.50'
    """
    return str(format_currency(amount, currency, locale=locale, currency_digits=False, format="¤¤\xa0#,##0.00"))


def filled(text: Text, translate: Callable[[TranslationString], str], locale: str) -> str:
    """Return a text in a language, with its values filled in, which may be texts of their own.

    `translate` gives the words of that language; `locale` says how it writes days and amounts.
    """
    if not isinstance(text, TranslationString):
        return text
    if text.mapping:
        values = {
            key: filled(value, translate, locale) if isinstance(value, str) else shown(value, locale)
            for key, value in text.mapping.items()
        }
        text = TranslationString(
            str(text), domain=text.domain, default=text.default, mapping=values, context=text.context
        )
    return translate(text)


def plain(text: Text) -> str:
    """Return the untranslated English with its values filled in, for logs and the command line.

    >>> plain(_("${count} left", mapping={"count": 3}))
    '3 left'
    """
    return filled(text, _in_english, "en")


def _in_english(text: TranslationString) -> str:
    return str(TranslationString(text.default or str(text), mapping=text.mapping).interpolate())
