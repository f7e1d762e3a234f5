"""Doing one thing after the other, so that one that fails keeps no other from its turn."""

from collections.abc import Callable, Iterable


def each_apart(keys: Iterable[int], run: Callable[[int], int], failed: str) -> int:
    """Run for each key, and return the sum of the answers.

    Whatever is raised meanwhile is raised at the end, as an ExceptionGroup that says what `failed`.
    """
    total, errors = 0, []
    for key in keys:
        try:
            total += run(key)
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup(failed, errors)
    return total
