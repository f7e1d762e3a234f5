"""The dated groups of countries that rules may name, each as its source lists it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.policy.models import CountryGroup


@dataclass(frozen=True, slots=True)
class DatedGroup:
    """A group with the one of the same kind that follows it, if there is one; rules name either by its own code."""

    group: CountryGroup
    followed_by: CountryGroup | None

    @property
    def until(self) -> date | None:
        """Return the day from which a later list of the same kind is."""
        return self.followed_by.as_of if self.followed_by is not None else None


def country_groups(session: Session) -> Sequence[DatedGroup]:
    """Return all groups by kind, the latest of each first. One statement."""
    groups = session.scalars(select(CountryGroup).order_by(CountryGroup.as_of.desc(), CountryGroup.code)).all()
    found: list[DatedGroup] = []
    latest: dict[str, CountryGroup] = {}
    for group in groups:
        found.append(DatedGroup(group, latest.get(_kind(group))))
        latest[_kind(group)] = group
    return sorted(found, key=lambda one: _kind(one.group))


def _kind(group: CountryGroup) -> str:
    return group.code.partition(":")[0]
