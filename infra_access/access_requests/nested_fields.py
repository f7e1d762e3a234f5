"""The checks of the parts of a request that are objects themselves: project, samples, participants.

A person names a document or a source of funding by its reference; each counts as met for the rules that ask for it. An
assurance that they state by its code does not: somebody else has to note it. Who approves sees what was stated.
"""

import re
from collections.abc import Mapping
from typing import Any

from infra_access.access_requests import end_use
from infra_access.access_requests.vocabularies import ParticipantRole, Presence
from infra_access.catalogue import fields
from infra_access.catalogue.vocabularies import Biosafety, Fate
from infra_access.core.i18n import _
from infra_access.people.addresses import normalise_email
from infra_access.people.profile import clean_profile

MAX_SAMPLES = 200
MAX_PARTICIPANTS = 50

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def project(value: Any, field: str) -> dict[str, Any]:
    """Check what a request says about its project, with its samples."""
    return parts(value, field, _PROJECT)


def participants(value: Any, field: str) -> list[dict[str, Any]]:
    """Check the members of a team, each for itself; organisations stay as they were given."""
    members = _list(value, field, _PARTICIPANT, MAX_PARTICIPANTS)
    for position, member in enumerate(members):
        for part in ("email", "name", "role"):
            if not member.get(part):
                raise fields.fault("text.empty", f"{field}.{position}.{part}", _("This is empty. Please fill it in."))
        if member["email"] in (earlier["email"] for earlier in members[:position]):
            message = _("This address stands in the team twice. Name each person once.")
            raise fields.fault("participants.twice", f"{field}.{position}.email", message)
    return members


def parts(value: Any, field: str, cleaners: Mapping[str, fields.Cleaner]) -> dict[str, Any]:
    """Check an object by its parts; each fault is named by its place in it."""
    if not isinstance(value, Mapping):
        raise fields.fault("value.type", field, _("This must be an object with its parts."))
    stored = fields.cleaned(
        {f"{field}.{name}": part for name, part in value.items() if part is not None},
        {f"{field}.{name}": check for name, check in cleaners.items()},
    )
    return {name.removeprefix(f"{field}."): part for name, part in stored.items()}


def _list(value: Any, field: str, cleaners: Mapping[str, fields.Cleaner], most: int) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple):
        raise fields.fault("value.type", field, _("This must be a list."))
    if len(value) > most:
        message = _("These are more than ${most}. Please shorten the list.", mapping={"most": most})
        raise fields.fault("list.too_long", field, message)
    return [parts(entry, f"{field}.{position}", cleaners) for position, entry in enumerate(value)]


def _code(value: Any, field: str) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        message = _("This is no code. Codes are small letters, digits, points and dashes.")
        raise fields.fault("code.invalid", field, message)
    return value


def _references(value: Any, field: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > 50:
        raise fields.fault("value.type", field, _("This must name each document by its code, with its reference."))
    return {
        _code(code, field): fields.line(200, required=True)(reference, f"{field}.{code}")
        for code, reference in value.items()
    }


def _hyphenated(check: fields.Cleaner) -> fields.Cleaner:
    return lambda value, field: check(value.replace("_", "-") if isinstance(value, str) else value, field)


def _phone(value: Any, field: str) -> str | None:
    return clean_profile({"phone": value})["phone"]


def _address(value: Any, field: str) -> str:
    return normalise_email(fields.line(500)(value, field), field=field)


def _end_use(value: Any, field: str) -> dict[str, Any]:
    declared = parts(value, field, end_use.PARTS)
    if declared.get("peaceful") is False:
        raise fields.fault("end_use.not_peaceful", f"{field}.peaceful", end_use.NOT_PEACEFUL)
    return declared


_SAMPLE: Mapping[str, fields.Cleaner] = {
    "kind": fields.line(100, required=True),
    "country": fields.country,
    "hazards": fields.list_of(fields.line(100, required=True)),
    "biosafety": fields.one_of(Biosafety),
    "fate": fields.one_of(Fate),
    "documents": _references,
}
_PROJECT: Mapping[str, fields.Cleaner] = {
    "purpose": fields.line(200),
    "field": fields.line(200),
    "funding": _code,
    "funder": fields.line(200),
    "funder_country": fields.country,
    "sdgs": fields.list_of(fields.line(10, required=True)),
    "dual_use": fields.flag,
    "ethics_approved": fields.flag,
    "assurances": fields.list_of(_code),
    "documents": _references,
    "end_use": _end_use,
    "samples": lambda value, field: _list(value, field, _SAMPLE, MAX_SAMPLES),
}
_PARTICIPANT: Mapping[str, fields.Cleaner] = {
    "email": _address,
    "name": fields.line(200, required=True),
    "phone": _phone,
    "role": _hyphenated(fields.one_of(ParticipantRole)),
    "organisation": fields.optional_line(40),
    "country_of_work": fields.country,
    "presence": _hyphenated(fields.one_of(Presence)),
    "remote_from": fields.country,
}
