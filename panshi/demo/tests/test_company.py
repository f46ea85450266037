"""Founding happens once, whole, or says how to begin again."""

import pytest

from panshi.demo import company
from panshi.demo.tests import make


def test_a_company_is_founded_once() -> None:
    make.company()
    said: list[str] = []
    company.found(seed=1, say=said.append)
    assert said == ["There is a company here already."]


def test_a_broken_off_founding_says_how_to_begin_again() -> None:
    mark = company._mark()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    try:
        with pytest.raises(company.FoundingInterrupted, match="panshi demo reset"):
            company.found(seed=1, say=make.quiet)
    finally:
        mark.unlink()
