"""What booking rules may ask of an applicant: sector, size, startup, and how they stand to the facility."""

from datetime import datetime

from infra_access.policy.facts import Facts, Gap
from infra_access.policy.ruling import members
from infra_access.scheduling.places import LockedPlace

NONE = ""
"""Stands for a fact that is known to be absent: it matches nothing."""
_ASKED = ("sector", "size", "startup", "relation")
_RELATION = {True: "internal", False: "external"}


def known_of(applicant: Facts, place: LockedPlace, now: datetime) -> dict[str, object]:
    """Return what is known of an applicant at this place; what is not known is left out."""
    return known_at(applicant, place.facility.organisation_id, now)


def known_at(applicant: Facts, organisation_id: int, now: datetime) -> dict[str, object]:
    """Return what is known of an applicant at a facility of this organisation; what is not known is left out."""
    known = {name: applicant.value(f"applicant.{name}", now) for name in _ASKED}
    member_of = members(applicant)
    if member_of is not None and isinstance(known["relation"], Gap):
        known["relation"] = _RELATION[organisation_id in member_of]
    return {name: NONE if value is Gap.ABSENT else value for name, value in known.items() if value is not Gap.UNKNOWN}
