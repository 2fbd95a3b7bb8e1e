"""Every setting of Assay: one typed place, each with its default and its help.

A field `max_queued` is read from the environment variable `ASSAY_MAX_QUEUED`;
`redis_url` and `port` also answer to the names that platforms use, `REDIS_URL`
and `PORT`. The command line of the local runner is made from the same fields.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

NO_REDIS = "REDIS_URL is needed; local_runner.py starts a Redis, too"


#: Variables with our prefix that are no settings.
_OTHERS = frozenset({"ASSAY_KEY", "ASSAY_IN_VENV", "ASSAY_READY_FD", "ASSAY_LISTEN_FD"})
#: `ASSAY_SLOT` is close to `ASSAY_SLOTS`, and what a platform sets for itself is not.
_CLOSE = 0.88


class SettingsError(ValueError):
    """A setting that cannot be honoured; the message names it and says what is allowed."""


def _setting(
    default: Any,  # noqa: ANN401 - the field's own annotation is the type
    help: str,
    *,
    env: str = "",
    choices: tuple[str, ...] = (),
    minimum: int | None = None,
    maximum: int | None = None,
) -> Any:  # noqa: ANN401
    metadata = {
        "help": help,
        "env": env,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process. `Settings.from_env()` is how a process gets them."""

    redis_url: str = _setting(
        "", "Redis >= 7.0 or Valkey >= 7.2 to use; empty starts the embedded one", env="REDIS_URL"
    )
    host: str = _setting("127.0.0.1", "address the web host listens on")
    port: int = _setting(3000, "port the web host listens on", env="PORT", minimum=0, maximum=65535)
    auth: str = _setting(
        "local",
        "who needs credentials: everybody but this machine itself, or always everybody",
        choices=("local", "always"),
    )
    allowed_hosts: str = _setting(
        "",
        "names by which it is reached through a proxy, with commas",
    )
    webhooks_to: str = _setting(
        "public",
        "where webhooks may be sent: to public addresses, or also into private networks",
        choices=("public", "anywhere"),
    )
    events: str = _setting(
        "", "where the end of each submission is told, too: sns:<topic ARN> or eventbridge:<bus>"
    )
    queue: str = _setting(
        "", "URL of an SQS queue whose messages are submissions; `submit` asks it, without Lambda"
    )
    queue_tenants: str = _setting(
        "",
        "tenants for which messages of an SQS queue are taken, with commas, the usual one first; "
        "* takes any that a message names",
    )
    queue_dead_letters: str = _setting(
        "", "URL of the SQS queue for messages that can never be taken; empty leaves it to SQS"
    )
    slots: int = _setting(
        0, "programs run at the same time; 0 means one per core", minimum=0, maximum=1024
    )
    state: str = _setting(".state", "folder for Valkey's data, sockets and locks")
    isolation: str = _setting(
        "best",
        "isolation level: best takes what the machine gives, the others exactly that",
        choices=("best", "full", "container"),
    )
    grace_s: int = _setting(
        10,
        "seconds what runs gets to finish at shutdown: a program, a request",
        minimum=0,
        maximum=600,
    )
    result_ttl_s: int = _setting(
        86_400, "seconds a finished submission stays in Redis", minimum=1, maximum=31_536_000
    )
    max_queued: int = _setting(
        20_000, "submissions waiting at most; more are answered 503", minimum=1
    )
    max_queued_bytes: int = _setting(
        512 * 1024 * 1024, "bytes of unfinished submissions at most", minimum=1024
    )
    tenant_max_queued: int = _setting(
        15_000, "submissions of one tenant waiting at most; more are answered 429", minimum=1
    )
    tenant_max_queued_bytes: int = _setting(
        384 * 1024 * 1024, "bytes of unfinished submissions of one tenant at most", minimum=1024
    )
    max_connections: int = _setting(
        10_000, "open connections per process at most; more are answered 503", minimum=1
    )
    max_streams: int = _setting(5_000, "open event streams per process at most", minimum=1)
    tenant_max_streams: int = _setting(
        4_000, "open event streams of one tenant per process at most", minimum=1
    )
    session_rate_per_minute: int = _setting(
        1_200,
        "requests per minute of one account in all of its sessions; more are answered 429; "
        "0 is no limit",
        minimum=0,
        maximum=1_000_000,
    )
    heartbeat_s: int = _setting(
        15, "seconds between heartbeats on a quiet event stream", minimum=1, maximum=300
    )
    languages: str = _setting("", "names of the languages to offer, with commas; empty means all")
    compile_cache_bytes: int = _setting(
        512 * 1024 * 1024,
        "bytes of compiled programs kept in the state folder; 0 keeps none",
        minimum=0,
    )
    blobs: str = _setting(
        "", "where the files of problems are: a folder, s3://bucket/prefix; empty: the state folder"
    )
    blobs_endpoint: str = _setting("", "address of an S3-compatible store; empty means AWS")
    blob_cache_bytes: int = _setting(
        1024 * 1024 * 1024,
        "bytes of test data a worker keeps copies of, where the store is not on its machine",
        minimum=0,
    )
    archive: str = _setting(
        "single",
        "what is kept beside the files of problems when Redis lets it go: all that has ended, "
        "single for all but the items of batches, or none",
        choices=("all", "single", "none"),
    )
    retention_days: int = _setting(
        0,
        "days a submission is kept in the archive, where its tenant has no own number; "
        "0 is until somebody deletes it",
        minimum=0,
        maximum=36_500,
    )
    max_package_bytes: int = _setting(
        64 * 1024 * 1024, "bytes of a problem package that is sent in, as a zip", minimum=1024
    )
    traces: str = _setting(
        "off",
        "otlp sends traces by OTLP/HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT says",
        choices=("off", "otlp"),
    )
    metrics_token: str = _setting(
        "", "what a scraper shows as bearer token to read /metrics; empty: only the operator may"
    )
    log_level: str = _setting(
        "warning", "least severe log line shown", choices=("debug", "info", "warning", "error")
    )
    log_format: str = _setting(
        "auto",
        "how log lines are written; auto is console under local_runner.py, json elsewhere",
        choices=("auto", "console", "json"),
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read every field that the environment names.

        Raises:
            SettingsError: a value that is not of the field's type or range.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for spec in fields(cls):
            for name in env_names(spec):
                if environ.get(name, "") != "":
                    values[spec.name] = parse(spec, environ[name], source=name)
                    break
        return cls(**values)

    def to_env(self) -> dict[str, str]:
        """The environment that makes `from_env` give these settings again."""
        return {env_names(spec)[0]: str(getattr(self, spec.name)) for spec in fields(self)}

    @property
    def language_names(self) -> list[str]:
        """`languages`, each by itself."""
        return [name.strip() for name in self.languages.split(",") if name.strip()]

    @property
    def allowed_host_names(self) -> list[str]:
        """`allowed_hosts`, each by itself, in lower case."""
        return [name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip()]

    @property
    def queue_tenant_names(self) -> list[str]:
        """`queue_tenants`, each by itself."""
        return [name.strip() for name in self.queue_tenants.split(",") if name.strip()]

    @property
    def slot_count(self) -> int:
        """`slots`, with 0 resolved to the cores this process may use."""
        return self.slots or len(os.sched_getaffinity(0))


def env_names(spec: Field[Any]) -> list[str]:
    """The environment variables that set a field, strongest first."""
    own = f"ASSAY_{spec.name.upper()}"
    return [own, spec.metadata["env"]] if spec.metadata["env"] else [own]


def is_given(field_name: str, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the environment sets a field, whatever to."""
    environ = os.environ if environ is None else environ
    spec = next(spec for spec in fields(Settings) if spec.name == field_name)
    return any(environ.get(name, "") != "" for name in env_names(spec))


def probably_meant(environ: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each variable that looks like a setting which is spelled otherwise."""
    environ = os.environ if environ is None else environ
    known = {name for spec in fields(Settings) for name in env_names(spec)} | _OTHERS
    told = []
    for name in sorted(environ):
        if name.startswith("ASSAY_") and name not in known:
            near = difflib.get_close_matches(name, known - _OTHERS, 1, _CLOSE)
            told += [f"{name} is no setting; did you mean {it}?" for it in near]
    return told


def parse(spec: Field[Any], text: str, source: str) -> int | str:
    """Turn the text of one setting into its value; `source` is named when it is wrong."""
    meta = spec.metadata
    shown = repr(text[:64])
    if spec.type not in (int, "int"):
        if meta["choices"] and text not in meta["choices"]:
            allowed = ", ".join(meta["choices"])
            raise SettingsError(f"{source} must be one of {allowed}, not {shown}")
        return text
    low, high = meta["minimum"], meta["maximum"]
    bounds = (
        "" if low is None else f" from {low} to {high}" if high is not None else f", at least {low}"
    )
    number = int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()) else None
    is_low = number is not None and low is not None and number < low
    is_high = number is not None and high is not None and number > high
    if number is None or is_low or is_high:
        raise SettingsError(f"{source} must be a whole number{bounds}, not {shown}")
    return number
