"""Settings come from the environment or from `.env`; a bad one is one line that names it.

The environment wins over the file. `ENV_FILE` names another file; set empty, no file is read.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from dotenv import load_dotenv
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import SettingError

_QUIET_TOOLS = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__INTERCEPT_SIGNALS": "false",  # dlt would swallow the first Ctrl-C
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # what dlt raises, the stage says in its own words
}


def load_environment() -> None:
    """Put the lines of `.env` into the environment, where dbt and all stages look for settings.

    dbt and dlt would report their usage to their makers; here nobody's tools phone home.
    """
    os.environ.update(_QUIET_TOOLS)
    env_file = os.environ.get("ENV_FILE", ".env")
    if env_file:
        load_dotenv(env_file, override=False)


class Settings(BaseSettings):
    """Where the data lives and how much of the machine DuckDB may take.

    Each stage extends this with its own settings. A field's name in upper case is the name of its
    setting; an empty value counts as not set.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Path("data")
    duckdb_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    duckdb_memory_limit: str = Field("4GB", pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$")

    @classmethod
    def read(cls) -> Self:
        """Read the settings of this class.

        Raises:
            SettingError: one or more are missing or malformed; the message has one line for each.
        """
        try:
            return cls()
        except ValidationError as error:
            raise SettingError("\n".join(_explain(error))) from None

    @property
    def warehouse(self) -> Path:
        """The DuckDB file with the schemas raw, staging, intermediate and marts."""
        return self.data_dir / "warehouse.duckdb"


def _explain(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        name = "_".join(str(part) for part in fault["loc"]).upper()
        if fault["type"] == "missing":
            yield f"{name} is not set: put it in .env or the environment (see .env.example)."
        else:
            reason = fault["msg"].removeprefix("Value error, ")
            yield " ".join(part for part in (name, f"is not usable: {reason}.") if part)
