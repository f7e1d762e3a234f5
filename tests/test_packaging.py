"""What is installed is what lies in the tree: no package without its mark, and no shadow of the library alembic."""

from pathlib import Path

from setuptools import find_packages

ROOT = Path(__file__).parents[1]


def test_every_folder_with_modules_is_a_package():
    folders = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "infra_access").rglob("*.py")}

    assert {folder.replace("/", ".") for folder in folders} == set(
        find_packages(str(ROOT), include=["infra_access", "infra_access.*"])
    )


def test_the_migrations_do_not_shadow_the_library():
    assert not (ROOT / "alembic" / "__init__.py").exists()
