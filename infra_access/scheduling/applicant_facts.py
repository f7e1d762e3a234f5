"""What booking rules may ask of an applicant: sector, size, startup, and how they stand to the facility."""

from datetime import datetime

from infra_access.policy.applicants import Applicant
from infra_access.policy.facts import Facts, Gap
from infra_access.policy.ruling import members, relation_to
from infra_access.scheduling.places import LockedPlace

NONE = ""
"""Stands for a fact that is known to be absent: it matches nothing."""
_ASKED = ("sector", "size", "startup", "relation")


def known_of(applicant: Applicant, place: LockedPlace, now: datetime) -> dict[str, object]:
    """Return what is known of an applicant at this place; what is not known is left out."""
    relation = relation_to(place.seen_by_policy(), applicant, members(applicant), now)
    facts = applicant.joined(Facts.of(relation))
    known = {name: facts.value(f"applicant.{name}", now) for name in _ASKED}
    return {name: NONE if value is Gap.ABSENT else value for name, value in known.items() if value is not Gap.UNKNOWN}
