"""The days on which a team cannot come, or would rather come, where the facility chooses the time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from infra_access.access_requests.allocations import allocation_of
from infra_access.access_requests.models import AccessRequest, AccessRoute, DatePreference
from infra_access.access_requests.standing import locked, own_relations
from infra_access.access_requests.vocabularies import DateKind, TimeGiven
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line
from infra_access.core.zones import FIRST_YEAR, LAST_YEAR

MOST = 100
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """Whole local days of the facility, both included, of one kind: impossible or preferred."""

    first: date
    last: date
    kind: str
    reason: str = ""

    def has(self, day: date) -> bool:
        """Tell whether a day is one of them."""
        return self.first <= day <= self.last


def dates_of(session: Session, access_request_ids: Iterable[int]) -> dict[int, list[Days]]:
    """Return the days of several requests, by day. One statement."""
    keys = list(access_request_ids)
    found: dict[int, list[Days]] = {key: [] for key in keys}
    for row in session.execute(
        select(
            DatePreference.access_request_id,
            DatePreference.first_day,
            DatePreference.last_day,
            DatePreference.kind,
            DatePreference.reason,
        ).where(DatePreference.access_request_id.in_(keys))
    ):
        found[row.access_request_id].append(Days(row.first_day, row.last_day, row.kind, row.reason))
    return {key: sorted(listed) for key, listed in found.items()}


def takes_dates(route: AccessRoute) -> bool:
    """Tell whether the facility chooses the time on this way in, and so asks for days."""
    return route.time_given == TimeGiven.FACILITY_SCHEDULES


def set_dates(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    dates: Sequence[Mapping[str, Any]],
    expected_version: int | None = None,
) -> AccessRequest:
    """Replace the days of a request: each has `kind`, `first_day`, `last_day` and may have a `reason`.

    The requester may do so until all that was granted has its time, also long after the request was sent; it voids no
    approval. Raises Invalid naming each line, Conflict `dates.not_asked` or `dates.scheduled`.
    """
    require(actor, Permission.REQUEST_UPDATE, (), own_relations(access_request, actor))
    access_request = locked(session, access_request, expected_version)
    _refuse_needless(session, access_request)
    days = _cleaned(dates)
    session.execute(delete(DatePreference).where(DatePreference.access_request_id == access_request.id))
    if days:
        session.execute(
            insert(DatePreference),
            [
                {
                    "access_request_id": access_request.id,
                    "kind": one.kind,
                    "first_day": one.first,
                    "last_day": one.last,
                    "reason": one.reason,
                }
                for one in days
            ],
        )
    flag_modified(access_request, "state_since")  # who edits the same days elsewhere must notice
    session.flush()
    record(
        session,
        actor=actor,
        action="access_request.dates_set",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={"days": len(days)},
    )
    return access_request


def _refuse_needless(session: Session, access_request: AccessRequest) -> None:
    if not takes_dates(session.get_one(AccessRoute, access_request.route_id)):
        message = _("The facility does not choose the time on this way in, so it asks for no days.")
        raise Conflict("dates.not_asked", message)
    granted = allocation_of(session, access_request)
    if granted is not None and granted.used >= granted.amount:
        message = _("All that was granted has its time already. Decline a session that does not suit you, and say why.")
        raise Conflict("dates.scheduled", message)


def _cleaned(dates: Sequence[Mapping[str, Any]]) -> list[Days]:
    problems: dict[str, list[Text]] = {}
    if len(dates) > MOST:
        problems["dates"] = [_("Give at most ${most} of them.", mapping={"most": MOST})]
    days = [] if problems else [_days(one, f"dates.{place}.", problems) for place, one in enumerate(dates)]
    found = sorted({one for one in days if one is not None})
    impossible = [one for one in found if one.kind == DateKind.IMPOSSIBLE]
    for one in found:
        if one.kind == DateKind.PREFERRED and any(no.first <= one.last and one.first <= no.last for no in impossible):
            values = {"first": one.first.isoformat(), "last": one.last.isoformat()}
            message = _("From ${first} to ${last} cannot be both preferred and impossible.", mapping=values)
            problems.setdefault("dates", []).append(message)
    if problems:
        raise Invalid("dates.invalid", _("Some of the days are not right. Correct the ones named."), fields=problems)
    return found


def _days(given: Mapping[str, Any], path: str, problems: dict[str, list[Text]]) -> Days | None:
    own: dict[str, list[Text]] = {}
    first, last, kind = given.get("first_day"), given.get("last_day"), given.get("kind")
    for name, day in (("first_day", first), ("last_day", last)):
        if not isinstance(day, date) or not FIRST_YEAR <= day.year <= LAST_YEAR:
            own[path + name] = [_("Give a date such as 2026-03-02.")]
    if kind not in list(DateKind):
        own[path + "kind"] = [_("Give one of: ${choices}.", mapping={"choices": ", ".join(DateKind)})]
    try:
        reason = clean_line(given.get("reason") or "", field=path + "reason", max_length=LONGEST_REASON)
    except Invalid as error:
        own |= {name: list(texts) for name, texts in error.fields.items()}
        reason = ""
    if not own and last < first:  # type: ignore[operator]
        own[path + "last_day"] = [_("The last day lies before the first.")]
    problems.update(own)
    return None if own else Days(first, last, str(kind), reason)  # type: ignore[arg-type]
