"""`make test`: every part of the suite, with seconds and counts; a part without a test counts as a failure.

python -m tests.run [--soak] [unit] [races] [browser] [contract] [sequences] [clocks] [properties]
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests import postgres

ROOT = Path(__file__).parents[1]
APART = ("races", "browser")
PARTS = {
    # Races and browsers need the processors for themselves, so only the first part runs on two workers. The longest
    # tests come first, and whoever has no more takes from the other, so that neither waits at the end.
    "unit": (
        *("tests/sequences", "tests/contract", "tests", "infra_access", "-n", "2", "--dist", "worksteal"),
        *(f"--ignore=tests/{name}" for name in (*APART, "benchmarks")),
    ),
    **{name: (f"tests/{name}",) for name in APART},
    # What of the first part has more cases to run with --soak: only where it is named.
    "contract": ("tests/contract",),
    "sequences": ("tests/sequences", "-n", "2"),
    "clocks": ("tests/scheduling/test_recurrence.py",),
    "properties": ("tests/policy/test_properties.py", "tests/policy/test_cedar.py"),
}
EVERYTHING = ("unit", *APART)
MAY_SKIP = "real input not present"
NO_TESTS = 5


@dataclass(slots=True)
class Counts:
    """What one part came to."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_counts(report: Path, *, strict: bool) -> Counts:
    """Count the tests of a junit report. Strictly, a skip is a failure, but for absent real input."""
    counts = Counts()
    if not report.exists():
        return counts
    for case in ElementTree.parse(report).iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed += 1
        elif skip is None:
            counts.passed += 1
        elif strict and MAY_SKIP not in (skip.get("message") or ""):
            counts.failed += 1
            name = f"{case.get('classname')}.{case.get('name')}"
            counts.problems.append(f"skipped in CI: {name}: {skip.get('message')}")
        else:
            counts.skipped += 1
    return counts


def run_part(name: str, report: Path, *, strict: bool) -> Counts:
    """Run one part with pytest and count; whatever makes pytest fail shows as a failure."""
    missing = [path for path in PARTS[name] if not path.startswith("-") and "/" in path and not (ROOT / path).exists()]
    status = NO_TESTS
    if not missing:
        # A soak shows what each test counted.
        counted = ["-rP"] if os.environ.get("SOAK") else []
        command = [sys.executable, "-m", "pytest", "-q", *counted, *PARTS[name], f"--junitxml={report}"]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
    counts = read_counts(report, strict=strict)
    if counts.passed + counts.failed == 0:
        counts.problems.append("no test ran")
        counts.failed += 1
    elif status and not counts.failed:
        counts.problems.append(f"pytest ended with status {status}")
        counts.failed += 1
    return counts


def main(arguments: list[str]) -> int:
    """Run the named parts, or all; return 0 only if every one had tests and none failed."""
    if "--soak" in arguments:
        os.environ["SOAK"] = "1"
    names = [argument for argument in arguments if argument != "--soak"] or list(EVERYTHING)
    if unknown := [name for name in names if name not in PARTS]:
        print(f"Unknown part {', '.join(unknown)}: choose from {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    strict = os.environ.get("CI", "").lower() in {"1", "true"}
    lines: list[str] = []
    total = Counts()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="infra-access-run-")))
        if not os.environ.get("TEST_DATABASE_URL"):
            os.environ["TEST_DATABASE_URL"] = stack.enter_context(postgres.running_server())
        for name in names:
            print(f"--- {name}", flush=True)
            began = time.monotonic()
            counts = run_part(name, folder / f"{name}.xml", strict=strict)
            lines.append(f"{name:<9} {time.monotonic() - began:7.1f} s  {counts}")
            lines.extend(f"          {problem}" for problem in counts.problems)
            total.passed += counts.passed
            total.failed += counts.failed
            total.skipped += counts.skipped
    print("\n" + "\n".join(lines))
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
