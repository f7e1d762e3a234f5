"""What is taken away counts for all that is sent after it was: a policy, a training, a role, an account, an instrument.

People book, or approve bookings and requests, without pause while one of these is withdrawn from them. The withdrawal
is done once its transaction is committed; nothing that was sent later may succeed, whichever process answers.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.drafting import create_access_request
from infra_access.access_requests.submitting import submit
from infra_access.catalogue.instruments import update_instrument
from infra_access.catalogue.models import Instrument
from infra_access.core import clock
from infra_access.core.authority import system_actor
from infra_access.core.timespan import TimeSpan
from infra_access.people.accounts import disable_account
from infra_access.people.actors import load_actor
from infra_access.people.models import Account, RoleGrant, Training
from infra_access.people.roles import revoke_role
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import publish_document, withdraw_document
from infra_access.scheduling.places import Place
from tests.factories.access_requests import make_route
from tests.factories.people import make_account, make_grant, make_token, make_training
from tests.factories.policy import make_document, make_policy, raw_rule
from tests.factories.scheduling import make_place, set_rules
from tests.races.contests import Arena, Job, times

ROUNDS = 44 if os.environ.get("SOAK") else 7
CLIENTS = 4
EACH = 3
HOUR = timedelta(hours=1)
SYSTEM = system_actor("tests")
TRAINED = raw_rule("trained", {"type": "require", "kind": "training", "code": "radiation-safety"})
LOOK = raw_rule("look", {"type": "approve", "role": "facility_manager", "scope": "facility"})
SHUT = raw_rule("shut", {"type": "deny"})


@dataclass(frozen=True)
class Round:
    """Whoever wants something in one round, whoever approves it, and where."""

    person: int
    token: str
    officer: int
    officer_token: str
    place: Place


def begin(session: Session, *rules: dict[str, object]) -> Round:
    """Make a facility with these rules, somebody with a training, and whoever runs it."""
    place = make_place(session)
    set_rules(session, place.instrument, ask_for_time=True)
    make_policy(session, *rules, scope=("facility", place.facility.public_id), name="House rules")
    person, officer = make_account(session), make_account(session)
    today = clock.now().date()
    make_training(session, account=person, now=clock.now(), completed_on=today - timedelta(days=9), expires_on=None)
    make_grant(
        session, account=officer, role="facility_manager", scope_kind="facility", scope_key=place.facility.public_id
    )
    tokens = [make_token(session, one, now=clock.now()) for one in (person, officer)]
    return Round(person.id, tokens[0], officer.id, tokens[1], place)


def tighten(session: Session, this: Round) -> None:
    """Publish a rule that refuses everybody."""
    scope = ("facility", this.place.facility.public_id)
    document = make_document(session, scope_kind=scope[0], scope_key=scope[1], name="Shut", rules=[SHUT])
    publish_document(session, actor=SYSTEM, now=clock.now(), document=document)


def expire(session: Session, this: Round) -> None:
    """Let the training have ended yesterday."""
    training = session.scalars(select(Training).where(Training.account_id == this.person)).one()
    training.expires_on = date.fromordinal(clock.now().date().toordinal() - 1)


def revoke(session: Session, this: Round) -> None:
    """Take the officer's role back."""
    grant = session.scalars(select(RoleGrant).where(RoleGrant.account_id == this.officer)).one()
    revoke_role(session, actor=SYSTEM, now=clock.now(), grant=grant)


def take_down(session: Session, this: Round) -> None:
    """Say that the instrument is broken."""
    instrument = session.get_one(Instrument, this.place.instrument.id)
    update_instrument(session, actor=SYSTEM, now=clock.now(), instrument=instrument, changes={"status": "down"})


def disable(whose: str) -> Callable[[Session, Round], None]:
    """Shut the account of the person or of the officer."""

    def shut(session: Session, this: Round) -> None:
        disable_account(session, actor=SYSTEM, now=clock.now(), account=session.get_one(Account, getattr(this, whose)))

    return shut


def slots(this: Round) -> list[TimeSpan]:
    """Return times that nobody else wants."""
    start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    return [TimeSpan(start + n * HOUR, start + (n + 1) * HOUR) for n in range(CLIENTS * EACH)]


def book(field: Arena, this: Round) -> list[Job]:
    """Book each time."""
    return [field.book(this.token, slot, this.place) for slot in slots(this)]


def propose(field: Arena, this: Round) -> list[Job]:
    """Propose each time to who asked for one."""
    path = f"/instruments/{this.place.instrument.public_id}/ask-for-time"
    jobs = []
    for slot in slots(this):
        asked = field.made(field.call("POST", path, this.token, times(slot)))["id"]
        wish = {**times(slot), "answer_by": (slot.start - HOUR).isoformat()}
        jobs.append(field.call("POST", f"/bookings/{asked}/propose", this.officer_token, wish))
    return jobs


