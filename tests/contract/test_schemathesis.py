"""Any call that the document allows, and many that it does not: no defect, no undocumented answer, no other shape.

Schemathesis makes the calls from the document itself, so a new operation is tried without anybody naming it.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.authorisations import authorise
from infra_access.access_requests.conversations.speaking import ask
from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.what_if_runs import start_run
from infra_access.api.openapi import PATH
from infra_access.catalogue.models import Resource
from infra_access.config import make_app
from infra_access.core import clock
from infra_access.core.authority import NETWORK
from infra_access.core.db import Database
from infra_access.core.timespan import TimeSpan
from infra_access.people.models import Account
from infra_access.people.tokens import create_token
from infra_access.scheduling.bookings import book
from infra_access.scheduling.drafts.schedules import create_schedule
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series
from infra_access.scheduling.upkeep.closures import close
from infra_access.scheduling.waiting.wait_list import join
from tests.factories.access_requests import make_active, make_request, make_submitted, make_world, pending
from tests.factories.accounting import make_funding, make_period, make_pool, make_quote
from tests.factories.catalogue import make_instrument
from tests.factories.frameworks import make_draft, make_sides
from tests.factories.people import make_account, make_assurance, make_grant, make_token, make_training
from tests.factories.policy import make_document
from tests.factories.scheduling import SYSTEM, copies_of

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
CASES = {"known": 16, "change": 8, "any": 2, "wrong": 4}
"""Calls per operation: fitting ones about something that is there, fitting ones, and ones that do not fit.

