"""A stranger sees and changes nothing of an operator's: every URL and endpoint is tried."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter

from panshi.handbook.tests import make as handbook
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.nouns import OwnedModel
from panshi.kit.verbs import QUESTIONS, VERBS, parameters
from panshi.leasing.tests import make as leasing
from panshi.org.models import AuditRow, OrgNode, User
from panshi.org.tests import make
from panshi.service.tests import make as service
from panshi.telematics.tests import make as telematics
from tests.windows import Window

PUBLIC = {"language/", "sign-out/"}
SIGN_IN = "sign-in/"
FOR_EVERYONE = (
    "healthz", "readyz", "metrics", "api/openapi.json", SIGN_IN, "language/", "field/",
    "services/", "sitemap.xml", "robots.txt", "portal/", "manifest", "offline",
)  # fmt: skip


def _akin(stem: str, noun: str) -> bool:
    return bool(stem) and (stem in noun or noun in stem)


@dataclass(frozen=True)
class Ours:
    """What must stay hidden: an id of each noun that we have, and words only on our pages."""

    org_ids: tuple[int, ...]
    ids: Mapping[str, UUID | None]
    words: tuple[str, ...]

    def meant_by(self, names: Collection[str]) -> tuple[UUID, ...]:
        """The ids to try for parameters of these names.

        `plan_id` means each noun with a plan in its name; a name that no noun answers to, all.
        Where we have none of what is meant, any one id is tried.
        """
        found: set[UUID] = set()
        for name in names:
            stem = re.sub(r"_?ids?$", "", name).replace("_", "")
            nouns = [label for label in self.ids if _akin(stem, label.partition(".")[2])]
            found |= {one for label in nouns or self.ids if (one := self.ids[label])}
        return tuple(sorted(found)) or self.all[:1]

    @property
    def all(self) -> tuple[UUID, ...]:
        return tuple(one for one in self.ids.values() if one)


@dataclass(frozen=True)
class Route:
    path: str
    kinds: tuple[str, ...]
    names: tuple[str, ...]

    def filled(self, ours: Ours) -> Iterator[str]:
        """The path with each of our ids in it that it could be about."""
        if not self.kinds:
            yield self.path
            return
        for row in ours.meant_by(self.names):
            values = [str(row) if k == "uuid" else str(ours.org_ids[0]) for k in self.kinds]
            yield self.path.format(*values)


def _routes(patterns: list[Any], prefix: str = "") -> Iterator[Route]:
    for pattern in patterns:
        text = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, text)
        elif isinstance(pattern, URLPattern):
            kinds = []
            for name, converter in pattern.pattern.converters.items():
                kind = {
                    UUIDConverter: "uuid",
                    IntConverter: "int",
                    StringConverter: "str",
                    SlugConverter: "str",
                }.get(type(converter), "str")
                kinds.append(kind)
                for spelled in (f"<{kind}:{name}>", f"<slug:{name}>", f"<{name}>"):
                    text = text.replace(spelled, "{}")
            yield Route(text, tuple(kinds), tuple(pattern.pattern.converters))


ROUTES = [
    route
    for route in _routes(get_resolver().url_patterns)
    if "str" not in route.kinds and not set("(?^") & set(route.path)
]


def user_of(org: OrgNode, role: str) -> User:
    return User.objects.create(
        org=org,
        username=f"{role}-{uuid7().hex[-6:]}",
        full_name="路人",
        roles=[role],
        password=make_password(None),
    )


@pytest.fixture
def ours() -> Ours:
    """An operator with a lease on the road, a booked job, a connected vehicle and open runs."""
    lease = leasing.active()
    town = service.city()

    service.booking(town)
    connected = telematics.connected(org=lease.org)
    telematics.record(telematics.seen(connected))
    handbook.start(handbook.overdue(lease.org))
    orgs = (lease.org_id, town.org.id)
    ids: dict[str, UUID | None] = {}
    words: list[str] = []
    for model in apps.get_models():
        if issubclass(model, OwnedModel):
            rows = model.objects.filter(org_id__in=orgs)
            row = rows.first()
            ids[f"{model._meta.app_label}.{model._meta.model_name}"] = row.pk if row else None
            for field in ("vin", "plate", "address"):
                if field in {f.name for f in model._meta.get_fields()}:
                    words += [w for w in rows.values_list(field, flat=True) if len(str(w)) > 5]
    assert sum(one is not None for one in ids.values()) > 20
    assert len(words) > 3
    return Ours(orgs, ids, tuple({str(w) for w in words}))


def _facts_and_changes(ours: Ours) -> tuple[int, int]:
    return (
        Outbox.objects.filter(org_id__in=ours.org_ids).count(),
        AuditRow.objects.filter(org_id__in=ours.org_ids).count(),
    )


def _leaks(answer: Any, ours: Ours) -> list[str]:
    if answer.status_code >= 300 or answer.streaming:
        return []
    text = answer.content.decode("utf-8", "replace")
    return [word for word in ours.words if word in text]


@pytest.mark.slow
def test_every_page_hides_what_is_ours(ours: Ours) -> None:
    before = _facts_and_changes(ours)
    window = Window(user_of(make.operator(), "ADMINISTRATOR"))
    window.raise_request_exception = False
    leaks, broken = [], []
    for route in ROUTES:
        for path in route.filled(ours):
            if route.path.startswith(("live", SIGN_IN)) or route.path in PUBLIC:
                continue
            answer = window.get(f"/{path}")
            broken += [path] if answer.status_code >= 500 else []
            leaks += [(path, word) for word in _leaks(answer, ours)]
            if route.kinds and "uuid" in route.kinds:
                answer = window.post(f"/{path}", {})
                broken += [path] if answer.status_code >= 500 else []
                leaks += [(path, word) for word in _leaks(answer, ours)]
    assert leaks == []
    assert broken == []
    assert _facts_and_changes(ours) == before


@pytest.mark.slow
def test_every_page_asks_a_stranger_to_sign_in() -> None:
    window = Window()
    window.raise_request_exception = False
    some_id = str(uuid7())
    open_pages = []
    for route in ROUTES:
        if route.path.startswith("live"):
            continue  # It ends its own connection; its own tests try it.
        path = route.path.format(*[some_id if k == "uuid" else "1" for k in route.kinds])
        answer = window.get(f"/{path}")
        if answer.status_code == 200:
            open_pages.append(route.path)
    assert [p for p in open_pages if not p.startswith(FOR_EVERYONE)] == []


def _value(kind: Any, ours: Ours, row: UUID) -> Any:
    """Something of a parameter's kind that points at what is ours."""
    if "UUID" in str(kind) and get_origin(kind) in (tuple, Sequence):
        return [str(one) for one in ours.all]
    kinds = [kind, *get_args(kind)]
    plain = {UUID: str(row), int: ours.org_ids[0], Decimal: "1.00", bool: True, str: "x",
             float: 30.0, date: "2026-11-22", datetime: "2026-11-22T04:00:00Z"}  # fmt: skip
    for one in kinds:
        if one in plain:
            return plain[one]
    return []


@pytest.mark.slow
def test_every_endpoint_hides_and_keeps_what_is_ours(ours: Ours) -> None:
    before = _facts_and_changes(ours)
    window = Window(user_of(make.operator(), "ADMINISTRATOR"))
    window.raise_request_exception = False
    leaks, broken = [], []
    for name, function in {**QUESTIONS, **VERBS}.items():
        path = f"/api/v1/{name.replace('.', '/')}"
        wanted = parameters(function)
        pointing = [key for key, p in wanted.items() if "UUID" in str(p.annotation)]
        for row in ours.meant_by(pointing):
            sent = {key: _value(p.annotation, ours, row) for key, p in wanted.items()}
            if name in VERBS:
                answer = window.post(path, json.dumps(sent), content_type="application/json")
            else:
                answer = window.get(path, sent)
            leaks += [(name, word) for word in _leaks(answer, ours)]
            if answer.status_code >= 500:
                broken.append(name)
    assert leaks == []
    assert " ".join(sorted(set(broken))) == ""
    assert _facts_and_changes(ours) == before
