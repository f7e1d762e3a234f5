"""Which calendar data windows are made of: the time zone database and the public holidays that are installed."""

import zoneinfo
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path


@lru_cache(maxsize=1)
def calendar_stamp() -> str:
    """Return the versions of the calendar data; windows that were made of others are made anew."""
    return f"tz {_zones()}, holidays {version('holidays')}"


def _zones() -> str:
    """Return the version of the database that `zoneinfo` reads: the system's, where there is one, else the package."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "tzdata.zi").is_file():
            with (folder / "tzdata.zi").open(encoding="utf-8") as lines:
                return lines.readline().removeprefix("# version").strip()[:20]
        if (folder / "+VERSION").is_file():
            return (folder / "+VERSION").read_text(encoding="utf-8").strip()[:20]
    return version("tzdata")
