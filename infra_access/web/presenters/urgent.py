"""What somebody should do next, the most urgent first: each with where to do it and by when."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from infra_access.access_requests.allocation_queries import AllocationView
from infra_access.access_requests.approvals.nationality_queries import ToSay
from infra_access.access_requests.consents import is_drawable
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.request_queries import RequestItem
from infra_access.access_requests.terms.waiting import TermsWaiting
from infra_access.access_requests.vocabularies import TimeGiven
from infra_access.core.i18n import Text, _
from infra_access.people.models import Training
from infra_access.scheduling.booking_queries import BookingView

SOON = timedelta(days=30)
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do. `about` is a name, which nobody translates; `route` and `key` lead there; `due` may be None."""

    rank: int
    words: Text
    about: str
    route: str
    key: str | None
    due: datetime | None = None


_KEPT = _("Book the time that is kept for you, or give it back")
_LATE = _("Your report is overdue: say what came of it")
_OF_REQUESTS: dict[str, tuple[int, Text]] = {
    RequestState.CHANGES_REQUESTED: (0, _("Make the changes that were asked for, and send it again")),
    RequestState.DRAFT: (4, _("Finish your draft and send it")),
}


def urgent(
    requests: Iterable[RequestItem],
    grants: Iterable[AllocationView],
    trainings: Iterable[Training],
    *,
    account_id: int | None,
    terms: Iterable[TermsWaiting],
    waiting: int,
    booked: Sequence[int],
    now: datetime,
    proposed: Iterable[BookingView] = (),
    kept: Iterable[BookingView] = (),
    offered: Collection[str] = (),
    nationality: Iterable[ToSay] = (),
) -> list[Todo]:
    """Return what to do; `terms` and `waiting` approvals are the reader's, `booked` the grants with time to come.

    `proposed` are the sessions that the facility proposes, to be answered by a date; `kept` those that are held for
    the reader, of which the `offered` came from a wait list. `nationality` are approvals that ask the reader for it.
    """
    found = [*_requests(requests, account_id, now), *_grants(grants, booked, now), *_trainings(trainings, now.date())]
    found += (
        Todo(1, _("Read the terms, and see that they are accepted"), one.title, "access_request", one.access_request)
        for one in terms
    )
    found += (
        Todo(0, _("Accept or decline the proposed time"), one.instrument.name, "booking", one.booking.public_id, due)
        for one in proposed
        if (due := one.booking.answer_by) is not None and due > now
    )
    found += _kept(kept, offered, now)
    found += (
        Todo(
            0,
            _("Say your nationality, which a decision waits for"),
            one.title,
            "approval_nationality",
            one.approval,
            one.due,
        )
        for one in nationality
    )
    if waiting:
        words = _("Requests wait for your verdict: ${count}", mapping={"count": waiting})
        found.append(Todo(0, words, "", "approvals", None))
    return sorted(found, key=lambda todo: (todo.rank, todo.due or _FAR))


def _kept(kept: Iterable[BookingView], offered: Collection[str], now: datetime) -> Iterator[Todo]:
    for one in kept:
        due, key = one.booking.answer_by, one.booking.public_id
        if due is not None and due > now:
            words = _("A time came free: book it, or leave it to the next") if key in offered else _KEPT
            yield Todo(0, words, one.instrument.name, "booking", key, due)


def _requests(requests: Iterable[RequestItem], account_id: int | None, now: datetime) -> Iterator[Todo]:
    for item in requests:
        row = item.access_request
        if row.requester_id != account_id:
            continue
        if row.state in _OF_REQUESTS:
            rank, words = _OF_REQUESTS[row.state]
            yield Todo(rank, words, row.title, "access_request", row.public_id)
        elif item.report is not None and item.report.met_at is None:
            due = item.report.due_at
            rank, words = (1, _LATE) if due <= now else (3, _("Report what came of it"))
            yield Todo(rank, words, row.title, "access_request", row.public_id, due)


def _grants(grants: Iterable[AllocationView], booked: Sequence[int], now: datetime) -> Iterator[Todo]:
    for view in grants:
        grant = view.allocation
        bookable = is_drawable(grant, now) and view.left > 0
        if bookable and grant.id not in booked and view.route.time_given == TimeGiven.TEAM_PICKS:
            words = _("Book the time that you were granted")
            title, key = view.access_request.title, view.access_request.public_id
            yield Todo(2, words, title, "access_request", key, grant.valid_until)


def _trainings(trainings: Iterable[Training], today: date) -> Iterator[Todo]:
    for one in trainings:
        if one.expires_on is not None and one.expires_on - today <= SOON:
            due = datetime.combine(one.expires_on, time(), UTC)
            yield Todo(3, _("A training of yours expires"), one.code, "account", None, due)
