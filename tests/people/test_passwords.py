import threading
import time

import pytest

from infra_access.core.errors import Invalid, Unavailable
from infra_access.people import passwords


@pytest.mark.parametrize(
    "password",
    ["short", "x" * 257, "aaaaaaaaaaaaaaaa", "wanjiku@example.org", "WANJIKU MWANGI", "wanjikumwangi"],
)
def test_it_refuses_a_weak_password(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        passwords.check_password(password, email="wanjiku@example.org", name="Wanjiku Mwangi")
    assert list(caught.value.fields) == ["password"]


@pytest.mark.parametrize("password", ["correct horse", "パスワードではない長い言葉", "a b c d e f g"])
def test_it_takes_a_long_password_of_any_characters(password: str) -> None:
    passwords.check_password(password, email="wanjiku@example.org", name="Wanjiku")
    assert passwords.verify_password(passwords.hash_password(password), password)


def test_it_verifies_only_the_right_password() -> None:
    stored = passwords.hash_password("correct horse battery")
    assert "correct horse" not in stored
    assert passwords.verify_password(stored, "correct horse battery")
    assert not passwords.verify_password(stored, "correct horse batterz")
    assert not passwords.verify_password("no hash at all", "correct horse battery")


def test_it_takes_the_same_letters_in_another_composition() -> None:
    assert passwords.verify_password(passwords.hash_password("caf\u00e9 in Nairobi"), "cafe\u0301 in Nairobi")


def test_it_survives_what_cannot_be_encoded() -> None:
    assert not passwords.verify_password(None, "\ud800" * 20)


def test_an_unknown_account_costs_a_whole_hash() -> None:
    passwords.verify_password(None, "warm up the stand-in")
    stored = passwords.hash_password("correct horse battery")
    known, unknown = (min(_seconds(hash_) for _round in range(3)) for hash_ in (stored, None))
    assert unknown > known / 3


def test_it_bounds_how_many_hashes_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.05)
    for _slot in range(passwords.AT_ONCE):
        assert passwords._slots.acquire(timeout=1)
    try:
        refused: list[Exception] = []
        thread = threading.Thread(target=lambda: refused.append(_error()))
        thread.start()
        thread.join(5)
    finally:
        for _slot in range(passwords.AT_ONCE):
            passwords._slots.release()
    assert isinstance(refused[0], Unavailable)
    assert refused[0].code == "password.busy"


def _error() -> Exception:
    with pytest.raises(Unavailable) as caught:
        passwords.hash_password("correct horse battery")
    return caught.value


def _seconds(stored: str | None) -> float:
    began = time.perf_counter()
    passwords.verify_password(stored, "a wrong password")
    return time.perf_counter() - began
