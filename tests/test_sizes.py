"""Modules stay short enough to read at one sitting; a crowded one is split by concept."""

from pathlib import Path
from statistics import median, quantiles

PACKAGE = Path(__file__).parents[1] / "infra_access"
MEDIAN, NINTH_DECILE, LONGEST = 110, 300, 400


def lengths():
    counted = {
        str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    return {name: lines for name, lines in counted.items() if lines}


def test_half_of_the_modules_are_short():
    assert median(lengths().values()) <= MEDIAN


def test_nine_of_ten_modules_are_of_moderate_length():
    assert quantiles(lengths().values(), n=10)[-1] <= NINTH_DECILE


def test_no_module_is_long():
    assert {name: lines for name, lines in lengths().items() if lines > LONGEST} == {}
