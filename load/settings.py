"""The loader's settings: where to, how fast, which days."""

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from pipeline.settings import Settings

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


class LoadSettings(Settings):
    """What `python -m load` needs to know."""

    posthog_project_token: Annotated[SecretStr, AfterValidator(_project_token)]
    posthog_host: Annotated[str, AfterValidator(_ingestion_host)]
    load_rate: float = Field(1_000, gt=0, allow_inf_nan=False)
    load_lanes: int = Field(8, ge=1, le=64)
    load_from: date = date.min
    load_to: date = date.max
    load_min_age_hours: float = Field(48, ge=0, le=1_000_000)  # about a century

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.load_from > self.load_to:
            raise ValueError(f"LOAD_FROM {self.load_from} is after LOAD_TO {self.load_to}")
        return self

    @property
    def ledger(self) -> Path:
        """The ledger of this destination: another host or token is another ledger."""
        host = re.sub(r"[^A-Za-z0-9.-]", "_", urlsplit(self.posthog_host).netloc)
        token = self.posthog_project_token.get_secret_value()
        digest = hashlib.sha256(token.encode()).hexdigest()[:8]
        return self.data_dir / "delivery" / f"capture-{host}-{digest}.duckdb"
