"""Passwords: their rules, and argon2id hashing with a bound on how many hashes run at once.

A hash takes about 64 MiB and tens of milliseconds, so it runs before a write transaction starts: commands take the
finished hash. Source of the rules: NIST SP 800-63B-4, 3.1.1.2 (length counts, composition does not).
"""

import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from infra_access.core.errors import Invalid, Unavailable
from infra_access.core.i18n import Text, _

SHORTEST, LONGEST = 12, 256
AT_ONCE = 4
WAIT_SECONDS = 10

_hasher = PasswordHasher()
_slots = threading.BoundedSemaphore(AT_ONCE)


def check_password(password: str, *, email: str = "", name: str = "") -> None:
    """Refuse a password that is too short, too long, or is the person's own name or address.

    Raises Invalid `password.weak`, naming the field `password`.
    """
    text = _normal(password)
    problem: Text | None = None
    if len(text) < SHORTEST:
        problem = _("This password is too short: at least ${count} characters are needed.", mapping={"count": SHORTEST})
    elif len(text) > LONGEST:
        problem = _("This password is too long: at most ${count} characters are possible.", mapping={"count": LONGEST})
    elif text.casefold() in _own_words(email, name):
        problem = _("This password is your name or your mail address. Choose one that nobody can guess.")
    elif len(set(text)) < 4:
        problem = _("This password repeats too few characters. Choose one that nobody can guess.")
    if problem is not None:
        raise Invalid("password.weak", problem, fields={"password": [problem]})


def hash_password(password: str) -> str:
    """Return the argon2id hash to store. Raises Unavailable `password.busy` when too many wait."""
    with _slot():
        return _hasher.hash(_normal(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether the password fits; an unknown account (None) costs as much as a known one.

    Raises Unavailable `password.busy` when too many wait.
    """
    stand_in = _stand_in()
    with _slot():
        try:
            _hasher.verify(password_hash or stand_in, _normal(password)[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None


@lru_cache(maxsize=1)
def _stand_in() -> str:
    return _hasher.hash("the password of nobody")


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(
            "password.busy",
            _("Too many people are signing in at this moment. Please try again in a few seconds."),
            details={"retry_after": WAIT_SECONDS},
        )
    try:
        yield
    finally:
        _slots.release()


def _normal(password: str) -> str:
    # The same keys give different code points on different machines (800-63B-4: NFKC or NFKD before hashing).
    text = unicodedata.normalize("NFKC", password[: LONGEST * 4])
    return text.encode("utf-8", "replace").decode("utf-8")


def _own_words(email: str, name: str) -> Sequence[str]:
    words = (_normal(email), _normal(email).partition("@")[0], _normal(name), _normal(name).replace(" ", ""))
    return [word.casefold() for word in words if word]
