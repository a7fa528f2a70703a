"""``GET /metrics``: figures of the whole installation, for Prometheus and whatever else reads its text format.

Off unless ``LABELPORTAL_METRICS_TOKEN`` is set, which whoever asks must send. Counts only: no names, no ids, nothing from rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Gauge, generate_latest

from labeling.selectors import installation

SWEPT = "labelportal:swept"


@lru_cache(maxsize=1)
def _broker() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def note_sweep() -> None:
    """A worker has done what the clock asked for. Redis is where both are needed for it, so a value that grows old says that one of the three is away."""
    _broker().set(SWEPT, time.time())


def _background() -> Iterator[tuple[str, str, dict[str, str], float]]:
    try:
        swept: Any = _broker().get(SWEPT)
        queues = ("portal", "engine") if settings.LOCALGLUE_HERE else ("portal",)
        waiting: list[Any] = [_broker().llen(queue) for queue in queues]
    except redis.RedisError:
        yield "redis_up", "Whether Redis answers.", {}, 0
        return
    yield "redis_up", "Whether Redis answers.", {}, 1
    for queue, count in zip(queues, waiting, strict=True):
        yield "queue_messages", "Messages that no worker has taken yet.", {"queue": queue}, count
    if swept is not None:
        yield "last_sweep_timestamp_seconds", "When a worker last followed the runs.", {}, float(swept)


def exposition() -> bytes:
    """All figures, in the text format of Prometheus."""
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for name, meaning, labels, value in (*_background(), *installation.figures()):
        if name not in gauges:
            gauges[name] = Gauge(f"labelportal_{name}", meaning, list(labels), registry=registry)
        (gauges[name].labels(**labels) if labels else gauges[name]).set(value)
    return generate_latest(registry)


class MetricsMiddleware:
    """Answers ``/metrics`` before all else: who asks knows neither the host name of the portal nor TLS, but the token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.METRICS_TOKEN or request.path_info != "/metrics" or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})
