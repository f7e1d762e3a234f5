"""Public ids of our own, and the check digits of ROR and ORCID identifiers.

A public id is random and says nothing: neither how many things there are nor in which order they were made.
"""

import re
import secrets

from infra_access.core.errors import Invalid
from infra_access.core.i18n import _

# Crockford's base32: no i, l, o and u, which are misread or make words.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PUBLIC_ID_LENGTH = 16

_ROR = re.compile(r"(?:(?:https?://)?(?:www\.)?ror\.org/)?(0[0-9a-hjkmnp-tv-z]{6}[0-9]{2})/?", re.ASCII | re.IGNORECASE)
_ORCID = re.compile(
    r"(?:(?:https?://)?(?:www\.)?orcid\.org/)?([0-9]{4})-?([0-9]{4})-?([0-9]{4})-?([0-9]{3}[0-9X])/?",
    re.ASCII | re.IGNORECASE,
)


ID_PATTERN = "[0-9a-hjkmnp-tv-z]{16}"
"""How a public id is written."""


def new_public_id() -> str:
    """Return a new opaque id of 16 characters (80 random bits).

    >>> len(new_public_id())
    16
    """
    # 32 divides 256, so each byte gives each character alike.
    return "".join(_ALPHABET[byte % 32] for byte in secrets.token_bytes(_PUBLIC_ID_LENGTH))


def normalise_ror(value: str) -> str:
    """Return a ROR id in its full form, given as an address or bare, in any case.

    The last two digits are 98 - (n * 100 mod 97), n being the six characters between the leading 0 and them
    read in Crockford's base32.

    Raises:
        Invalid: `ror.invalid`, where the form or the check digits are wrong.

    Source: https://ror.readme.io/docs/identifier

    >>> normalise_ror("ROR.org/02MHBDP94")
    'https://ror.org/02mhbdp94'
    """
    match = _ROR.fullmatch(value.strip())
    if match is None:
        raise Invalid(
            "ror.invalid",
            _(
                "This is not a ROR id. One looks like https://ror.org/02mhbdp94:"
                " a 0, six letters or digits and two digits. Copy it from ror.org."
            ),
        )
    identifier = match[1].lower()
    number = 0
    for character in identifier[1:7]:
        number = number * 32 + _ALPHABET.index(character)
    if 98 - number * 100 % 97 != int(identifier[7:]):
        raise Invalid(
            "ror.invalid",
            _("The check digits of this ROR id do not fit, so a character is mistyped. Copy it again from ror.org."),
        )
    return f"https://ror.org/{identifier}"


def normalise_orcid(value: str) -> str:
    """Return an ORCID iD in its full form, given as an address, with or without hyphens.

    The last character is the ISO 7064 MOD 11-2 check character of the fifteen digits before it.

    Raises:
        Invalid: `orcid.invalid`, where the form or the check character is wrong.

    Source: https://support.orcid.org/hc/en-us/articles/360006897674

    >>> normalise_orcid("0000-0002-1694-233x")
    'https://orcid.org/0000-0002-1694-233X'
    """
    match = _ORCID.fullmatch(value.strip())
    if match is None:
        raise Invalid(
            "orcid.invalid",
            _(
                "This is not an ORCID iD. One looks like https://orcid.org/0000-0002-1825-0097:"
                " sixteen digits, of which the last may be an X. Copy it from orcid.org."
            ),
        )
    groups = [group.upper() for group in match.groups()]
    digits = "".join(groups)
    total = 0
    for digit in digits[:15]:
        total = (total + int(digit)) * 2
    expected = (12 - total % 11) % 11
    if digits[15] != ("X" if expected == 10 else str(expected)):
        raise Invalid(
            "orcid.invalid",
            _("The check digit of this ORCID iD does not fit, so a digit is mistyped. Copy it again from orcid.org."),
        )
    return "https://orcid.org/" + "-".join(groups)