A change of what is there mostly succeeds once, after which it is another thing; so fewer of them are tried.
"""

AT_LEAST = 900
FITTING = 0.25
"""The part of the calls that have to succeed, or they would show nothing of what lies behind the checks of input."""


# WebOb keeps a large body in a temporary file and leaves closing it to the collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file <_io.FileIO:ResourceWarning")
def test_it_keeps_its_contract_whatever_is_sent(database: Database, database_url: str, capsys: Any):
    with database.writer() as session:
        token, known = _filled(session)
    ini = {
        "infra_access.database_url": database_url,
        "infra_access.secret": "a secret of the tests that nothing rests on",
        "infra_access.secure_cookies": "false",
    }
    _let_times_lie_ahead()
    schema = schemathesis.openapi.from_wsgi(PATH, make_app(ini, database=database))
    statuses: Counter[int] = Counter()
    for result in schema.get_all_operations():
        operation = result.ok()
        for kind, ids in _ways(operation, known):
            _try(operation, kind, ids, {"Authorization": f"Bearer {token}"}, statuses)
    total = statuses.total()
    with capsys.disabled():
        print(  # noqa: T201 - the counts are what the run is for
            f"\n{database.engine.dialect.name}: {total} calls, by status {dict(sorted(statuses.items()))}"
        )
    assert total >= AT_LEAST
    assert sum(count for status, count in statuses.items() if status < 300) >= FITTING * total


def _try(
    operation: Any, kind: str, ids: dict[str, str] | None, headers: dict[str, str], statuses: Counter[int]
) -> None:
    mode = GenerationMode.NEGATIVE if kind == "wrong" else GenerationMode.POSITIVE

    @settings(
        max_examples=CASES["change" if kind == "known" and operation.method != "get" else kind],
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=ids))
    def call(case: schemathesis.Case) -> None:
        if kind == "known":
            # What only an earlier answer can give; anything else is refused, as the other calls show.
            for name in ("cursor", "as"):
                (case.query or {}).pop(name, None)
            (case.headers or {}).pop("If-Match", None)
        response = case.call(headers=headers)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    call()


def _ways(operation: Any, known: dict[str, str]) -> Iterator[tuple[str, dict[str, str] | None]]:
    """Yield each way of trying an operation with the ids to put into its path."""
    if "{id}" in operation.path:
        collection = operation.path.removeprefix("/api/v1/").partition("/{id}")[0]
        # Nothing is there of what takes a world of its own to make, such as an order: it is asked for in vain.
        yield "known", {"id": known.get(collection, "0" * 16)}
    else:
        yield "known", None
    yield "any", None
    if list(operation.iter_parameters()) or list(operation.body):  # or there is nothing to get wrong
        yield "wrong", None


def _let_times_lie_ahead() -> None:
    """Let instants fall into the next two months, where something can be booked."""
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    hours = st.integers(24, 24 * 60)
    schemathesis.openapi.format("date-time", hours.map(lambda ahead: (today + timedelta(hours=ahead)).isoformat()))


def _filled(session: Session) -> tuple[str, dict[str, str]]:
    """Return the token of somebody who may do anything, and an id of each collection."""
    tomorrow = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    world = make_world(session)
    account = session.get_one(Account, world.applicant.account_id)
    make_grant(session, account=account, role="platform_admin", scope_kind=NETWORK[0], scope_key=NETWORK[1])
    own = make_grant(session, account=account, role="auditor", scope_kind=NETWORK[0], scope_key=NETWORK[1])
    ahead = authorise(
        session,
        actor=world.manager,
        now=clock.now(),
        role="facility_manager",
        scope=("facility", world.facility.public_id),
        person=account.email,
        reason="Known users.",
        until=clock.now() + timedelta(days=300),
        purposes=["teaching"],
    )
    token = make_token(session, account, now=clock.now())
    spare, _secret = create_token(session, actor=world.applicant, now=clock.now(), name="spare", scope="read")
    make_active(session, world)
    booking = book(
        session,
        actor=world.applicant,
        now=clock.now(),
        place=place_of(session, world.instrument.id),
        wishes=[Wish(TimeSpan(tomorrow, tomorrow + timedelta(hours=2)))],
    )
    request = make_submitted(session, world)
    place, now = place_of(session, world.instrument.id), clock.now()
    later = TimeSpan(tomorrow + timedelta(days=40), tomorrow + timedelta(days=41))
    [copy] = copies_of(session, place)
    closure, _report = close(
        session,
        actor=SYSTEM,
        now=now,
        facility=world.facility,
        resource=copy,
        span=later,
        label="",
        kind="maintenance",
    )
    schedule = create_schedule(
        session, actor=world.manager, now=now, facility=world.facility, name="Next", period=later
    )
    wait = join(
        session,
        actor=world.applicant,
        now=now,
        place=place,
        earliest=tomorrow,
        latest=tomorrow + timedelta(days=9),
        minutes=60,
    )
    sides = make_sides(session, world)
    scope = {"scope_kind": "organisation", "scope_key": sides.host.public_id}
    make_grant(session, account=account, role="signatory", **scope)
    quote = make_quote(session, world, now=now)
    period = make_period(session, world.facility, now=now, starts=tomorrow, ends=tomorrow + timedelta(days=90))
    pool = make_pool(session, period, make_instrument(session, facility=world.facility), now=now)
    series = book_series(
        session,
        actor=world.applicant,
        now=now,
        place=place,
        wish=Wish(TimeSpan(tomorrow + timedelta(hours=3), tomorrow + timedelta(hours=4))),
        rrule="FREQ=DAILY;COUNT=3",
    ).series
    words = {"subject": "Wet samples?", "text": "Can they be measured?"}
    talk = ask(session, actor=world.applicant, now=now, instrument=world.instrument, **words)
    rules = make_document(session)
    run = start_run(session, actor=SYSTEM, now=clock.now(), document=rules, scopes=(NETWORK,))
    return (
        token,
        {
            "organisations": world.startup.public_id,
            "facilities": world.facility.public_id,
            "instruments": world.instrument.public_id,
            "access-requests": make_request(session, world).public_id,
            "approvals": pending(session, request)["facility_manager"].public_id,
            "framework-agreements": make_draft(session, sides, now=now).public_id,
            "bookings": booking.public_id,
            "policies": rules.public_id,
            "what-if-runs": run.public_id,
            "trainings": make_training(session, account=account, actor=SYSTEM, facility=world.facility).public_id,
            "me/tokens": spare.public_id,
            "closures": closure.public_id,
            "quotes": quote.public_id,
            "pools": pool.public_id,
            "periods": period.public_id,
            "funding-sources": make_funding(session, world.applicant, now=now).public_id,
            "routes": session.scalars(select(AccessRoute.public_id).order_by(AccessRoute.id).limit(1)).one(),
            "resources": session.scalars(select(Resource.public_id).order_by(Resource.id).limit(1)).one(),
            "schedules": schedule.public_id,
            "wait-list": wait.public_id,
            "booking-series": series.public_id,
            "standing-authorisations": ahead.public_id,
            "me/delegations": own.public_id,
            "conversations": talk.public_id,
            "assurances": make_assurance(session, make_account(session)).public_id,
        },
    )
