"""A crowd: threads that all begin at the same moment, and what came of each."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")


def all_at_once(jobs: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """Run each job in a thread of its own, released together; return what each returned or raised, in order."""
    gate = Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T | BaseException:
        gate.wait(timeout=30)
        try:
            return job()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))
