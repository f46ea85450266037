"""The HTTP API: every verb as POST, every question as GET, straight from the registries.

A body holds the verb's keywords as JSON; `actor` comes from the sign-in and `at` from the clock.
Models are built at their first use, so that no process pays for endpoints nobody calls.
"""

import inspect
import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, cast, get_args, get_origin
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import DataError, IntegrityError, ProgrammingError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from psycopg.errors import CheckViolation, InsufficientPrivilege
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from panshi.kit.files import MAX_BYTES
from panshi.kit.misfits import misfits, problem, unknown
from panshi.kit.verbs import QUESTIONS, VERBS, parameters
from panshi.kit.web import Request, once
from panshi.kit.wording import reads_chinese

log = logging.getLogger("panshi.api")
MISFIT: Final = "BodyDoesNotFit"
_REF = "#/components/schemas/{model}"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@cache
def _input(name: str) -> type[BaseModel]:
    """The model of what a caller sends for a verb or question."""
    fields: dict[str, Any] = {
        key: (
            parameter.annotation,
            ... if parameter.default is inspect.Parameter.empty else parameter.default,
        )
        for key, parameter in parameters(_function(name)).items()
    }
    return create_model(name.replace(".", "_"), __base__=_Strict, **fields)


@cache
def _answer(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(inspect.signature(_function(name), eval_str=True).return_annotation)


def _function(name: str) -> Callable[..., Any]:
    return VERBS[name] if name in VERBS else QUESTIONS[name]


# The session's own CSRF check is made by the middleware, which knows whether a token was sent.
@csrf_exempt
def call(request: HttpRequest, room: str, name: str) -> HttpResponse:
    """Call one verb (POST) or ask one question (GET). 404 for a name that does not exist.

    201 with the new fact, 200 with a stored or asked answer, 413 for a body that is too large, 422
    for one that does not fit, with its fields in the sender's language.
    """
    full = f"{room}.{name}"
    method = "POST" if full in VERBS else "GET"
    if full not in VERBS and full not in QUESTIONS:
        raise Http404(full)
    if request.method != method:
        return HttpResponseNotAllowed([method])
    try:
        key = UUID(request.headers["Idempotency-Key"]) if _has_key(request) else None
        model = _input(full)
        sent = (
            model.model_validate_json(request.body or b"{}")
            if method == "POST"
            else model.model_validate(_from_query(request.GET, model))
        )
    except RequestDataTooBig:
        words = _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024**2}
        return _json(problem("FileTooLarge", words), 413)
    except ValidationError as error:
        return _json(problem(MISFIT, _("This does not fit."), misfits(error)), 422)
    except ValueError:
        return _json(
            problem(MISFIT, _("The Idempotency-Key has to be a UUID; make a new one.")), 422
        )
    given = {field: getattr(sent, field) for field in model.model_fields}
    try:
        return _act(cast(Request, request), full, given, key)
    except (ValueError, LookupError, OverflowError, DataError) as unfit:
        # A value that has the right type and still names nothing: an unknown code or column.
        log.warning("%s does not take this", full, exc_info=True)
        words = _("A value is out of its range, or names what does not exist.")
        return _json(problem(MISFIT, words, unknown(given, str(unfit))), 422)
    except IntegrityError as broken:
        if not isinstance(broken.__cause__, CheckViolation):
            raise
        log.warning("%s does not take this", full, exc_info=True)
        return _json(problem(MISFIT, _said(broken.__cause__)), 422)
    except ProgrammingError as denied:
        if not isinstance(denied.__cause__, InsufficientPrivilege):
            raise
        return _json(problem("NotPermitted", _("Your part of the tree may not change this.")), 403)


def _act(request: Request, full: str, given: dict[str, Any], key: UUID | None) -> HttpResponse:
    function = _function(full)
    if "at" in inspect.signature(function).parameters:
        given["at"] = timezone.now()
    if full in QUESTIONS:
        answer = function(actor=request.actor, **given)
        return HttpResponse(_answer(full).dump_json(answer), content_type="application/json")
    plain, new = once(
        key=key,
        actor=request.actor,
        name=full,
        call=lambda: function(actor=request.actor, **given),
    )
    return _json(plain, 201 if new else 200)


def _said(broken: CheckViolation) -> str:
    """What the database refuses to store, in words.

    Its rules are named by English sentences: who reads English is told the sentence, others the
    name as a code to look up.
    """
    name = broken.diag.constraint_name or ""
    rule = name.replace("_", " ") if not reads_chinese() else name
    words = _("A value breaks the rule “%(rule)s”. Correct it and send again.")
    return words % {"rule": rule}


def _has_key(request: HttpRequest) -> bool:
    return bool(request.headers.get("Idempotency-Key"))


def _from_query(query: QueryDict, model: type[BaseModel]) -> dict[str, Any]:
    """Query parameters as values; a parameter that may repeat is a list."""
    return {key: query.getlist(key) if _is_many(model, key) else query[key] for key in query}


def _is_many(model: type[BaseModel], key: str) -> bool:
    field = model.model_fields.get(key)
    if field is None:
        return False
    kinds = [field.annotation, *get_args(field.annotation)]
    return any(get_origin(kind) in (list, tuple, set, Sequence) for kind in kinds)


def _json(plain: Any, status: int) -> HttpResponse:
    return HttpResponse(
        TypeAdapter(Any).dump_json(plain), status=status, content_type="application/json"
    )


@cache
def document(version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of all verbs and questions."""
    parts: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for name in sorted({*VERBS, *QUESTIONS}):
        paths[f"/api/v1/{name.replace('.', '/')}"] = (
            {"post": _verb_item(name, parts)}
            if name in VERBS
            else {"get": _question_item(name, parts)}
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Panshi", "version": version},
        "paths": paths,
        "components": {
            "schemas": parts,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _schema(made: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    parts.update(made.pop("$defs", {}))
    return made


def _item(name: str) -> dict[str, Any]:
    words = (inspect.getdoc(_function(name)) or "").split("\n", 1)
    return {
        "operationId": name,
        "tags": [name.split(".")[0]],
        "summary": words[0],
        "description": words[-1].strip() if len(words) > 1 else "",
    }


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _verb_item(name: str, parts: dict[str, Any]) -> dict[str, Any]:
    fact = _schema(_answer(name).json_schema(ref_template=_REF), parts)
    body = _schema(_input(name).model_json_schema(ref_template=_REF), parts)
    return {
        **_item(name),
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": {"type": "string", "format": "uuid"},
                "description": "A repeated key answers the first call's fact.",
            }
        ],
        "requestBody": {"required": True, **_content(body)},
        "responses": {
            "201": {"description": "The fact that is now true", **_content(fact)},
            "200": {"description": "The stored answer of this idempotency key", **_content(fact)},
            "403": {"description": "Not permitted"},
            "404": {"description": "No such record in your part of the tree"},
            "409": {"description": "Refused, in words"},
            "413": {"description": "The body is too large, in words"},
            "422": {"description": "The body does not fit: its fields, in words"},
        },
    }


def _question_item(name: str, parts: dict[str, Any]) -> dict[str, Any]:
    schema = _schema(_input(name).model_json_schema(ref_template=_REF), parts)
    needed = set(schema.get("required", ()))
    answer = _schema(_answer(name).json_schema(ref_template=_REF, mode="serialization"), parts)
    return {
        **_item(name),
        "parameters": [
            {"name": key, "in": "query", "required": key in needed, "schema": value}
            for key, value in schema.get("properties", {}).items()
        ],
        "responses": {"200": {"description": "The answer", **_content(answer)}},
    }
