"""What people said under seal is sealed anew with the first key at the command line; what opens with none is told."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from infra_access.access_requests.approvals.models import NationalityDeclaration
from infra_access.core.db import Database
from infra_access.core.sealing import Sealer
from tests.cli.conftest import Run
from tests.factories.nationality import make_asked, say


def test_everything_is_sealed_anew_with_the_first_key(
    run: Run, ini: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, lost = (Fernet.generate_key().decode() for _key in range(3))
    with database.writer() as session:
        asked = make_asked(session)
        say(session, asked, asked.member, "KE", sealer=Sealer((old,), "x"))
        say(session, asked, asked.world.applicant, "ZA", sealer=Sealer((lost,), "x"))
    monkeypatch.setenv("INFRA_ACCESS_SEALING_KEYS", f"{new} {old}")
    partly = run("nationality", "reseal")
    assert (partly.exit_code, partly.stdout) == (1, "Sealed anew: 1.\n")
    assert "None of the keys opens 1 more" in partly.stderr
    monkeypatch.setenv("INFRA_ACCESS_SEALING_KEYS", f"{new} {lost}")
    assert run("nationality", "reseal").stdout == "Sealed anew: 2.\n"
    with database.reader() as session:
        rows = session.scalars(select(NationalityDeclaration)).all()
    only = Sealer((new,), "another secret")
    assert {only.open(row.sealed)["nationalities"][0] for row in rows} == {"KE", "ZA"}
