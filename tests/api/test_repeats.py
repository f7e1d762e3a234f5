"""A repeated call with the same Idempotency-Key gets the first one's answer and changes nothing again."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from infra_access.catalogue.models import Organisation
from infra_access.core.db import Database
from infra_access.http.models import IdempotencyKey
from tests.factories.people import make_account

BODY = {"name": "Savanna Optics", "country": "KE"}
KEY = "a1b2c3"


def test_it_answers_a_repeat_as_it_did_the_first_time(caller, database: Database):
    program = caller()
    first = program.call("POST", "/organisations", BODY, status=201, Idempotency_Key=KEY)
    again = program.call("POST", "/organisations", BODY, status=201, Idempotency_Key=KEY)
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert _count(database) == 1


def test_it_refuses_the_key_with_another_body(caller, database: Database):
    program = caller()
    program.post("/organisations", BODY, Idempotency_Key=KEY)
    other = program.post("/organisations", {**BODY, "name": "Other"}, status=422, Idempotency_Key=KEY)
    assert other["code"] == "idempotency.reused"
    assert _count(database) == 1


def test_it_shows_nobody_anothers_answer(caller):
    caller().post("/organisations", BODY, Idempotency_Key=KEY)
    other = caller().post("/organisations", {**BODY, "name": "Other"}, Idempotency_Key=KEY)
    assert other["name"] == "Other"


def test_it_forgets_a_call_that_failed(caller):
    program = caller()
    program.post("/organisations", {**BODY, "website": "nowhere"}, status=422, Idempotency_Key=KEY)
    program.post("/organisations", BODY, Idempotency_Key=KEY)


def test_it_runs_parallel_repeats_once(caller, stored, database: Database):
    account = stored(make_account)
    programs = [caller(account=account) for _number in range(6)]
    with ThreadPoolExecutor(len(programs)) as pool:
        answers = list(
            pool.map(
                lambda one: one.call("POST", "/organisations", BODY, status=201, Idempotency_Key=KEY).body, programs
            )
        )
    assert len(set(answers)) == 1
    assert _count(database) == 1


def test_it_never_keeps_a_secret(caller, database: Database):
    program = caller()
    body = {"name": "robot", "scope": "read"}
    made = program.post("/me/tokens", body, Idempotency_Key=KEY)
    assert made["token"].startswith("ia_")
    assert program.post("/me/tokens", body, status=409, Idempotency_Key=KEY)["code"] == "idempotency.secret"
    with database.reader() as session:
        assert session.scalars(select(IdempotencyKey.body)).all() == [None]


def test_it_refuses_a_key_that_is_none(caller):
    caller().post("/organisations", BODY, status=422, Idempotency_Key="x" * 201)


def _count(database: Database) -> int:
    with database.reader() as session:
        return session.scalar(select(func.count()).select_from(Organisation)) or 0
