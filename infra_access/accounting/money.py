"""Rounding of money, in one place: to hundredths of the main unit, halves away from zero (ROUND_HALF_UP).

A whole that is split gives its parts by rounding all but the last, which takes what is left: parts always sum to it.
"""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Return an amount of money rounded to hundredths.

    >>> cents(Decimal("0.125")), cents(Decimal("-0.125"))
    (Decimal('0.13'), Decimal('-0.13'))
    """
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """Return what `part` out of `of` comes to of a whole, rounded; nothing where there is nothing to share.

    >>> share(Decimal("100.00"), Decimal(1), Decimal(3))
    Decimal('33.33')
    """
    return cents(whole * part / of) if of else Decimal("0.00")
