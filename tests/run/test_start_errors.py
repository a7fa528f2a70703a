"""A start that comes to nothing says why in a sentence, and leaves nothing for the next one to wait for."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from labelportal.run import probes
from labelportal.run.config import REFUSED, ROOT, ConfigError
from labelportal.run.values import Values
from localglue.alone import main
from tests.run.launcher import Launcher
from tests.support.environment import clean_environ, free_port

SEED = """
from labelportal.run.__main__ import Portal
from labelportal.run.config import Installation

portal = Portal(Installation.from_environ(), verbose=False)
portal.step("prepare", "-m", "labelportal.run.prepare")
portal._seed([])
"""


def refused(launcher: Launcher) -> str:
    """What a start printed that failed."""
    launcher.start()
    try:
        assert launcher.process is not None
        assert launcher.process.wait(60) == 1
        return launcher.printed()
    finally:
        launcher.end()


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    assert refused(Launcher(tmp_path)) == f"labelportal: {tmp_path / 'log'}: File exists.\n"
    assert (tmp_path / "run.lock").read_text() == "", "the next start would wait for parts of one that was killed"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    env = Launcher(tmp_path / "file" / "var").environment()
    command = [sys.executable, "-m", "labelportal.run"]
    run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == f"labelportal: {tmp_path / 'file' / 'var'}: Not a directory.\n"


@pytest.mark.services
def test_a_part_whose_folder_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "s3").touch()
    printed = refused(Launcher(tmp_path))
    assert f"labelportal: {tmp_path / 's3' / 'objects'}: Not a directory.\nlabelportal: stopping." in printed
    assert printed.endswith("labelportal: stopped.\n")
    assert "Traceback" not in printed
    assert (tmp_path / "run.lock").read_text() == ""


@pytest.mark.services
def test_a_bucket_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    ports = ("--port", "0", "--s3-port", "0", "--redis-port", "0")
    command = [sys.executable, "-m", "localglue", "--state", str(tmp_path), "--bucket", "No", *ports]
    run = subprocess.run(command, env=clean_environ(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "localglue: The bucket No could be neither found nor made: " in run.stderr
    assert "Traceback" not in run.stderr
    assert (tmp_path / "run.lock").read_text() == ""


def test_a_log_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    assert not probes.log_says(tmp_path, "Configuration ->")


def test_a_glue_that_refuses_the_demo_does_not_keep_the_portal_from_starting(tmp_path: Path, s3_server: str) -> None:
    theirs = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    theirs["AWS_ENDPOINT_URL_GLUE"] = f"http://127.0.0.1:{free_port()}"
    launcher = Launcher(tmp_path / "var", env={**theirs, "EXTERNAL": "glue,s3"})
    launcher.prepare()
    command = [sys.executable, "-c", SEED]
    run = subprocess.run(command, env=launcher.environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "The demo transform could not be created" in run.stdout
    assert "the next start tries that again" in run.stdout
    assert re.search(r"steward2 +Data steward +\S+", run.stdout), "passwords are shown all the same"
    assert not (launcher.var / "seeded").exists()


@pytest.mark.parametrize("region", ["", "eu west", "eu_west"])
def test_a_region_for_which_nobody_can_sign_is_named(region: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--region", region])
    assert f"--region: {region!r} is not a region, such as us-east-1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "address", "said"),
    [
        ("--redis-url", "redis://:geheim@localhost:1", "--redis-url: no Redis answers there (Error 111 "),
        ("--redis-url", "http://localhost:1", "--redis-url is not the address of a Redis database, such as "),
        (
            "--database-url",
            "mysql://me:geheim@localhost/d",
            "--database-url is not the address of a database, such as ",
        ),
        ("--database-url", "postgres://localhost:port/d", "--database-url is not the address of a database, such as "),
    ],
)
def test_an_address_of_no_use_is_named_with_its_option(tmp_path: Path, option: str, address: str, said: str) -> None:
    command = [sys.executable, "-m", "localglue", "--state", str(tmp_path), option, address]
    ports = ("--port", "0", "--s3-port", "0", "--redis-port", "0")
    run = subprocess.run([*command, *ports], env=clean_environ(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith(f"localglue: {said}")
    assert run.stderr.count("\n") == 1
    assert "geheim" not in run.stderr
    assert (tmp_path / "run.lock").read_text() == ""


def test_a_database_that_does_not_answer_is_said_in_a_sentence(tmp_path: Path) -> None:
    env = clean_environ() | {"LABELPORTAL_VAR": str(tmp_path), "DATABASE_URL": f"postgres://localhost:{free_port()}/d"}
    command = [sys.executable, "-m", "labelportal.run.prepare"]
    run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == REFUSED
    assert re.fullmatch(r"The database cannot be used: .*Connection refused.*\n", run.stderr)


@pytest.mark.parametrize(
    "variable", ["DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL_S3", "EMAIL_URL", "LABELPORTAL_URL"]
)
def test_an_address_that_is_none_is_named_by_commands(tmp_path: Path, variable: str) -> None:
    env = clean_environ() | {"LABELPORTAL_VAR": str(tmp_path), variable: "nonsense"}
    command = [sys.executable, "manage.py", "check"]
    run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert re.fullmatch(rf"manage.py: {variable} is not the address of [^\n]+\.\n", run.stderr)


@pytest.mark.parametrize("reason", ["away", "refuses"])
def test_an_s3_of_others_is_asked_before_anything_starts(tmp_path: Path, s3_server: str, reason: str) -> None:
    theirs = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    if reason == "away":
        theirs["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{free_port()}"
        said = r"labelportal: AWS_ENDPOINT_URL_S3: no S3 answers there \(.+\)\. Start it, or name another one\.\n"
    else:
        theirs |= {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "geheim" * 6}
        said = r"labelportal: AWS_ENDPOINT_URL_S3: the S3 there refuses the credentials \(\w+\)\. [^\n]+\n"
    printed = refused(Launcher(tmp_path, env={**theirs, "EXTERNAL": "s3"}))
    assert re.fullmatch(said, printed), printed


@pytest.mark.parametrize(
    ("variable", "held", "takes"),
    [
        ("LABELPORTAL_MAX_SOURCE_MB", "abc", "a whole number of 1 or more"),
        ("LABELPORTAL_MAX_SOURCE_ROWS", "-5", "a whole number of 1 or more"),
        ("LABELPORTAL_NOTIFICATION_DAYS", "1.5", "a whole number of 0 or more"),
        ("LABELPORTAL_DPU_HOUR_PRICE", "0,44", "a number of 0 or more"),
        ("TASK_RUN_SYNC_SECONDS", "0", "a number above 0"),
        ("LABELPORTAL_LABEL_FILE_MAX_MB", "nan", "a number above 0"),
        ("LOCALGLUE_MAX_RUNS", "1__0", "a whole number of 1 or more"),
        ("AWS_DEFAULT_REGION", "eu west", "a region, such as us-east-1"),
        ("LOCALGLUE_ACCOUNT_ID", "mine", "twelve digits"),
        ("HTTPS", "ture", "true or false"),
        ("LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ],
)
def test_a_value_that_is_none_is_named_with_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, variable: str, held: str, takes: str
) -> None:
    """By the settings themselves, read anew as a module of another name."""
    monkeypatch.setenv(variable, held)
    with pytest.raises(ConfigError, match=f"^{variable} is “{held}”; it takes {takes}.$"):
        runpy.run_path(str(ROOT / "labelportal" / "settings.py"))


def test_every_spelling_of_a_value_and_none() -> None:
    values = Values(
        {"A": " Yes ", "B": "off", "C": "", "D": " 7 ", "E": "10_000", "F": " a, ,b", "G": "info", "H": " "}
    )
    assert (values.switch("A"), values.switch("B", True), values.switch("C", True)) == (True, False, True)
    assert (values.count("D", 1), values.count("E", 1), values.count("C", 3), values.count("H", 4)) == (7, 10_000, 3, 4)
    assert (values.number("D", 1), values.number("C", 2.5)) == (7.0, 2.5)
    assert (values.words("F"), values.words("C", ["x"])) == (["a", "b"], ["x"])
    assert (values.one_of("G", ("DEBUG", "INFO"), "DEBUG"), values.text("missing", "y")) == ("INFO", "y")


def test_a_value_that_is_none_ends_the_start_and_commands_in_a_sentence(tmp_path: Path) -> None:
    env = clean_environ() | {"LABELPORTAL_VAR": str(tmp_path), "LABELPORTAL_MAX_SOURCE_MB": "abc"}
    for command in (["manage.py", "check"], ["-m", "labelportal.run.prepare"]):
        run = subprocess.run([sys.executable, *command], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        assert run.returncode != 0
        assert run.stderr.removeprefix("manage.py: ") == (
            "LABELPORTAL_MAX_SOURCE_MB is “abc”; it takes a whole number of 1 or more.\n"
        )
