"""What drafts would change: as many parts at a turn as leave mails and sessions their own."""

from datetime import datetime, timedelta

from infra_access.access_requests.what_if_runs import work_on_runs
from infra_access.core import clock
from infra_access.core.db import Database

A_TURN = timedelta(seconds=4)


def try_drafts(database: Database, *, now: datetime) -> int:
    """Work out part after part until the turn is over or nothing is left, and return how many."""
    done, until = 0, clock.now() + A_TURN
    while work_on_runs(database, now=now):
        done += 1
        if clock.now() >= until:
            break
    return done
