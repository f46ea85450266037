"""Questions to the handbook: runs, and the text."""

from panshi.handbook.queries.card import run_card
from panshi.handbook.queries.parameters import parameter_page, parameters
from panshi.handbook.queries.reading import (
    binding_status,
    cities,
    edition_diff,
    editions,
    findable_parts,
    node_page,
    panorama,
    search,
)
from panshi.handbook.queries.runs import (
    evidence_file,
    inbox,
    inbox_count,
    runs_of,
    supervision,
)

__all__ = [
    "binding_status",
    "cities",
    "edition_diff",
    "editions",
    "evidence_file",
    "findable_parts",
    "inbox",
    "inbox_count",
    "node_page",
    "panorama",
    "parameter_page",
    "parameters",
    "run_card",
    "runs_of",
    "search",
    "supervision",
]
