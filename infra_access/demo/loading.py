"""Loading the demonstration. Running it again adds what is missing, such as this week's bookings.

Instants count from the Monday of this week, and what lies in the past goes through the commands with the `now` of
its day, in order, so that every rule was met when it was done.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from infra_access.catalogue.models import Facility, Instrument, Organisation, Resource
from infra_access.core.authority import Actor, system_actor
from infra_access.core.db import Database
from infra_access.demo import (
    accounting_loading,
    activity_loading,
    agreements_loading,
    approvals_loading,
    exchange_loading,
    mirror_loading,
    orders_loading,
    people_loading,
    place_loading,
    schedules_loading,
    upkeep_loading,
    ways_loading,
)
from infra_access.demo.dataset import Dataset, dataset
from infra_access.demo.series_loading import series
from infra_access.people.passwords import hash_password

PASSWORD = "demo-password-2026"
"""Of every demonstration account; the demonstration is refused in production."""

MAIN_ACCOUNTS = ("manager", "startup", "researcher", "administrator", "officer", "auditor", "admin")
HISTORY = timedelta(weeks=60)


@dataclass
class World:
    """What is being loaded into: rows by the keys of the data."""

    data: Dataset
    actor: Actor
    now: datetime
    monday: date
    organisations: dict[str, Organisation] = field(default_factory=dict)
    facilities: dict[str, Facility] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    routes: dict[str, str] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)

    @property
    def long_ago(self) -> datetime:
        """Return the instant at which places, people and rules came to be."""
        return self.days_ago(HISTORY.days)

    def days_ago(self, days: int) -> datetime:
        """Return nine in the morning, UTC, so many days before this week's Monday."""
        return datetime(self.monday.year, self.monday.month, self.monday.day, 9, tzinfo=UTC) - timedelta(days=days)


def load_demo(database: Database, *, now: datetime) -> dict[str, int]:
    """Load what is missing and return how many of each kind there are then."""
    world = World(dataset(), system_actor("demo"), now, now.date() - timedelta(days=now.weekday()))
    password_hash = hash_password(PASSWORD)
    for load in (
        place_loading.organisations,
        lambda session, world: people_loading.accounts(session, world, password_hash),
        place_loading.facilities,
        place_loading.instruments,
        people_loading.roles,
        ways_loading.groups,
        ways_loading.routes,
        ways_loading.policies,
        accounting_loading.pools,
        agreements_loading.frameworks,
        activity_loading.requests,
        approvals_loading.around_approvals,
        activity_loading.overrides,
        activity_loading.bookings,
        activity_loading.questions,
        series,
        orders_loading.service_orders,
        accounting_loading.voucher_and_quote,
        accounting_loading.first_line,
        exchange_loading.contribution,
        schedules_loading.schedules,
        upkeep_loading.upkeep,
        mirror_loading.mirrored,
    ):
        with database.writer() as session:
            load(session, world)
    return {
        "organisations": len(world.organisations),
        "facilities": len(world.facilities),
        "instruments": len(world.instruments),
        "accounts": len(world.accounts),
        "routes": len(world.routes),
        "requests": len(world.requests),
    }
