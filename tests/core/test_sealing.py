"""A seal is opened by every key of the site, made with the first, and tells nothing by itself."""

import pytest
from cryptography.fernet import Fernet

from infra_access.core.sealing import Sealer, Unreadable

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRET = "a secret of the tests"


def test_what_was_sealed_with_any_of_the_keys_opens():
    derived, old, both = Sealer((), SECRET), Sealer((OLD,), SECRET), Sealer((NEW, OLD), SECRET)
    for sealed in (derived.seal({"said": ["KE"]}), old.seal({"said": ["KE"]})):
        assert both.open(sealed) == {"said": ["KE"]}
    assert Sealer((NEW,), "another secret").open(both.seal({"said": []})) == {"said": []}


@pytest.mark.parametrize("changed", ["", "no seal", "é", "other secret", "tampered"])
def test_what_none_of_them_made_does_not(changed):
    sealer = Sealer((), SECRET)
    if changed == "other secret":
        changed = Sealer((), "another secret").seal({})
    elif changed == "tampered":
        sealed = sealer.seal({})
        changed = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    with pytest.raises(Unreadable):
        sealer.open(changed)


def test_neither_its_length_nor_the_keys_tell_anything():
    sealer = Sealer((OLD,), SECRET)
    few, many = (sealer.seal({"said": said}) for said in (["KE"], ["DE", "KE", "ZA"]))
    assert len(few) == len(many)
    assert few != sealer.seal({"said": ["KE"]})
    assert OLD not in repr(sealer)
    assert SECRET not in repr(sealer)
