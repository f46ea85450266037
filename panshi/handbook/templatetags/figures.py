"""The pictures of questions, for pages."""

from django import template
from django.utils.safestring import SafeString

from panshi.handbook.rules import figures

register = template.Library()


@register.simple_tag
def figure(name: str) -> SafeString:
    """The drawing of this name, or nothing; all of it is ours, nothing in it was typed in."""
    return SafeString(figures.drawn(name))
