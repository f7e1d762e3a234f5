"""Scripts of others are kept as released: each file has its row in VENDOR.json, its hash and its licence."""

import hashlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for top in ("infra_access", "tests") for path in (ROOT / top).rglob("VENDOR.json"))


def rows(folder):
    return json.loads((folder / "VENDOR.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_each_vendored_file_has_the_recorded_hash(folder):
    hashes = {row["file"]: hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest() for row in rows(folder)}

    assert hashes == {row["file"]: row["sha256"] for row in rows(folder)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_nothing_lies_there_without_a_row_and_a_licence(folder):
    recorded = {name for row in rows(folder) for name in (row["file"], *row["licence_files"])}

    assert {path.name for path in folder.iterdir()} == recorded | {"VENDOR.json"}
    assert all(row["name"] and row["version"] and row["licence"] and row["licence_files"] for row in rows(folder))


def test_both_the_pages_and_the_browser_tests_have_vendored_scripts():
    assert [str(folder.relative_to(ROOT)) for folder in FOLDERS] == [
        "infra_access/static/vendor",
        "tests/browser/vendor",
    ]
