"""What the worker does by the clock, and how often; each job takes the database and `now`, and may run at any time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from infra_access.access_requests.approvals.nationality import erase_needless
from infra_access.access_requests.approvals.reminding import remind
from infra_access.access_requests.approvals.reviews import remind_of_reviews
from infra_access.access_requests.rejoining import rejoin
from infra_access.accounting.falling_back import fall_back
from infra_access.core.db import Database
from infra_access.outcomes.expiring import expire_ended
from infra_access.outcomes.overdue import remind_of_reports
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.waiting.offers import make_offers
from infra_access.scheduling.windows.keeping import keep_up
from infra_access.worker.housekeeping import tidy
from infra_access.worker.sessions import attend
from infra_access.worker.what_ifs import try_drafts


class Work(Protocol):
    """One piece of work; it opens its own transactions, and is right however often it runs."""

    def __call__(self, database: Database, *, now: datetime) -> Any:
        """Do what is due now."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is done again once `every` has passed since it was last begun."""

    every: timedelta
    work: Work


JOBS: tuple[Job, ...] = (
    Job(timedelta(minutes=10), tidy),
    Job(timedelta(minutes=10), fall_back),
    Job(timedelta(minutes=10), remind),
    Job(timedelta(minutes=10), remind_of_reviews),
    Job(timedelta(minutes=10), rejoin),
    Job(timedelta(minutes=10), erase_needless),
    Job(timedelta(minutes=10), expire_ended),
    Job(timedelta(minutes=10), remind_of_reports),
    Job(timedelta(minutes=1), attend),
    Job(timedelta(seconds=20), keep_up),
    Job(timedelta(seconds=1), try_drafts),
    Job(timedelta(seconds=30), release_lapsed),
    Job(timedelta(seconds=30), make_offers),
)


class Rota:
    """Which jobs are due: each at once after the start, then by its own interval; one that failed at the next turn."""

    def __init__(self, jobs: Sequence[Job] = JOBS) -> None:
        """Keep when each job was last done."""
        self._done: list[tuple[Job, datetime | None]] = [(job, None) for job in jobs]

    def run(self, database: Database, now: Callable[[], datetime]) -> None:
        """Do what is due. A job that fails keeps no other from its turn; raises ExceptionGroup of all that failed."""
        errors: list[Exception] = []
        for place, (job, done) in enumerate(self._done):
            at = now()
            if done is not None and at - done < job.every:
                continue
            try:
                job.work(database, now=at)
            except Exception as error:
                errors.append(error)
            else:
                self._done[place] = (job, at)
        if errors:
            raise ExceptionGroup("jobs of the worker failed", errors)
