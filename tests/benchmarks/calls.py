"""What the benchmarks call: each gives the call of a client and its number, spread over all that was seeded."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import orjson

from tests.benchmarks.load import Call
from tests.benchmarks.seeding import Seeded

Make = Callable[[int, int], Call]
_WORDS = ("exafs", "nmr", "instrument", "tomography", "sequencing")
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


class Calls:
    """Calls about what was seeded; `each` is how many a client makes."""

    def __init__(self, seeded: Seeded, each: int) -> None:
        self._ids = seeded.instruments
        self._headers = {"Authorization": f"Bearer {seeded.token}", "Content-Type": "application/json"}
        self._each = each
        self._monday = (datetime.now(UTC) + timedelta(days=7)).replace(hour=8, minute=0, second=0, microsecond=0)
        self._round = 0

    def hello(self, _client: int, _number: int) -> Call:
        """Ask for next to nothing: what every other call is compared with."""
        return "GET", "/healthz", None, {}

    def search(self, _client: int, number: int) -> Call:
        """Search, with facets."""
        return "GET", f"/api/v1/instruments?q={_WORDS[number % len(_WORDS)]}&limit=20", None, {}

    def week(self, client: int, number: int) -> Call:
        """Look at an instrument's week."""
        until = self._monday + timedelta(days=7)
        path = f"/api/v1/instruments/{self._one(client, number)}/availability"
        return "GET", f"{path}?start={self._monday:{_STAMP}}&end={until:{_STAMP}}", None, {}

    def same_week(self, port: int) -> Make:
        """Look at weeks that were seen before and have not changed."""
        tags: dict[str, str] = {}
        for number in range(10):
            method, path, _body, _headers = self.week(0, number)
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(method, path)
            response = connection.getresponse()
            response.read()
            tags[path] = response.headers["ETag"] or ""
            connection.close()
        paths = list(tags)

        def again(_client: int, number: int) -> Call:
            path = paths[number % len(paths)]
            return "GET", path, None, {"If-None-Match": tags[path]}

        return again

    def book(self, client: int, number: int) -> Call:
        """Book an hour that nobody else wants; `next_round` first, or it is taken."""
        start = self._monday + timedelta(hours=self._round)
        body = {"instrument": self._one(client, number), "start": f"{start:{_STAMP}}"}
        body |= {"end": f"{start + timedelta(hours=1):{_STAMP}}"}
        return "POST", "/api/v1/bookings", orjson.dumps(body), self._headers

    def next_round(self) -> None:
        """Let bookings be two hours later from now on."""
        self._round += 2

    def find(self, technique: str | None) -> Make:
        """Find the first times of some length within a fortnight, over all instruments or those of a technique."""

        def ask(client: int, number: int) -> Call:
            start = self._monday + timedelta(hours=5 * ((client * self._each + number) % 100))
            body = {"duration_minutes": (60, 120, 240)[number % 3], "start": f"{start:{_STAMP}}"}
            body |= {"end": f"{start + timedelta(days=14):{_STAMP}}"}
            body |= {"filters": {"technique": technique}} if technique else {}
            return "POST", "/api/v1/find-time", orjson.dumps(body), self._headers

        return ask

    def _one(self, client: int, number: int) -> str:
        return self._ids[(client * self._each + number) % len(self._ids)]
