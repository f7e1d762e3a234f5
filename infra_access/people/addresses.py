"""Mail addresses: one strict form, so that one person has one account and no address can carry a header."""

import re

from infra_access.core.errors import Invalid
from infra_access.core.i18n import _

LONGEST = 254

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# RFC 5321, 4.1.2 without quoted strings and address literals, which no provider gives out.
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?!\d+$){_LABEL}", re.ASCII)


def normalise_email(value: str, *, field: str = "email") -> str:
    """Return the address in its one lower-case form. Raises Invalid `email.invalid`, naming `field`.

    >>> normalise_email(" Wanjiku@Example.ORG ")
    'wanjiku@example.org'
    """
    address = value.strip().lower() if len(value) <= LONGEST * 2 else ""
    if len(address) > LONGEST or len(address.partition("@")[0]) > 64 or not _ADDRESS.fullmatch(address):
        message = _("This is not a mail address that we can write to. It must look like name@example.org.")
        raise Invalid("email.invalid", message, fields={field: [message]})
    return address
