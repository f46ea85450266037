"""What the search finds: documents of published cases, and the weights of terms."""

from django.db import connection

from panshi.handbook.models import Case, SearchDocument
from panshi.handbook.rules import terms


def weigh_terms(org_id: int) -> None:
    """Reckon anew what each term says of each node, from the org's search documents."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT handbook_weigh_terms(%s)", [org_id])


def document_of_case(case: Case) -> SearchDocument:
    """A published case as the search finds it, beside its node."""
    return SearchDocument(
        org_id=case.org_id,
        node=case.node,
        kind="CASE",
        anchor=f"case-{case.id}",
        title=case.title,
        text=(text := "\n".join(case.heads.values())),
        terms=terms.vector([("B", case.title), ("C", text)]),
    )
