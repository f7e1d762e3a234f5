"""The demonstration, loaded once and set back in a moment: what the gates, the browser and the contract look at.

Everything happens on one Wednesday morning, whatever day the tests run on. Objects and people have names here, so that
a test can say "the booking that startup@ owns" and find its id.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyramid.events import NewRequest
from pyramid.registry import Registry
from pyramid.router import Router
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.models import PolicyOverride, RequestCorrection, StandingAuthorisation
from infra_access.access_requests.approvals.nationality import declare
from infra_access.access_requests.approvals.reviews import set_review
from infra_access.access_requests.drafting import create_access_request
from infra_access.access_requests.models import (
    AccessRequest,
    AccessRound,
    AccessRoute,
    Allocation,
    Approval,
    Conversation,
)
from infra_access.access_requests.opinions.asking import ask_opinion
from infra_access.access_requests.opinions.by_link import make_link as make_link_of_opinion
from infra_access.access_requests.submitting import submit
from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.access_requests.what_if_runs import start_run, work_on_runs
from infra_access.accounting.models import AccessPeriod, AccessPool, FundingSource, Quote
from infra_access.catalogue.models import Facility, Instrument, Organisation, Resource
from infra_access.config import configure
from infra_access.core import clock
from infra_access.core.authority import NETWORK
from infra_access.core.db import Database
from infra_access.core.migrations import upgrade
from infra_access.core.sealing import Sealer
from infra_access.core.timespan import TimeSpan
from infra_access.demo.dataset import dataset
from infra_access.demo.loading import load_demo
from infra_access.ledger.models import UsageLine
from infra_access.orders.models import ServiceOrder
from infra_access.outcomes.models import Outcome
from infra_access.people.actors import load_actor
from infra_access.people.links import make_link
from infra_access.people.models import Account, ApiToken, Assurance, RoleGrant
from infra_access.people.trainings import add_training
from infra_access.policy.models import CountryGroup, PolicyDocument
from infra_access.scheduling.bookings import book_and_show
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.models import BookingSeries
from infra_access.scheduling.upkeep.models import Closure
from infra_access.scheduling.waiting.wait_list import join
from infra_access.screening.loading import load_list
from infra_access.settings import Settings
from tests.factories.access_requests import SYSTEM
from tests.factories.people import make_login, make_token
from tests.factories.screening import simple_csv

NOW = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)
"""The Wednesday on which the demonstration is looked at."""

HOST = "localhost"
MISSING = "0" * 16
"""Looks like the id of something, and is the id of nothing."""

SECRET = "a secret of the tests that nothing rests on"
DOOMED = "infra_access.tests.doomed"
BROKEN = "infra_access.tests.broken"


class Broken(Exception):
    """A defect, raised where a test asks for one."""


@dataclass(frozen=True)
class DemoWorld:
    """A loaded demonstration, ids of typical objects by kind and name, and each person's ways to be known."""

    url: str
    template: Path
    database: Database
    ids: Mapping[str, Mapping[str, str]]
    cookies: Mapping[str, str]
    tokens: Mapping[str, str]
    app: Router = field(repr=False)

    @property
    def registry(self) -> Registry:
        """Return the application's registry, with its introspection."""
        registry: Registry = self.app.registry
        return registry

    def set_back(self) -> None:
        """Undo everything that happened since it was loaded."""
        self.database.dispose()
        path = Path(str(self.database.engine.url.database))
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self.template, path)


