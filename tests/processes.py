"""Real server processes on this machine: started, waited for, killed, started again on the same port."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
SERVE = (str(Path(sys.executable).parent / "infra-access"), "-c", str(ROOT / "development.ini"), "serve")


@dataclass
class Fleet:
    """Server processes of one database, each at its port."""

    url: str
    ports: Sequence[int]
    command: Sequence[str] = SERVE
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def pids(self) -> list[int]:
        """Return the ids of the processes."""
        return [process.pid for process in self.running]

    def start(self) -> None:
        """Start every process and wait until each answers, a minute at most."""
        self.running = [
            subprocess.Popen(
                self.command,
                env={
                    **os.environ,
                    "INFRA_ACCESS_DATABASE_URL": self.url,
                    "INFRA_ACCESS_LISTEN": f"127.0.0.1:{port}",
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
            )
            for port in self.ports
        ]
        for port in self.ports:
            _wait_for(port)

    def kill(self) -> None:
        """End every process at once, as a power cut would: nothing of theirs runs any more."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask every process to end, and wait for it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        for process in self.running:
            process.send_signal(how)
        for process in self.running:
            process.wait(timeout=20)
        self.running = []


@contextmanager
def fleet(url: str, *, processes: int = 2, command: Sequence[str] = SERVE) -> Iterator[Fleet]:
    """Serve the database with several processes within the block."""
    started = Fleet(url, [free_port() for _number in range(processes)], command)
    try:
        started.start()
        yield started
    finally:
        started.stop()


def _wait_for(port: int) -> None:
    for _try in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")
