"""The HTTP API: every verb as POST, every question as GET, straight from the registries.

A body holds the verb's keywords as JSON; `actor` comes from the sign-in and `at` from the clock.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, cast, get_args, get_origin
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Schema
from ninja.params.functions import Body, Query
from pydantic import ConfigDict, TypeAdapter, create_model

from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import QUESTIONS, VERBS, parameters
from panshi.kit.web import Request, once


def _schema(name: str, function: Callable[..., Any]) -> type[Schema]:
    fields: dict[str, Any] = {
        key: (
            parameter.annotation,
            ... if parameter.default is inspect.Parameter.empty else parameter.default,
        )
        for key, parameter in parameters(function).items()
    }
    title = name.replace(".", "_")
    made: type[Schema] = create_model(title, __base__=Schema, __config__=None, **fields)
    made.model_config = ConfigDict(**{**made.model_config, "extra": "forbid"})
    made.model_rebuild(force=True)
    return made


def _summary(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").split("\n", 1)[0]


def _fits_a_query(function: Callable[..., Any]) -> bool:
    """A question is served by GET when each parameter is a plain value or a list of such."""
    for parameter in parameters(function).values():
        kind = parameter.annotation
        inner = [a for a in get_args(kind) if a is not type(None)] if get_args(kind) else [kind]
        if get_origin(kind) in (list, tuple, set, dict, Sequence):
            return False
        if not all(isinstance(i, type) for i in inner):
            return False
    return True


def _add_verb(api: NinjaAPI, name: str, function: Callable[..., Any]) -> None:
    schema = _schema(name, function)
    answer = inspect.signature(function, eval_str=True).return_annotation
    adapter = TypeAdapter(answer)
    takes_time = "at" in inspect.signature(function).parameters

    def act(request: HttpRequest, body: Any) -> HttpResponse:
        actor: Actor = cast(Request, request).actor
        given = {key: getattr(body, key) for key in schema.model_fields}
        if takes_time:
            given["at"] = timezone.now()
        header = request.headers.get("Idempotency-Key")
        try:
            key = UUID(header) if header else None
        except ValueError:
            return _json({"error": "Idempotency-Key must be a UUID."}, 422)
        plain, new = once(
            key=key, actor=actor, name=name, call=lambda: function(actor=actor, **given)
        )
        return _json(plain, 201 if new else 200)

    act.__annotations__["body"] = Annotated[schema, Body(...)]
    act.__name__ = name.replace(".", "_")
    room, verb = name.split(".")
    api.post(
        f"/{room}/{verb}",
        summary=_summary(function),
        operation_id=name,
        tags=[room],
        openapi_extra={
            "responses": {
                201: {
                    "description": "The fact that is now true",
                    "content": {"application/json": {"schema": adapter.json_schema()}},
                },
                409: {"description": "Refused, in words"},
            }
        },
    )(act)


def _add_question(api: NinjaAPI, name: str, function: Callable[..., Any]) -> None:
    schema = _schema(name, function)
    adapter = TypeAdapter(inspect.signature(function, eval_str=True).return_annotation)

    def ask(request: HttpRequest, query: Any) -> HttpResponse:
        actor: Actor = cast(Request, request).actor
        given = {key: getattr(query, key) for key in schema.model_fields}
        if "at" in inspect.signature(function).parameters:
            given["at"] = timezone.now()
        return HttpResponse(
            adapter.dump_json(function(actor=actor, **given)), content_type="application/json"
        )

    ask.__annotations__["query"] = Annotated[schema, Query(...)]
    ask.__name__ = name.replace(".", "_")
    room, noun = name.split(".")
    api.get(f"/{room}/{noun}", summary=_summary(function), operation_id=name, tags=[room])(ask)


def _json(plain: Any, status: int) -> HttpResponse:
    return HttpResponse(
        TypeAdapter(Any).dump_json(plain), status=status, content_type="application/json"
    )


def build(version: str) -> NinjaAPI:
    """Build the API over all verbs and questions that the rooms have listed."""
    api = NinjaAPI(
        title="Panshi", version=version, urls_namespace="api", docs_url=None, openapi_url=None
    )

    @api.exception_handler(Refusal)
    def refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
        status = 403 if isinstance(refusal, NotPermitted) else 409
        return _json(
            {"refused": refusal.code, "words": refusal.words, "way_out": refusal.way_out}, status
        )

    for name, function in sorted(VERBS.items()):
        _add_verb(api, name, function)
    for name, function in sorted(QUESTIONS.items()):
        if _fits_a_query(function):
            _add_question(api, name, function)
    return api
