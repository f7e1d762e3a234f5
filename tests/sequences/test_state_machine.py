"""Whatever is done in whatever order, the database agrees with the model, and free is what is open and not taken."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import event

from infra_access.core.db import Database
from infra_access.scheduling import occupancies
from tests import databases
from tests.sequences.commands import Tally
from tests.sequences.machine import Calendar
from tests.sequences.site import Site, make_site

SOAK = bool(os.environ.get("SOAK"))
EXAMPLES, STEPS = (2_000, 50) if SOAK else (100, 40)
"""Sequences on each database, and commands in each."""

# Where a red run should come soon, the example is printed as it was found; running it again as in CI shrinks nothing
# either, but the printed blob does, with @reproduce_failure.
PHASES = [Phase.explicit, Phase.generate] if os.environ.get("CI") else list(Phase)

Open = Callable[[], tuple[Database, Site]]


@pytest.fixture(scope="module")
def sites_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Return what gives a copy of one made site; nothing waits for a disk."""
    folder: Path = tmp_path_factory.mktemp("sequences")
    template = databases.migrated_sqlite(folder)
    first = Database.connect(f"sqlite:///{template}")
    site = make_site(first)
    first.dispose()  # whoever closes the file last brings it up to date
    database = Database.connect(databases.copied_sqlite(template, folder))
    event.listen(database.engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF"))

    def open_site() -> tuple[Database, Site]:
        # Each sequence ends with its connections; what was compiled for the database serves the next one too.
        databases.copied_sqlite(template, folder)
        return database, site

    return open_site


@pytest.fixture
def sites_on_postgresql(postgresql_url: str) -> Open:
    """Return what empties the database and makes the site anew."""
    database = Database.connect(postgresql_url)

    def open_site() -> tuple[Database, Site]:
        databases.set_back(postgresql_url)
        return database, make_site(database)

    return open_site


def run(opened: Open, examples: int, **more: Any) -> tuple[int, Tally]:
    """Run so many sequences; return how many were begun, and what was done and refused in all."""
    begun: list[None] = []

    def begin() -> tuple[Database, Site]:
        begun.append(None)
        return opened()

    class Opened(Calendar):
        tally: ClassVar[Tally] = Counter()
        open_site: ClassVar[Open] = staticmethod(begin)

    given = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        **{"phases": PHASES, **more},
    )
    run_state_machine_as_test(Opened, settings=given)
    return len(begun), Opened.tally


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_sequence_leaves_what_the_model_says(kind: str, request: pytest.FixtureRequest) -> None:
    sequences, tally = run(request.getfixturevalue(f"sites_on_{kind}"), EXAMPLES)
    names = sorted({name for name, _done in tally})
    counted = ", ".join(f"{name} {tally[name, True]}/{tally[name, False]}" for name in names)
    print(f"{kind}: {sequences} sequences of {STEPS} steps, no divergence; done/refused: {counted}")  # noqa: T201
    assert sequences >= EXAMPLES
    # A command that is never done, or one that nothing is ever in the way of, would show little.
    assert all(tally[name, True] for name in ("book", "hold", "series", "move", "close", "cancel", "withdraw"))
    assert all(tally[name, False] for name in ("book", "hold", "series", "move", "close", "cancel"))


@pytest.mark.parametrize("forgotten", ["refresh", "cut"])
def test_a_forgotten_window_is_found_out(
    forgotten: str, sites_on_sqlite: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The machine must be able to fail: here time is taken or given back, and the free windows stay as they were.
    monkeypatch.setattr(occupancies, forgotten, lambda *_arguments: set())
    with pytest.raises((AssertionError, ExceptionGroup)):
        run(sites_on_sqlite, 20, phases=[Phase.generate], report_multiple_bugs=False)
