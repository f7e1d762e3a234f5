"""Amounts, months and the words of accounting as people read them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

from infra_access.accounting.vocabularies import FundingKind, PoolPurpose
from infra_access.core import i18n
from infra_access.core.i18n import Text, _
from infra_access.http.localisation import cldr
from infra_access.ledger.vocabularies import UsageKind

FUNDING: Mapping[str, Text] = {
    FundingKind.COST_CENTRE: _("Cost centre"),
    FundingKind.GRANT: _("Grant"),
    FundingKind.PURCHASE_ORDER: _("Purchase order"),
    FundingKind.VOUCHER: _("Voucher"),
    FundingKind.PROGRAMME: _("Programme"),
    FundingKind.WAIVER: _("Waiver"),
}
USAGE: Mapping[str, Text] = {
    UsageKind.USED: _("Used"),
    UsageKind.LOST: _("Lost"),
    UsageKind.NO_SHOW: _("Nobody came"),
    UsageKind.ADJUSTED: _("Correction"),
}
PURPOSES: Mapping[str, Text] = {
    PoolPurpose.OPEN_CALL: _("Open call"),
    PoolPurpose.PROPRIETARY: _("Paid, results stay private"),
    PoolPurpose.IN_HOUSE: _("In-house"),
    PoolPurpose.SET_ASIDE: _("Set aside"),
}


def money(amount: Decimal, currency: str, locale: str) -> str:
    r"""Return an amount in its currency, always with its two decimals.

    >>> money(Decimal("1234.5"), "EUR", "qps")
    'EUR\xa01,234.50'
    """
    return i18n.money(amount, currency, cldr(locale))


def number(amount: Decimal, locale: str) -> str:
    """Return a number of units.

    >>> number(Decimal("7.50"), "en")
    '7.5'
    """
    return str(format_decimal(amount, locale=cldr(locale)))


def month_name(month: str, locale: str) -> str:
    """Return the name of a month such as "2026-03".

    >>> month_name("2026-03", "en")
    'March 2026'
    """
    return str(format_date(date(int(month[:4]), int(month[5:]), 1), "MMMM yyyy", locale=cldr(locale)))