@contextmanager
def stopped_clock() -> Iterator[None]:
    """Let it be the Wednesday within the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW)
        yield


@contextmanager
def demo_world(folder: Path, *, base_url: str = f"http://{HOST}") -> Iterator[DemoWorld]:
    """Give a demonstration on SQLite in this folder, and close it afterwards; use it while the clock is stopped."""
    url = f"sqlite:///{folder / 'demo.sqlite'}"
    upgrade(url)
    database = Database.connect(url)
    with stopped_clock():
        load_demo(database, now=NOW)
        with database.writer() as session:
            known = _people(session)
            cookies = {name: make_login(session, account, now=NOW) for name, account in known.items()}
            tokens = {name: make_token(session, account, now=NOW) for name, account in known.items()}
            tokens["startup-reader"] = make_token(session, known["startup"], scope="read", now=NOW)
            link = make_link(session, known["startup"], now=NOW)
            known["researcher"].email_confirmed_at = None
            waits = _waits(session, known["startup"])
            trainings = _trained(session, known["startup"])
        runs = _runs(database)
        with database.reader() as session:
            links = {"startup": link}
            ids = {**_ids(session), "set-password": links, "confirm-address": links, "wait-list": waits}
            ids["what-if-runs"] = runs
            ids["trainings"] = trainings
            ids["bookings"] |= _held(session)
        with database.writer() as session:
            ids["approvals"] |= _screened(session, ids, known["company-de"])
            asked, token = _expert_asked(session, ids, known["manager"])
            ids["approvals"] |= {"soil-iron opinion": asked}
            ids["opinions"] = {"soil-iron": token}
            ids["approvals"] |= _nationality_asked(session, ids, known["company-de"])
            _looked_at_again(session, ids)
        database.dispose()
        template = folder / "template.sqlite"
        _fold_in(folder / "demo.sqlite")
        shutil.copyfile(folder / "demo.sqlite", template)
    yield DemoWorld(url, template, database, ids, cookies, tokens, _app(url, database, base_url))
    database.dispose()


def _trained(session: Session, account: Account) -> dict[str, str]:
    """Record that somebody completed a training at the manager's facility; return the id of that."""
    facility = session.scalars(select(Facility).where(Facility.source_id == "demo:swiss-light-source")).one()
    values = {"code": "sls-evacuation", "issuer": facility.name, "completed_on": NOW.date()}
    made = add_training(session, actor=SYSTEM, now=NOW, account=account, facility=facility, **values)
    return {"startup": made.public_id}


def _runs(database: Database) -> dict[str, str]:
    """Let it be worked out two days before what rules of the manager's would change; return the id of that."""
    asked = NOW - timedelta(days=2)
    with database.writer() as session:
        rules = session.scalars(select(PolicyDocument).where(PolicyDocument.name == "startups-and-smes")).all()
        runs = {
            f"{one.scope_kind} {one.name}": start_run(
                session, actor=SYSTEM, now=asked, document=one, scopes=(NETWORK,)
            ).public_id
            for one in rules
        }
    while work_on_runs(database, now=asked):
        pass
    return runs


def _waits(session: Session, account: Account) -> dict[str, str]:
    """Let somebody keep a time, which lapses within minutes, and wait for another; return the id of the latter."""
    actor = load_actor(session, account.id, now=NOW)
    instrument = session.scalars(select(Instrument).where(Instrument.source_id == "demo:njoro-climate-chamber")).one()
    place = place_of(session, instrument.id)
    day = NOW + timedelta(days=9)
    kept = [Wish(TimeSpan(day, day + timedelta(hours=8)))]
    book_and_show(session, actor=actor, now=NOW, place=place, wishes=kept, hold=True)
    span = {"earliest": NOW, "latest": NOW + timedelta(days=7), "minutes": 480}
    return {"startup": join(session, actor=actor, now=NOW, place=place, **span).public_id}


