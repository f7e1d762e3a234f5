"""The whole application behind a real server, and the mails that its worker puts into a folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

from pyramid.router import Router
from waitress import wasyncore
from waitress.server import create_server

from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.core.i18n import DOMAIN, Text
from infra_access.http.localisation import localizer_for
from infra_access.notifications.compose import Letterhead
from infra_access.notifications.delivery import deliver_by_mail
from infra_access.notifications.file_box import FileBox
from infra_access.worker.loop import run_once

THREADS = 4


@contextmanager
def served(app: Router, *, port: int = 0) -> Iterator[int]:
    """Serve the application on a port of this machine within the block; give the port."""
    server = create_server(app, host="127.0.0.1", port=port, threads=THREADS)
    loop = Thread(target=server.run)
    loop.start()
    try:
        yield server.effective_port
    finally:
        # Under the lock: else a request that ends at this moment would close the trigger before it is pulled.
        with server.trigger.lock:
            server.trigger.thunks.append(lambda: wasyncore.close_all(server._map, ignore_all=True))
            server.trigger._physical_pull()
        loop.join(timeout=30)
        server.task_dispatcher.shutdown()


def through(port: int) -> Callable[..., list[bytes]]:
    """Return a WSGI application that passes each request on to the server, so that WebTest can fill in its forms."""

    def forward(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        headers = {key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        path = environ["PATH_INFO"].encode("latin-1")
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(environ["REQUEST_METHOD"], quote(path) + query, body, headers)
            response = connection.getresponse()
            start_response(f"{response.status} {response.reason}", response.getheaders())
            return [response.read()]
        finally:
            connection.close()

    return forward


class Post:
    """The worker of a service and the folder that its mails go to."""

    def __init__(self, database: Database, folder: Path, base_url: str) -> None:
        self._database, self.folder = database, folder
        letterhead = Letterhead("office@demo.example", base_url, _translate)
        self._deliver = deliver_by_mail(database, FileBox(folder), letterhead)

    def new(self) -> list[EmailMessage]:
        """Let the worker deliver everything that waits; return the mails in the order of events and take them away."""
        while run_once(self._database, self._deliver, clock.now()):
            pass
        paths = sorted(self.folder.glob("*.eml"), key=lambda path: int(path.name.partition(".")[0]))
        mails = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
        for path in paths:
            path.unlink()
        return mails


_localizer = cache(localizer_for)


def _translate(text: Text, locale: str) -> str:
    return str(_localizer(locale).translate(text, domain=DOMAIN))
