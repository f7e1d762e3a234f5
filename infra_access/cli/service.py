"""`serve` and `worker`: the processes that run for as long as the service does."""

import ctypes
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import click
import waitress
from plaster import get_loader
from pyramid.paster import get_app, setup_logging

from infra_access import tables
from infra_access.cli.configured import require_migrated, settings_of
from infra_access.core.db import Database
from infra_access.core.errors import Unavailable
from infra_access.core.i18n import Text, _
from infra_access.http.input_floor import MAX_BODY_BYTES
from infra_access.http.localisation import in_words_of, localizer_for
from infra_access.notifications.compose import Letterhead
from infra_access.notifications.delivery import deliver_by_mail
from infra_access.notifications.transports import transport_for
from infra_access.scheduling import guard
from infra_access.settings import Settings
from infra_access.worker.loop import run

_M_ARENA_MAX = -8  # malloc.h of glibc
_HEAPS = 2


@click.command()
@click.option("--with-worker", is_flag=True, help="Run the worker in this process too, which suits development.")
@click.pass_obj
def serve(config: Path, with_worker: bool) -> None:
    """Serve pages and API with the ini's waitress until stopped."""
    settings = _ready(config)
    app = get_app(str(config.resolve()), name="main")
    options = _waitress_options(config, settings)
    # A supervisor's SIGTERM ends as Ctrl-C does: waitress and the worker finish what they are at.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
    click.echo(f"Serving {settings.base_url} on {settings.listen}", err=True)
    with _worker_beside(settings) if with_worker else _nothing():
        waitress.serve(app, **options)


@click.command()
@click.pass_obj
def worker(config: Path) -> None:
    """Deliver what waits in the outbox until stopped; any number may run."""
    settings = _ready(config)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    click.echo("The worker is running.", err=True)
    _work(settings, stop)


def _ready(config: Path) -> Settings:
    """Return the settings once the database is migrated and guarded. Raises Unavailable otherwise."""
    _share_heaps()
    settings = settings_of(config)
    setup_logging(str(config.resolve()))
    tables.load()
    database = Database.connect(settings.database_url, threads=1)
    try:
        require_migrated(database)
        with database.readers.connect() as connection:
            if lacking := guard.missing(connection):
                raise Unavailable(
                    "guard.missing",
                    _(
                        "The database lacks its guard against double bookings (${names}), so nothing is served. Run "
                        "`infra-access migrate` with the same -c: it sets the guard anew on SQLite. On PostgreSQL, "
                        "restore the exclusion constraint from a backup's schema.",
                        mapping={"names": ", ".join(lacking)},
                    ),
                )
    finally:
        database.dispose()
    return settings


def _share_heaps() -> None:
    """Let all threads share two heaps of the C library, of which each would keep what it once needed: some 10 MB.

    Other C libraries than glibc have no such setting, and nothing happens.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)


def _waitress_options(config: Path, settings: Settings) -> dict[str, Any]:
    """Return what the ini says of waitress; where it binds and its threads are settings of ours."""
    options = dict(get_loader(str(config.resolve()), protocols=["wsgi"]).get_settings("server:main"))
    for name in ("use", "listen", "host", "port", "threads", "__file__", "here"):
        options.pop(name, None)
    options["threads"] = settings.threads
    # What is hardly larger than the application takes is answered by it; the rest is not even received.
    options.setdefault("max_request_body_size", 2 * MAX_BODY_BYTES)
    return (
        options if "unix_socket" in options else options | {"host": settings.listen_host, "port": settings.listen_port}
    )


def _work(settings: Settings, stop: threading.Event) -> None:
    database = Database.connect(settings.database_url, threads=1)
    localizers: dict[str, Any] = {}

    def translate(text: Text, locale: str) -> str:
        if locale not in localizers:
            localizers[locale] = localizer_for(locale)
        return in_words_of(localizers[locale], text)

    letterhead = Letterhead(settings.mail_from, settings.base_url, translate)
    try:
        run(database, deliver_by_mail(database, transport_for(settings.mail), letterhead), stop)
    finally:
        database.dispose()


@contextmanager
def _worker_beside(settings: Settings) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(settings, stop), name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=20)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
