"""What the processes say of themselves: log lines, a request's reference, Prometheus metrics."""

import json
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponseBase
from prometheus_client import Counter, Histogram

from panshi.kit.ids import uuid7

reference: ContextVar[str] = ContextVar("reference", default="")
REQUESTS = Counter("panshi_requests_total", "Requests answered", ["method", "view", "status"])
SECONDS = Histogram(
    "panshi_request_seconds",
    "Seconds to answer a request",
    ["view"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)


class LineFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, words, reference."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "in": record.name,
            "says": record.getMessage(),
        }
        if reference.get():
            line["ref"] = reference.get()
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class ObserveMiddleware:
    """Give each request a reference number, and count it by view."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = reference.set(uuid7().hex[-12:])
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            match = request.resolver_match
            view = match.view_name if match and match.view_name else "none"
            REQUESTS.labels(request.method, view, response.status_code).inc()
            SECONDS.labels(view).observe(time.perf_counter() - began)
            response["X-Reference"] = reference.get()
            return response
        finally:
            reference.reset(token)
