"""The runner of `make test` counts honestly: a part that ran nothing, or skipped in CI, has failed."""

import pytest

from tests import run

REPORT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="no"/></testcase>
<testcase classname="a" name="broken"><error message="no"/></testcase>
<testcase classname="a" name="idle"><skipped type="pytest.skip" message="not today"/></testcase>
<testcase classname="a" name="absent"><skipped type="pytest.skip" message="Skipped: real input not present"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    return path


def test_it_counts_passes_failures_and_skips(report):
    counts = run.read_counts(report, strict=False)

    assert (counts.passed, counts.failed, counts.skipped) == (1, 2, 2)


def test_in_ci_only_absent_real_input_may_be_skipped(report):
    counts = run.read_counts(report, strict=True)

    assert (counts.passed, counts.failed, counts.skipped) == (1, 3, 1)
    assert counts.problems == ["skipped in CI: a.idle: not today"]


def test_a_part_without_tests_has_failed(tmp_path, monkeypatch):
    monkeypatch.setitem(run.PARTS, "nothing", ("tests/there-is-none",))

    counts = run.run_part("nothing", tmp_path / "report.xml", strict=False)

    assert counts.failed == 1
    assert counts.problems == ["no test ran"]


def test_every_part_has_its_tests_and_the_deeper_ones_run_only_where_they_are_named():
    assert set(run.EVERYTHING) < set(run.PARTS)
    paths = [path for part in run.PARTS.values() for path in part if path.startswith("tests/")]
    assert all((run.ROOT / path).exists() for path in paths)
