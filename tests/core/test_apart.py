"""One that fails keeps no other from its turn."""

import pytest

from infra_access.core.apart import each_apart


def test_each_has_its_turn_and_every_failure_is_told():
    done = []

    def run(key):
        if key % 2:
            raise ValueError(key)
        done.append(key)
        return True

    with pytest.raises(ExceptionGroup, match="not done") as caught:
        each_apart([1, 2, 3, 4], run, "not done")
    assert done == [2, 4]
    assert [str(one) for one in caught.value.exceptions] == ["1", "3"]
    assert each_apart([2, 4], run, "not done") == 2
