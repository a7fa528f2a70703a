"""boto3 clients, one each per process; credentials, region and endpoints come from the environment. To be called within ``errors.translated``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader, create_loader

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 5
READ_SECONDS = 30
_PATIENT_TRIES = 4
_HURRIED_SECONDS = 15

_tries: ContextVar[int] = ContextVar("tries", default=0)


@contextmanager
def hurried(*, tries: int = 1) -> Iterator[None]:
    """Inside, calls that may be repeated are tried so often and for a few seconds each: a Glue or S3 that hangs must hold neither a page nor a worker for minutes."""
    token = _tries.set(tries)
    try:
        yield
    finally:
        _tries.reset(token)


def glue() -> GlueClient:
    """For calls that may be repeated: botocore tries up to four times."""
    tries = _tries.get()
    return _glue(os.getpid(), tries, _HURRIED_SECONDS) if tries else _glue(os.getpid(), _PATIENT_TRIES)


def glue_once() -> GlueClient:
    """For calls that start something: a second try after a lost answer would start it twice."""
    return _glue(os.getpid(), 1)


def s3() -> S3Client:
    """For objects that Glue wrote or that lie outside our bucket; all calls may be repeated."""
    tries = _tries.get()
    return _s3(os.getpid(), tries, _HURRIED_SECONDS) if tries else _s3(os.getpid(), _PATIENT_TRIES)


def s3_for_browsers() -> S3Client:
    """For addresses that are signed here and used by a browser: always the newest signature, which is valid in every region."""
    return _s3_for_browsers(os.getpid())


# The process id is part of the key because a forked worker must not share its parent's sockets.
@cache
def _glue(_pid: int, attempts: int, read_seconds: int = READ_SECONDS) -> GlueClient:
    return _session().client("glue", config=_config(attempts, read_seconds))


@cache
def _s3(_pid: int, attempts: int, read_seconds: int = READ_SECONDS) -> S3Client:
    return _session().client("s3", config=_config(attempts, read_seconds))


@cache
def _s3_for_browsers(_pid: int) -> S3Client:
    return _session().client("s3", config=_config(_PATIENT_TRIES).merge(Config(signature_version="s3v4")))


def _session() -> boto3.session.Session:
    """Raises ``NoCredentialsError``. A client that was made without credentials stays without, also when the machine's role has some a moment later."""
    core = botocore.session.get_session()
    core.register_component("data_loader", _descriptions())
    session = boto3.session.Session(botocore_session=core)
    if session.get_credentials() is None:
        raise NoCredentialsError
    return session


@cache
def _descriptions() -> Loader:
    """What botocore knows of the services: each session would take a fifth of a second to read it anew."""
    return create_loader(botocore.session.get_session().get_config_variable("data_path"))


def _config(attempts: int, read_seconds: int = READ_SECONDS) -> Config:
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra="labelportal",
        # Servers other than AWS seldom have a name for each bucket.
        s3={"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL_S3") else None,
    )
