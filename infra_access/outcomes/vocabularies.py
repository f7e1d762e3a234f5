"""The closed vocabulary of outcomes; the values are stored and sent as such."""

from enum import StrEnum


class OutcomeKind(StrEnum):
    """What came of an access."""

    PUBLICATION = "publication"
    DATASET = "dataset"
    PATENT = "patent"
    SOFTWARE = "software"
    OTHER = "other"
