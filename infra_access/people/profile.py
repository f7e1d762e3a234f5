"""What a person may say about themselves, and how each part is checked, for sign-up, invitation and change alike."""

import re
from collections.abc import Mapping
from typing import Any

from infra_access.catalogue.countries import valid_country, valid_zone
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.ids import normalise_orcid
from infra_access.core.input_text import clean_line

FIELDS = ("name", "phone", "orcid", "country_of_work", "locale", "timezone")

_LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./x-]{3,58}")


def clean_profile(given: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the given parts of a profile in their stored form.

    Raises Invalid `profile.invalid` with every wrong part in `fields` at once.
    """
    clean: dict[str, str | None] = {}
    wrong: dict[str, list[Text]] = {}
    for name, value in given.items():
        try:
            clean[name] = _clean(name, value)
        except Invalid as error:
            wrong[name] = [error.message]
    if wrong:
        raise Invalid("profile.invalid", next(iter(wrong.values()))[0], fields=wrong)
    return clean


def _clean(name: str, value: Any) -> str | None:
    if name not in FIELDS:
        raise Invalid("profile.unknown", _("There is no such part of an account."))
    if value is not None and not isinstance(value, str):
        raise Invalid("profile.text", _("This must be text."))
    text = (value or "").strip()
    if name in {"phone", "orcid", "country_of_work"} and not text:
        return None
    match name:
        case "name":
            return clean_line(text, field=name, max_length=200, required=True)
        case "phone":
            if not _PHONE.fullmatch(text):
                raise Invalid("phone.invalid", _("This is not a telephone number. Write it like +254 20 1234567."))
            return text
        case "orcid":
            return normalise_orcid(text)
        case "country_of_work":
            return valid_country(text)
        case "timezone":
            return valid_zone(text)
        case _:
            if len(text) > 10 or not _LOCALE.fullmatch(text):
                raise Invalid("locale.invalid", _("This is not a language code such as en or ja."))
            return text
