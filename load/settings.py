"""The loader's settings: where to, by which way, how fast, which days."""

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from pipeline.settings import MemoryLimit, Settings

INGESTION_HOSTS = {
    "app.posthog.com": "us.i.posthog.com",
    "us.posthog.com": "us.i.posthog.com",
    "eu.posthog.com": "eu.i.posthog.com",
}
"""The web app's hosts, which people copy from their browser, and where events go instead."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _project_token(token: SecretStr) -> SecretStr:
    value = token.get_secret_value().strip()
    if value.startswith("phx_"):
        raise ValueError(
            "a personal API key (phx_...) sends no events; use the project's (phc_...)"
        )
    if not re.fullmatch(r"phc_[\x21-\x7e]+", value):
        raise ValueError("a project token starts with phc_ (PostHog: Settings > Project)")
    return SecretStr(value)


def _ingestion_host(host: str) -> str:
    try:
        url = urlsplit(host.strip().rstrip("/"))
        port = "" if url.port in {None, _DEFAULT_PORTS.get(url.scheme)} else f":{url.port}"
    except ValueError:
        raise ValueError("not a URL; give one like https://us.i.posthog.com") from None
    name = (url.hostname or "").rstrip(".")
    if url.scheme != "https" and not (url.scheme == "http" and name in _LOOPBACK):
        raise ValueError("give an https address like https://us.i.posthog.com")
    if not name or "@" in url.netloc or url.path or url.query or url.fragment:
        raise ValueError("give the address alone, like https://us.i.posthog.com")
    name = INGESTION_HOSTS.get(name, name)
    return f"{url.scheme}://{f'[{name}]' if ':' in name else name}{port}"


def _target(target: str) -> str:
    """Give a folder its full path, so that the same folder is the same destination."""
    target = target.strip()
    return target if not target or "://" in target else str(Path(target).expanduser().absolute())


class LoadSettings(Settings):
    """What `python -m load` needs to know; token and host are there unless the sink is jsonl."""

    duckdb_memory_limit: MemoryLimit = "300MB"  # a slice needs no more; the rest spills to disk
    posthog_project_token: Annotated[SecretStr, AfterValidator(_project_token)] | None = None
    posthog_host: Annotated[str, AfterValidator(_ingestion_host)] | None = None
    load_sink: Literal["capture", "batch", "jsonl"] = "capture"
    load_target: Annotated[str, AfterValidator(_target)] = ""
    load_rate: float = Field(1_000, gt=0, allow_inf_nan=False)
    load_lanes: int = Field(8, ge=1, le=64)
    load_from: date = date.min
    load_to: date = date.max
    load_min_age_hours: float = Field(48, ge=0, le=1_000_000)  # about a century
    load_resend_changed: bool = False
    load_max_refusals: int = Field(1_000, ge=0)
    load_sample_persons: int = Field(100, ge=1)
    load_force: bool = False

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.load_from > self.load_to:
            raise ValueError(f"LOAD_FROM {self.load_from} is after LOAD_TO {self.load_to}")
        return self

    @model_validator(mode="after")
    def _destination_named(self) -> Self:
        needed = {
            "POSTHOG_PROJECT_TOKEN": self.posthog_project_token,
            "POSTHOG_HOST": self.posthog_host,
        }
        if self.load_sink == "jsonl":
            needed = {"LOAD_TARGET": self.load_target}
        missing = " and ".join(name for name, value in needed.items() if not value)
        if missing:
            verb = "are" if " and " in missing else "is"
            raise ValueError(
                f"{missing} {verb} not set: put it in .env or the environment (see .env.example)"
            )
        return self

    @property
    def token(self) -> str:
        """The project token; empty for a sink that needs none."""
        return self.posthog_project_token.get_secret_value() if self.posthog_project_token else ""

    @property
    def host(self) -> str:
        """The ingestion host; empty for a sink that needs none."""
        return self.posthog_host or ""

    @property
    def destination(self) -> str:
        """Where it all goes, for people to read."""
        return self.load_target if self.load_sink == "jsonl" else self.host

    @property
    def destination_id(self) -> str:
        """The destination in a file's name: another host, token or target is another one.

        Both ways into a project, capture and batch, lead to the same place.
        """
        if self.load_sink == "jsonl":
            return f"jsonl-{_name(Path(self.load_target).name)}-{_digest(self.load_target)}"
        return f"posthog-{_name(urlsplit(self.host).netloc)}-{_digest(self.token)}"

    @property
    def ledger(self) -> Path:
        """The ledger of this destination."""
        return self.data_dir / "delivery" / f"{self.destination_id}.duckdb"


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
