"""The operator that moves in, before its workbook comes."""

from tests import town


def found_operator() -> None:
    """An operator with a person in its operations, and a model its vehicles may have."""
    from django.utils import timezone

    from panshi.fleet.tests import make

    town.person(town.nodes(timezone.now()), "yunying", "赵敏", "OPERATIONS")
    make.model()
