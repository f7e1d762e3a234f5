"""A bounded load on a local server: so many clients, so many calls each, over kept connections."""

import http.client
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Call = tuple[str, str, bytes | None, dict[str, str]]
"""Method, path, body, headers."""


@dataclass(slots=True)
class Result:
    """What a load came to; seconds are of each call."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Return calls per second over all clients."""
        return len(self.seconds) / self.elapsed

    @property
    def median_ms(self) -> float:
        """Return the median of a call in milliseconds."""
        return statistics.median(self.seconds) * 1000

    @property
    def p99_ms(self) -> float:
        """Return the 99th percentile of a call in milliseconds."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] * 1000


def run(ports: Sequence[int], clients: int, each: int, make: Callable[[int, int], Call]) -> Result:
    """Let `clients` threads make `each` calls, spread over the servers; `make(client, number)` gives each call."""
    result = Result()
    lock = threading.Lock()
    ready = threading.Barrier(clients + 1)

    def client(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", ports[index % len(ports)], timeout=60)
        seconds, statuses = [], Counter[int]()
        ready.wait()
        for number in range(each):
            method, path, body, headers = make(index, number)
            began = time.perf_counter()
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            response.read()
            seconds.append(time.perf_counter() - began)
            statuses[response.status] += 1
        connection.close()
        with lock:
            result.seconds += seconds
            result.statuses += statuses

    threads = [threading.Thread(target=client, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    result.elapsed = time.perf_counter() - began
    return result
