"""Codes of export control lists, in the form of Annex I to Regulation (EU) 2021/821, or of a national list.

3A001.a.2 is category 3, group A, item 001, and what follows the points leads to a part of it. The code of a national
list has the country before it, such as US:EAR99, and is checked for no more than letters, digits and points.

Source: Regulation (EU) 2021/821, Annex I
"""

import re
from typing import Any

from infra_access.catalogue import fields
from infra_access.core.i18n import _

_MAX = 60
_EU = re.compile(r"([0-9][A-E][0-9]{3})((?:\.[a-z0-9]{1,4})*)", re.IGNORECASE)
_NATIONAL = re.compile(r"([A-Z]{2}):([A-Z0-9]{2,12})((?:\.[a-z0-9]{1,4})*)", re.IGNORECASE)
_line = fields.line(_MAX, required=True)


def control_code(value: Any, field: str) -> str:
    """Return a code as it is written: capitals up to the first point, then small letters. Raises Invalid.

    >>> control_code("3a001.A.2", "control_codes.0"), control_code("us:ear99", "control_codes.1")
    ('3A001.a.2', 'US:EAR99')
    """
    text: str = _line(value, field)
    if found := _EU.fullmatch(text):
        return found[1].upper() + found[2].lower()
    if found := _NATIONAL.fullmatch(text):
        return f"{fields.country(found[1].upper(), field)}:{found[2].upper()}{found[3].lower()}"
    message = _(
        "This is no control code. One of Annex I to Regulation (EU) 2021/821 looks like 3A001.a.2: a digit, a letter "
        "from A to E, three digits. Write the country before one of a national list: US:EAR99."
    )
    raise fields.fault("control_code.invalid", field, message)
