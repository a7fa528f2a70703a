"""The servers that tests start are real, share one database with the test, and come back after SIGKILL with what they held."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid

import boto3
import pytest
import redis
from botocore.exceptions import ClientError

from labelportal.celery import app
from labelportal.run import probes
from labelportal.run.parts import all_parts
from tests.support.servers import Services, wait_until


def test_redis_keeps_its_data_over_sigkill(services: Services) -> None:
    key = f"kept-{uuid.uuid4()}"
    with redis.Redis.from_url(services.redis_url) as client:
        client.set(key, "yes")
    services.restart("redis")
    with redis.Redis.from_url(services.redis_url) as client:
        assert client.get(key) == b"yes"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_s3_keeps_objects_over_sigkill(services: Services) -> None:
    key = f"kept/{uuid.uuid4()}.csv"
    client = boto3.client("s3")
    client.put_object(
        Bucket=services.bucket, Key=key, Body=b"labeling_set_id,label\n", Metadata={"run": "7"}, ContentType="text/csv"
    )
    services.restart("s3")
    answer = client.get_object(Bucket=services.bucket, Key=key)
    assert answer["Body"].read() == b"labeling_set_id,label\n"
    assert answer["ContentType"] == "text/csv"
    assert answer["Metadata"] == {"run": "7"}


def test_s3_refuses_unknown_keys(services: Services) -> None:
    stranger = boto3.client("s3", aws_access_key_id="AKIASTRANGERSTRANGER", aws_secret_access_key="x" * 40)
    with pytest.raises(ClientError) as error:
        stranger.list_buckets()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_localstack/health", "/_ministack/config"])
def test_the_s3_servers_own_addresses_are_closed(services: Services, path: str) -> None:
    request = urllib.request.Request(services.s3_url + path, method="POST", data=b"{}")
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=5)
    assert error.value.code == 403
    boto3.client("s3").head_bucket(Bucket=services.bucket)


def test_workers_answer_again_after_sigkill(services: Services) -> None:
    services.restart("worker", "engine-worker")
    assert probes.worker_answers(services.redis_url, "portal@localhost")
    assert probes.worker_answers(services.redis_url, "engine@localhost")


def test_web_and_beat_start_on_the_same_database(services: Services) -> None:
    services.start("web", "beat")
    assert probes.http_answers(f"{services.web_url}/health")
    assert services.running("beat")


def test_logs_do_not_fill_with_the_ticks_of_the_clock(services: Services) -> None:
    def swept() -> bool:
        stats = app.control.inspect(destination=["portal@localhost"]).stats() or {}
        return any("labeling.sweep_answers" in worker["total"] for worker in stats.values())

    services.start("beat")
    wait_until(swept, what="a tick that was sent and done")
    assert "labeling.sweep_answers[" not in services.log("worker")
    assert "Sending due task" not in services.log("beat")


@pytest.mark.parametrize("part", ["worker", "engine-worker", "beat"])
def test_a_level_of_logging_is_that_of_the_workers_too(services: Services, part: str) -> None:
    parts = all_parts(services.installation, {**services.env, "LOG_LEVEL": "DEBUG"})
    assert next(found for found in parts if found.name == part).command[-2:] == ("--loglevel", "DEBUG")