def approve(field: Arena, this: Round) -> list[Job]:
    """Approve each of the bookings that wait."""
    assert len([field.made(job) for job in book(field, this)]) == CLIENTS * EACH
    return yes_to_each(field, this)


def approve_requests(field: Arena, this: Round) -> list[Job]:
    """Approve each of some requests."""
    with field.database.writer() as session:
        person = load_actor(session, this.person, now=clock.now())
        route = make_route(session, facility=this.place.facility, instruments=[this.place.instrument])
        for slot in slots(this)[: CLIENTS * 2]:
            asked = create_access_request(
                session,
                actor=person,
                now=clock.now(),
                route=route.public_id,
                title="A run",
                regime="open",
                instruments=[this.place.instrument.public_id],
                quantity=1,
                access_unit="shift",
                period=slot,
                access_type="physical",
            )
            submit(session, actor=person, now=clock.now(), access_request=asked)
    return yes_to_each(field, this)


def yes_to_each(field: Arena, this: Round) -> list[Job]:
    """Return the verdicts of the officer on all that waits."""
    waiting = field.call("GET", "/approvals?state=pending&limit=200", this.officer_token)()[1]["items"]
    assert len(waiting) >= CLIENTS * 2
    yes = {"verdict": "approve"}
    return [field.call("POST", f"/approvals/{one['id']}/decision", this.officer_token, yes) for one in waiting]


RACES = {
    "book, policy": ((TRAINED,), book, tighten),
    "book, training": ((TRAINED,), book, expire),
    "book, instrument": ((TRAINED,), book, take_down),
    "propose, role": ((TRAINED,), propose, revoke),
    "book, account": ((TRAINED,), book, disable("person")),
    "approve, policy": ((TRAINED, LOOK), approve, tighten),
    "approve, training": ((TRAINED, LOOK), approve, expire),
    "approve, role": ((TRAINED, LOOK), approve, revoke),
    "approve, account": ((TRAINED, LOOK), approve, disable("officer")),
    "approve a request, policy": ((TRAINED, LOOK), approve_requests, tighten),
    "approve a request, training": ((TRAINED, LOOK), approve_requests, expire),
    "approve a request, role": ((TRAINED, LOOK), approve_requests, revoke),
    "approve a request, account": ((TRAINED, LOOK), approve_requests, disable("officer")),
}


@pytest.mark.parametrize("name", RACES)
def test_nothing_succeeds_that_was_sent_after_a_withdrawal(field: Arena, name: str) -> None:
    rules, act, withdraw = RACES[name]
    counts: Counter[str] = Counter()
    for number in range(ROUNDS):
        with field.database.writer() as session:
            this = begin(session, *rules)
        jobs = act(field, this)
        sent = race(field, jobs, lambda session, this=this: withdraw(session, this), patient=number % 2 == 0)
        for when, status in sent:
            assert status < 500
            assert not (when == "after" and status in (200, 201)), "it was taken away, and yet it counted"
            counts[f"{when}: {'done' if status in (200, 201) else status}"] += 1
        with field.database.writer() as session:
            lift(session, this)
    print(f"{name}: {ROUNDS} rounds; " + ", ".join(f"{what} {count}" for what, count in sorted(counts.items())))
    assert counts["before: done"], "nothing ever succeeded, so nothing was raced"
    assert any(what.startswith("after") for what in counts), "nothing was ever sent after the withdrawal"


def race(
    field: Arena, jobs: Sequence[Job], withdraw: Callable[[Session], None], *, patient: bool
) -> list[tuple[str, int]]:
    """Let clients work through the jobs while it is withdrawn; return whether each was sent before, and its status.

    Whoever is `patient` lets the first be answered, so that on a slow machine not all of them come too late. The last
    job of each client is kept until the withdrawal is done, so that on a fast one not all of them come too early.
    """
    sent: list[tuple[float, int]] = []
    answered, withdrawn = Event(), Event()

    def send(job: Job) -> None:
        began = time.perf_counter()
        sent.append((began, job()[0]))
        answered.set()

    def client(own: Sequence[Job]) -> None:
        for job in own[:-1]:
            send(job)
        withdrawn.wait(timeout=60)
        send(own[-1])

    threads = [Thread(target=client, args=(jobs[number::CLIENTS],)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    if patient:
        answered.wait(timeout=60)
    else:
        time.sleep(random.uniform(0.005, 0.06))
    with field.database.writer() as session:
        withdraw(session)
    done = time.perf_counter()
    withdrawn.set()
    for thread in threads:
        thread.join(timeout=120)
    assert len(sent) == len(jobs)
    return [("after" if began > done else "before", status) for began, status in sent]


def lift(session: Session, this: Round) -> None:
    """Put what was published out of force, so that rules do not pile up."""
    shut = select(PolicyDocument).where(
        PolicyDocument.scope_key == this.place.facility.public_id, PolicyDocument.state == "published"
    )
    for document in session.scalars(shut).all():
        withdraw_document(session, actor=SYSTEM, now=clock.now(), document=document)
