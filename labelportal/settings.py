"""All settings, read from the environment. See docs/operations.md for every variable."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Any

from botocore.config import Config
from celery.schedules import crontab
from environ import Env
from whitenoise.compress import Compressor

from labelportal.run.addresses import require_addresses
from labelportal.run.config import REGION, REGION_NAME
from labelportal.run.credentials import write_private
from labelportal.run.values import Values

env = Values(os.environ)
require_addresses(os.environ)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("LABELPORTAL_VAR") or BASE_DIR / "var").resolve()

# Set by ``python -m localglue``: no portal in any process of this installation, only localglue's tables, tasks and addresses.
ALONE = env.switch("LOCALGLUE_ALONE")
# Which process this is: "web" (portal, workers, commands) or "glue" (the localglue API, which has no sessions, pages or people).
PROCESS = "glue" if ALONE else env.one_of("LABELPORTAL_PROCESS", ("web", "glue"), "web")

DEBUG = env.switch("DEBUG")


def _secret_key() -> str:
    """SECRET_KEY from the environment, else one made once per installation and kept in var/ (mode 0600)."""
    if key := env.text("SECRET_KEY"):
        return key
    path = VAR_DIR / "secret_key"
    if not path.exists() or not path.stat().st_size:  # an empty one was left by a disk that was full
        write_private(path, secrets.token_urlsafe(50))
    return path.read_text().strip()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "storages",
    "accounts",
    "labeling",
    "localglue",
]
if ALONE:
    INSTALLED_APPS = ["localglue"]

if PROCESS == "glue":
    ROOT_URLCONF = "localglue.urls"
    MIDDLEWARE = []  # TLS is the proxy's, and a redirect to it would break every SDK
else:
    ROOT_URLCONF = "labelportal.urls"
    MIDDLEWARE = [
        "labelportal.health.HealthMiddleware",
        "labelportal.monitoring.MetricsMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "labeling.content_security.ContentSecurityPolicyMiddleware",
        "labelportal.middleware.TimeZoneMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "accounts.middleware.SignInMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django_htmx.middleware.HtmxMiddleware",
        "labelportal.middleware.SomebodyWaitsMiddleware",
        "labelportal.middleware.NotAllowedPageMiddleware",
    ]
WSGI_APPLICATION = "labelportal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def _database() -> dict[str, Any]:
    """DATABASE_URL, with the options that let several processes share one SQLite file."""
    config: dict[str, Any] = Env.db_url_config(env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'labelportal.sqlite3'}"))
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        config.setdefault("CONN_HEALTH_CHECKS", True)
        config.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # its own would be over two minutes
    # To open even a file anew takes as long as the queries of a tick of the clock.
    config.setdefault("CONN_MAX_AGE", 60)
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "labeling:home"
LOGOUT_REDIRECT_URL = "accounts:login"

# Single sign-on with OpenID Connect. Its addresses come from <issuer>/.well-known/openid-configuration when somebody signs in.
OIDC_ISSUER = env.text("OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET")
# What the button says: "Sign in with …".
OIDC_NAME = env.text("OIDC_NAME")
# The team in which people become data stewards whom nobody has invited. Empty: they cannot come in.
OIDC_TEAM = env.text("OIDC_TEAM")
# Whether addresses count as theirs of which the provider does not say whether it has verified them.
OIDC_TRUST_EMAIL = env.switch("OIDC_TRUST_EMAIL")
# No passwords any more.
OIDC_ONLY = env.switch("OIDC_ONLY")

# All texts go through gettext; LANGUAGES, LOCALE_PATHS and Django's LocaleMiddleware come with the first translation.
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# The bucket that holds sources, label files and results; boto3 finds credentials and endpoints by itself.
BUCKET = env.text("LABELPORTAL_BUCKET", "labelportal")
GLUE_ROLE = env.text("LABELPORTAL_GLUE_ROLE", "arn:aws:iam::000000000000:role/labelportal")
CATALOG_DATABASE = env.text("LABELPORTAL_CATALOG_DATABASE", "labelportal")
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": BUCKET,
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": 300,
            # Without these an S3 that hangs holds whoever uploads for five minutes.
            "client_config": Config(
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "total_max_attempts": 2},
                s3={"addressing_style": "path"} if env.text("AWS_ENDPOINT_URL_S3") else None,
            ),
        },
    },
    "staticfiles": {"BACKEND": "labelportal.staticfiles.HashedFiles"},
}
# Fonts of this kind go into PDF, not to browsers, and are the largest of all files.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "ttf")
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "accounts.uploads.StrangersUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
MAX_SOURCE_BYTES = env.count("LABELPORTAL_MAX_SOURCE_MB", 512) * 1024 * 1024
MAX_SOURCE_ROWS = env.count("LABELPORTAL_MAX_SOURCE_ROWS", 10_000_000)

# What AWS bills for a DPU-hour (0: prices are not shown), and in which currency; https://aws.amazon.com/glue/pricing/
DPU_HOUR_PRICE = env.number("LABELPORTAL_DPU_HOUR_PRICE", 0.44, zero=True)
PRICE_CURRENCY = env.text("LABELPORTAL_PRICE_CURRENCY", "USD")

# Where people find this installation: links in mail and in messages to chats start with it.
PUBLIC_URL = env.text("LABELPORTAL_URL", "http://127.0.0.1:8000")
# EMAIL_URL says how mail is sent, such as smtp+tls://user:password@mail.example.org:587; without it mail is written to the worker's log.
vars().update(Env.email_url_config(env.text("EMAIL_URL", "consolemail://")))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "labelportal@localhost")
# Webhooks may call addresses in private networks only where this says so.
WEBHOOK_PRIVATE = env.switch("LABELPORTAL_WEBHOOK_PRIVATE")
# How many days people find what they were told of, and admins the log of a webhook. 0: for good. Labels, runs and files are always kept.
NOTIFICATION_DAYS = env.count("LABELPORTAL_NOTIFICATION_DAYS", 365, least=0)
WEBHOOK_LOG_DAYS = env.count("LABELPORTAL_WEBHOOK_LOG_DAYS", 90, least=0)

# The password of the people that ``manage.py seed`` makes; empty: a random one for each.
DEMO_PASSWORD = env.text("DEMO_PASSWORD")

# Empty: /metrics is no address.
METRICS_TOKEN = env.text("LABELPORTAL_METRICS_TOKEN")
# Empty: workers and beat have no pulse, see labelportal/pulse.py.
PULSE_FILE = env.text("LABELPORTAL_PULSE")
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:8030/0")
TASK_RUN_SYNC_SECONDS = env.number("TASK_RUN_SYNC_SECONDS", 2.0)
# How often Glue is asked for runs that were started in its console or by other programs.
FOREIGN_RUN_SECONDS = env.number("FOREIGN_RUN_SECONDS", 60.0)
# How long a worker may take to start a run at Glue before others ask Glue whether it did; longer than any single call lasts.
TASK_RUN_CLAIM_SECONDS = env.number("TASK_RUN_CLAIM_SECONDS", 60.0)

# The quota "Label file size" of the AWS account (L-B78896B9); larger label files are split into several, imported one after the other.
LABEL_FILE_MAX_BYTES = int(env.number("LABELPORTAL_LABEL_FILE_MAX_MB", 10.0) * 1024 * 1024)

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A Redis that is away or does not answer must not hold the person who asked: it is asked once, the row stands, and the sweep sends the message later.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5.0, "socket_connect_timeout": 5.0, "max_retries": 0}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "portal"
CELERY_TASK_ROUTES = {"localglue.*": {"queue": "engine"}, "labeling.*": {"queue": "portal"}}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "labelportal.beat:SteadyScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 15  # the seconds of its pulse, however seldom something is due
CELERY_BEAT_SCHEDULE = {
    # A tick that nobody took before the next one is due says nothing new, so it expires.
    "sync-task-runs": {
        "task": "labeling.sync_task_runs",
        "schedule": TASK_RUN_SYNC_SECONDS,
        "options": {"expires": TASK_RUN_SYNC_SECONDS},
    },
    "sweep-foreign-runs": {
        "task": "labeling.sweep_foreign_runs",
        "schedule": FOREIGN_RUN_SECONDS,
        "options": {"expires": FOREIGN_RUN_SECONDS},
    },
    "start-due-imports": {"task": "labeling.start_due_imports", "schedule": 20.0, "options": {"expires": 20.0}},
    # Proposals follow the answers, and come after questions whose message was lost.
    "sweep-proposals": {"task": "labeling.sweep_proposals", "schedule": 15.0, "options": {"expires": 15.0}},
    "sweep-answers": {"task": "labeling.sweep_answers", "schedule": 2.0, "options": {"expires": 2.0}},
    "sweep-background": {"task": "labeling.sweep_background", "schedule": 5.0, "options": {"expires": 5.0}},
    # Every hour: a machine that is off at night cleans up as well.
    "prune-messages": {
        "task": "labeling.prune_messages",
        "schedule": crontab(minute=17),
        "options": {"expires": 3600.0},
    },
    "prune-uploads": {"task": "labeling.prune_uploads", "schedule": crontab(minute=47), "options": {"expires": 3600.0}},
    "sweep-glue-runs": {"task": "localglue.sweep_runs", "schedule": 5.0, "options": {"expires": 5.0}},
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Behind TLS (anything but loopback) set HTTPS=true: secure cookies, HSTS and the redirect come with it.
HTTPS = env.switch("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# How many proxies in front add to X-Forwarded-For; whom sign-in holds responsible for failures is read from there.
PROXIES = env.count("LABELPORTAL_PROXIES", 1 if HTTPS else 0, least=0)

LOG_LEVEL = env.one_of("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO")
# Celery's lines about each tick of the clock would be nearly all of the log. What a task does it says itself, and its failures are errors.
_TICKING = ("celery.beat", "celery.worker.strategy", "celery.worker.request", "celery.app.trace")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            "botocore",
            "boto3",
            "urllib3",
            "s3transfer",
            "django.request",
            "fontTools",
            *(() if LOG_LEVEL == "DEBUG" else _TICKING),
        )
    },
}

# --- localglue ---------------------------------------------------------------------------------------------------------
# The key pair of the installation; the same one signs localglue's own calls to S3. Without it nobody may come in.
LOCALGLUE_KEY_ID = env.text("AWS_ACCESS_KEY_ID")
LOCALGLUE_SECRET = env.text("AWS_SECRET_ACCESS_KEY")
LOCALGLUE_REGION = env.formed("AWS_DEFAULT_REGION", REGION_NAME, f"a region, such as {REGION}", REGION)
LOCALGLUE_ACCOUNT_ID = env.formed("LOCALGLUE_ACCOUNT_ID", re.compile("[0-9]{12}"), "twelve digits", "000000000000")
# Models and copies of table data. Engine workers on several machines may each have their own: a missing model is trained again.
LOCALGLUE_DIR = Path(env.text("LOCALGLUE_DIR", str(VAR_DIR / "localglue"))).resolve()
LOCALGLUE_CACHE_MB = env.count("LOCALGLUE_CACHE_MB", 2048)
LOCALGLUE_ENGINE_CACHE_MB = env.count("LOCALGLUE_ENGINE_CACHE_MB", 8192, least=0)
# Where jobs match: empty for the embedded engine, else the master of a Spark, such as local[2] or spark://host:7077.
LOCALGLUE_SPARK_MASTER = env.text("LOCALGLUE_SPARK_MASTER")
# Buckets that runs may read and write, as shell patterns.
LOCALGLUE_BUCKETS = env.words("LOCALGLUE_BUCKETS", ["*"])
# Quotas, with the defaults of AWS.
LOCALGLUE_MAX_LABEL_FILE_MB = env.count("LOCALGLUE_MAX_LABEL_FILE_MB", 10)
LOCALGLUE_MAX_RUNS_PER_TRANSFORM = env.count("LOCALGLUE_MAX_RUNS_PER_TRANSFORM", 3)
LOCALGLUE_MAX_RUNS = env.count("LOCALGLUE_MAX_RUNS", 30)
LOCALGLUE_MAX_TRANSFORMS = env.count("LOCALGLUE_MAX_TRANSFORMS", 100)
# A worker that has not been heard of for so long has lost its run to whoever takes it next.
LOCALGLUE_LEASE_SECONDS = env.number("LOCALGLUE_LEASE_SECONDS", 10.0)
# So often may a run lose its worker before it is given up: a run that kills every worker must end.
LOCALGLUE_MAX_LOSSES = env.count("LOCALGLUE_MAX_LOSSES", 3)
if ALONE:
    CELERY_BEAT_SCHEDULE = {"sweep-glue-runs": CELERY_BEAT_SCHEDULE["sweep-glue-runs"]}
# Whether this installation's own engine works for Glue. Where none does, nobody would take the ticks of its queue, and Redis would fill with them.
LOCALGLUE_HERE = env.switch("LOCALGLUE_HERE", ALONE or bool(env.text("AWS_ENDPOINT_URL_GLUE")))
if not LOCALGLUE_HERE:
    del CELERY_BEAT_SCHEDULE["sweep-glue-runs"]
if PROCESS == "glue":  # it writes a line of its own for each request
    LOGGING["loggers"]["django.request"] = {"level": "CRITICAL"}
# --- end of localglue --------------------------------------------------------------------------------------------------
