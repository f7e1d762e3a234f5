"""Reading what the forms of accounting send: amounts."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from infra_access.core.errors import Invalid
from infra_access.core.i18n import _

_LONGEST = 20


def decimal_in(entered: Mapping[str, str], field: str) -> Decimal:
    """Return a posted amount. Raises Invalid naming the field."""
    text = entered.get(field, "").strip()
    try:
        found = Decimal(text) if len(text) <= _LONGEST else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        message = _("Give a number such as 12 or 7.5.")
        raise Invalid("form.number", message, fields={field: [message]})
    return found