def _screened(session: Session, ids: Mapping[str, Mapping[str, str]], account: Account) -> dict[str, str]:
    """Let a firm ask for an instrument under export control, with its name on a list; return the officer's approval."""
    load_list(session, actor=SYSTEM, now=NOW, content=simple_csv([f"T-1,Person,{account.name},,,,,,,,,,,,"]))
    request = create_access_request(
        session,
        actor=load_actor(session, account.id, now=NOW),
        now=NOW,
        route=ids["routes"]["braga-clean-room Clean room for companies"],
        title="Finer gratings",
        regime="proprietary",
        acting_for=ids["organisations"]["demo-optics-de"],
        instruments=[ids["instruments"]["braga-ebeam"]],
        quantity="4",
        access_unit="hour",
        period=(NOW + timedelta(days=60), NOW + timedelta(days=90)),
        access_type="physical",
        project={
            "purpose": "research",
            "field": "engineering",
            "dual_use": False,
            "end_use": {"user": "Ourselves", "use": "Finer gratings", "countries": ["DE"], "peaceful": True},
        },
    )
    submit(session, actor=load_actor(session, account.id, now=NOW), now=NOW, access_request=request)
    officer = select(Approval.public_id).where(
        Approval.role == "export_control_officer", Approval.subject_public_id == request.public_id
    )
    return {"finer-gratings export_control_officer": session.scalars(officer).one()}


def _expert_asked(session: Session, ids: Mapping[str, Mapping[str, str]], account: Account) -> tuple[str, str]:
    """Let the manager ask an expert; return the address of the question within its approval, and the expert's token."""
    wanted = ids["approvals"]["soil-iron facility_manager"]
    opinion = ask_opinion(
        session,
        actor=load_actor(session, account.id, now=NOW),
        now=NOW,
        approval=session.scalars(select(Approval).where(Approval.public_id == wanted)).one(),
        email="other@demo.example",
        name="Dr. Ines Duarte",
        question="Is this depth of iron of interest elsewhere?",
    )
    return f"{wanted}/{opinion.public_id}", make_link_of_opinion(session, opinion)


def _nationality_asked(session: Session, ids: Mapping[str, Mapping[str, str]], account: Account) -> dict[str, str]:
    """Let a firm ask for a place that asks visitors for their nationality; return the officer's approval."""
    actor = load_actor(session, account.id, now=NOW)
    request = create_access_request(
        session,
        actor=actor,
        now=NOW,
        route=ids["routes"]["delhi-engineering-tests Engineering tests"],
        title="Wind on a housing",
        regime="proprietary",
        acting_for=ids["organisations"]["demo-optics-de"],
        instruments=[ids["instruments"]["delhi-wind-tunnel"]],
        quantity="4",
        access_unit="hour",
        period=(NOW + timedelta(days=60), NOW + timedelta(days=90)),
        access_type="physical",
        project={"purpose": "research", "field": "engineering", "dual_use": False},
    )
    submit(session, actor=actor, now=NOW, access_request=request)
    asking = select(Approval).where(
        Approval.role == "export_control_officer", Approval.subject_public_id == request.public_id
    )
    approval = session.scalars(asking).one()
    declare(session, actor=actor, now=NOW, approval=approval, nationalities=["DE"], sealer=Sealer((), SECRET))
    return {"wind-housing export_control_officer": approval.public_id}


def _held(session: Session) -> dict[str, str]:
    return {"held": session.scalars(select(Booking.public_id).where(Booking.state == "held")).one()}


