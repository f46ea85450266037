"""Tags of the page patterns: icons, vendored files, values by kind, small drawings."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from panshi.kit import cells, drawings, vendored
from panshi.kit import strips as offered
from panshi.kit.web import permission_of

register = template.Library()


@register.simple_tag
def vendor(name: str) -> str:
    """The address of a third-party file: `{% vendor "htmx" %}`."""
    return static(vendored.FILES[name])


@register.simple_block_tag(takes_context=True)
def allowed(context: template.Context, content: SafeString, url_name: str) -> str:
    """What leads to a page, for those whom it lets in: `{% allowed "fleet-register" %}…`."""
    needed = permission_of(url_name)
    return content if not needed or context["request"].actor.may(needed) else ""


@register.simple_tag(takes_context=True)
def again(context: template.Context, name: str) -> SafeString:
    """What a block of this page holds, once more: the title as heading."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    rendered: SafeString = block.render(context)
    return rendered


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An outline icon of the sprite; with a `label` it speaks for itself, else it is decoration."""
    spoken: SafeString | str = (
        format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    )
    return format_html(
        '<svg class="icon" {}><use href="{}#{}"></use></svg>',
        spoken if isinstance(spoken, SafeString) else SafeString(spoken),
        static(vendored.FILES["icons"]),
        name,
    )


@register.simple_tag
def state(value: Any, tone: str = "idle") -> SafeString:
    """A dot and a word: `{% state lease.state "ok" %}`."""
    return cells.state(value, tone) if value not in (None, "") else cells.DASH


@register.filter
def shown(value: Any, kind: str = "text") -> SafeString:
    """A value as a kind of `cells`: `{{ bill.amount|shown:"money" }}`."""
    return cells.show(value, kind)


@register.filter
def money(value: Decimal | None) -> SafeString:
    return cells.show(value, "money")


@register.filter
def plate(value: str | None) -> SafeString:
    return cells.show(value, "plate")


@register.filter
def mono(value: Any) -> SafeString:
    return cells.show(value, "mono")


@register.filter
def figure(value: Any) -> SafeString:
    return cells.show(value, "number")


@register.filter
def when(value: date | datetime | None) -> SafeString:
    """A moment with its time, a day without."""
    return cells.show(value, "moment" if isinstance(value, datetime) else "day")


@register.simple_tag
def sparkline(values: Sequence[float | None], label: str = "") -> SafeString:
    """A small line of values; None is a gap. `label` says in words what the line shows."""
    width, height = 96, 24
    lines, last = drawings.sparkline(values, width=width, height=height)
    end = SafeString("")
    if last is not None:
        end = format_html('<circle cx="{}" cy="{}" r="2"></circle>', *last)
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img"'
        ' aria-label="{}">{}{}</svg>',
        width, height, width, height, label,
        format_html_join("", '<polyline points="{}"></polyline>', ((line,) for line in lines)),
        end,
    )  # fmt: skip


@register.simple_tag
def share_bar(
    part: float | Decimal | None, whole: float | Decimal = 1, tone: str = ""
) -> SafeString:
    """A bar of `part` in `whole`; what exceeds the whole fills it."""
    width = drawings.share(part, whole)
    return format_html(
        '<svg class="bar {}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="bar-back" width="100" height="6"></rect>'
        '<rect class="bar-front" width="{}" height="6"></rect></svg>',
        f"bar-{tone}" if tone else "",
        width,
    )


@register.inclusion_tag("kit/strips.html", takes_context=True)
def strips(context: template.Context, subject_type: str, subject_id: object) -> dict[str, Any]:
    """What is under way about a thing: `{% strips "fleet.vehicle" vehicle.id %}`."""
    return {"strips": offered.about(subject_type, subject_id, context["request"].actor)}
