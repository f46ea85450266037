"""The pictures of questions and the words of procedures, for pages."""

from collections.abc import Mapping

from django import template
from django.utils.safestring import SafeString

from panshi.handbook import wording
from panshi.handbook.rules import figures

register = template.Library()
for said in (wording.proof, wording.span, wording.starter, wording.unit):
    register.filter(said.__name__, said)


@register.filter
def post_in(slug: str, posts: Mapping[str, str]) -> str:
    """A job post of the book by its name."""
    return posts.get(slug, slug)


@register.simple_tag
def figure(name: str) -> SafeString:
    """The drawing of this name, or nothing; all of it is ours, nothing in it was typed in."""
    return SafeString(figures.drawn(name))
