"""The demonstration, loaded once for each worker process, on its Wednesday morning."""

from collections.abc import Iterator

import pytest

from tests.demo_world import DemoWorld, demo_world, stopped_clock


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoWorld]:
    """Give the demonstration; ask for `world`, or the clock runs."""
    with demo_world(tmp_path_factory.mktemp("demo")) as world:
        yield world


@pytest.fixture
def world(loaded: DemoWorld) -> Iterator[DemoWorld]:
    """Give the demonstration on its Wednesday; a test that changes it calls `set_back` in the end."""
    with stopped_clock():
        yield loaded
