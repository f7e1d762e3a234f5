"""Chromium from the system before a demonstration that a real server serves, on its Wednesday morning."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.demo_world import DemoWorld, demo_world, stopped_clock
from tests.serving import served

CHROMIUM = ("chromium", "chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Site:
    """A demonstration and where it is served."""

    world: DemoWorld
    url: str


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the demonstration while the browser tests run; the clock stands still for all of them."""
    with demo_world(tmp_path_factory.mktemp("browser")) as world, stopped_clock(), served(world.app) as port:
        yield Site(world, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    assert program, "there is no Chromium on the path: run tests/chromium.sh"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()
