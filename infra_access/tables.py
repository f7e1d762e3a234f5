"""Every table, loaded: foreign keys name tables of other packages, so whoever maps one needs them all."""

from importlib import import_module

MODULES = (
    "infra_access.audit.models",
    "infra_access.outbox.models",
    "infra_access.catalogue.models",
    "infra_access.people.models",
    "infra_access.policy.models",
    "infra_access.screening.models",
    "infra_access.ledger.models",
    "infra_access.access_requests.models",
    "infra_access.access_requests.approvals.models",
    "infra_access.access_requests.opinions.models",
    "infra_access.access_requests.terms.framework_models",
    "infra_access.access_requests.what_if_models",
    "infra_access.accounting.models",
    "infra_access.scheduling.models",
    "infra_access.scheduling.windows.models",
    "infra_access.scheduling.series.models",
    "infra_access.scheduling.drafts.models",
    "infra_access.scheduling.waiting.models",
    "infra_access.scheduling.upkeep.models",
    "infra_access.scheduling.gates.models",
    "infra_access.scheduling.mirrors.models",
    "infra_access.orders.models",
    "infra_access.outcomes.models",
    "infra_access.http.models",
)


def load() -> None:
    """Import every module that maps tables."""
    for module in MODULES:
        import_module(module)