def _fold_in(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _app(url: str, database: Database, base_url: str) -> Router:
    config = configure(
        Settings.from_ini(
            {
                "infra_access.database_url": url,
                "infra_access.secret": SECRET,
                "infra_access.base_url": base_url,
                "infra_access.secure_cookies": "false",
            },
            environ={},
        ),
        database,
    )
    config.add_subscriber(_doom_or_break, NewRequest)
    router: Router = config.make_wsgi_app()
    return router


def _doom_or_break(event: NewRequest) -> None:
    """Let a test see an answer without its change, or a defect: only tests can set these keys of the environ."""
    if event.request.environ.get(DOOMED):
        event.request.tm.doom()
    if event.request.environ.get(BROKEN):
        raise Broken("asked for by a test")


def _people(session: Session) -> dict[str, Account]:
    return {row.email.partition("@")[0]: row for row in session.scalars(select(Account))}


def _looked_at_again(session: Session, ids: Mapping[str, Mapping[str, str]]) -> None:
    """Let a yes of the manager be one that is looked at again."""
    given = ids["approvals"]["water-filters facility_manager"]
    approval = session.scalars(select(Approval).where(Approval.public_id == given)).one()
    set_review(approval, NOW + timedelta(days=100), NOW)


def _ids(session: Session) -> dict[str, dict[str, str]]:
    """Return public ids by the first part of their address and by the key of the data."""
    data = dataset()
    ids = {
        "organisations": _by_name(session, Organisation, Organisation.name, data.organisations),
        "facilities": _by_source(session, Facility),
        "instruments": _by_source(session, Instrument),
        "access-requests": _titled(session, AccessRequest, AccessRequest.title, data.activity.requests),
        "service-orders": _titled(session, ServiceOrder, ServiceOrder.title, data.service_orders),
        "conversations": _titled(session, Conversation, Conversation.subject, data.activity.conversations),
    }
    keys = {public_id: key for key, public_id in ids["access-requests"].items()}
    approvals = select(AccessRequest.public_id, Approval.role, Approval.public_id).join(
        Approval, (Approval.subject_id == AccessRequest.id) & (Approval.subject_kind == "access_request")
    )
    ids["approvals"] = {f"{keys[case]} {role}": found for case, role, found in session.execute(approvals)}
    ids["standing-authorisations"] = {"uct": session.scalars(select(StandingAuthorisation.public_id)).one()}
    ids["access-requests"]["soil-iron correction"] = "/".join(
        (ids["access-requests"]["soil-iron"], session.scalars(select(RequestCorrection.public_id)).one())
    )
    ids["country-groups"] = {code: code for code in session.scalars(select(CountryGroup.code))}
    for step in ("about", "samples"):
        ids["access-requests"][f"sensor-corrosion {step}"] = f"{ids['access-requests']['sensor-corrosion']}/{step}"
    ids["delegations"] = {
        email.partition("@")[0]: found
        for email, found in session.execute(
            select(Account.email, RoleGrant.public_id)
            .join(RoleGrant, RoleGrant.account_id == Account.id)
            .where(RoleGrant.role == "organisation_admin")
        )
    }
    ids["assurances"] = {"startup": session.scalars(select(Assurance.public_id)).one()}
    outcome = select(AccessRequest.public_id, Outcome.public_id).join(Outcome).order_by(Outcome.id).limit(1)
    ids["access-requests"]["kelp-metals outcome"] = "/".join(session.execute(outcome).one())
    exceptions = select(AccessRequest.public_id, PolicyOverride.public_id).join(PolicyOverride)
    ids["overrides"] = {keys[case]: found for case, found in session.execute(exceptions)}
    allocations = select(AccessRequest.public_id, Allocation.public_id).join(Allocation)
    ids["allocations"] = {keys[case]: found for case, found in session.execute(allocations)}
    ids["bookings"] = _bookings(session)
    ids["booking-series"] = {"filters-weekly": session.scalars(select(BookingSeries.public_id)).one()}
    ids["closures"] = dict(session.execute(select(Closure.label, Closure.public_id)).all())
    ids["bookings"] |= _given_times(session)
    ids["schedules"] = _schedules(session)
    ids["policies"] = {
        f"{kind} {name}": found
        for kind, name, found in session.execute(
            select(PolicyDocument.scope_kind, PolicyDocument.name, PolicyDocument.public_id)
        )
    }
    ids["tokens"] = {
        email.partition("@")[0]: found
        for email, found in session.execute(
            select(Account.email, ApiToken.public_id)
            .join(ApiToken, ApiToken.account_id == Account.id)
            .where(ApiToken.scope == "write")
        )
    }
    ids["framework-agreements"] = {
        row.title: row.public_id
        for row in session.execute(select(FrameworkAgreement.title, FrameworkAgreement.public_id))
    }
    ids["quotes"] = {"startup": session.scalars(select(Quote.public_id).order_by(Quote.id).limit(1)).one()}
    ids["periods"] = _named(session, AccessPeriod)
    ids["pools"] = _named(session, AccessPool)
    ids["funding-sources"] = _named(session, FundingSource)
    ids["resources"] = _named(session, Resource)
    lines = select(UsageLine.public_id).join(Facility).where(Facility.source_id == "demo:swiss-light-source")
    ids["usage-lines"] = {"first": session.scalars(lines.order_by(UsageLine.id).limit(1)).one()}
    ids["routes"] = {
        f"{facility.removeprefix('demo:')} {name}": found
        for facility, name, found in session.execute(
            select(Facility.source_id, AccessRoute.name, AccessRoute.public_id).join(Facility)
        )
    }
    called = "swiss-light-source Half-yearly call"
    calls = select(AccessRound.public_id).where(AccessRound.name == "next-half-year")
    ids["routes"][f"{called} round"] = "/".join((ids["routes"][called], session.scalars(calls).one()))
    return ids


def _named(session: Session, model: Any) -> dict[str, str]:
    return {row.name: row.public_id for row in session.execute(select(model.name, model.public_id))}


def _given_times(session: Session) -> dict[str, str]:
    """Return the bookings that stand at a proposal or a wish, by request and how they came to be."""
    keys = {each.title: each.key for each in dataset().activity.requests}
    rows = session.execute(
        select(Booking.state, Booking.public_id, AccessRequest.title)
        .join(Allocation, Allocation.id == Booking.allocation_id)
        .join(AccessRequest, AccessRequest.id == Allocation.access_request_id)
        .where(Booking.state.in_(("requested", "proposed")))
    )
    words = {"requested": "asked", "proposed": "proposed"}
    return {f"{keys[title]} {words[state]}": public_id for state, public_id, title in rows}


def _schedules(session: Session) -> dict[str, str]:
    """Return the drafted schedule, and its address with that of its session."""
    schedule, draft = session.execute(
        select(SessionSchedule.public_id, SessionDraft.public_id).join(
            SessionDraft, SessionDraft.schedule_id == SessionSchedule.id
        )
    ).one()
    return {"next-cycle": schedule, "next-cycle session": f"{schedule}/{draft}"}


def _by_source(session: Session, model: Any) -> dict[str, str]:
    found = session.execute(select(model.source_id, model.public_id).where(model.source_id.startswith("demo:")))
    return {key.removeprefix("demo:"): public_id for key, public_id in found}


def _by_name(session: Session, model: Any, column: Any, entries: Iterable[Any]) -> dict[str, str]:
    found = dict(session.execute(select(column, model.public_id)).all())
    return {each.key: found[each.names["en"]] for each in entries}


def _titled(session: Session, model: Any, column: Any, entries: Iterable[Any]) -> dict[str, str]:
    found = dict(session.execute(select(column, model.public_id)).all())
    return {each.key: found[each.title] for each in entries}


def _bookings(session: Session) -> dict[str, str]:
    """Return the bookings by their key; one that was not made, since a rule refused it that week, is left out."""
    data = dataset()
    zones = {place.key: ZoneInfo(place.zone) for place in data.facilities}
    facilities = {each.key: each.facility for each in data.instruments}
    monday = (NOW - timedelta(days=NOW.weekday())).date()
    found = {
        (source, email, start): public_id
        for source, email, start, public_id in session.execute(
            select(Instrument.source_id, Account.email, Booking.starts, Booking.public_id)
            .join(Instrument, Instrument.id == Booking.instrument_id)
            .join(Account, Account.id == Booking.account_id)
        )
    }
    ids = {}
    for each in data.activity.bookings:
        start = each.span(monday, zones[facilities[each.instrument]]).start.astimezone(UTC)
        if (public_id := found.get((f"demo:{each.instrument}", each.person, start))) is not None:
            ids[each.key] = public_id
    return ids
