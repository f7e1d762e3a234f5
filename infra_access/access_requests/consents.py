"""A consent that was to be looked at again and was not renewed in time: nothing new is booked on what it carries."""

from collections.abc import Iterable
from datetime import datetime

from infra_access.access_requests.models import Allocation, Approval
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _


def first_review(given: Iterable[Approval]) -> datetime | None:
    """Return when the first of all that was consented to is looked at again, if any is."""
    return min((one.review_at for one in given if one.review_at is not None), default=None)


def lapsed_at(allocation: Allocation, now: datetime) -> datetime | None:
    """Return since when a consent behind a grant has lapsed; None where none has."""
    return allocation.review_at if allocation.review_at is not None and allocation.review_at <= now else None


def is_drawable(allocation: Allocation, now: datetime) -> bool:
    """Tell whether something new can be drawn on a grant now, as long as units are left."""
    active = allocation.state == AllocationState.ACTIVE and allocation.valid_until > now
    return active and lapsed_at(allocation, now) is None


def consent_lapsed(since: datetime) -> Conflict:
    """Return the refusal of anything new where a consent was not renewed in time."""
    return Conflict(
        "allocation.consent_lapsed",
        _(
            "A consent to this access was to be looked at again by ${since} (UTC) and was not renewed, so nothing new "
            "can be booked on it. What is booked stands. Whoever gave the consent can renew it: the page of the "
            "request says who that is.",
            mapping={"since": f"{since:%Y-%m-%d %H:%M}"},
        ),
        details={"review_at": since.isoformat()},
    )
