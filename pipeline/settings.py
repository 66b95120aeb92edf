"""Settings come from the environment or from `.env`; a bad one is one line that names it.

The environment wins over the file. `ENV_FILE` names another file; set empty, no file is read.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from dotenv import load_dotenv
from dotenv.parser import parse_stream
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import SettingError

_MEGABYTES = {"M": 1, "G": 1_000, "T": 1_000_000}
_LEAST_MEGABYTES = 200  # below, DuckDB cannot even sort a mart
_QUIET_TOOLS = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "LOAD__RAISE_ON_MAX_RETRIES": "1",  # what a statement fails of, it fails of again
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__INTERCEPT_SIGNALS": "false",  # dlt would swallow the first Ctrl-C
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # what dlt raises, the stage says in its own words
}


def load_environment() -> None:
    """Put the lines of `.env` into the environment, where dbt and all stages look for settings.

    dbt and dlt would report their usage to their makers; here nobody's tools phone home.

    Raises:
        SettingError: the file cannot be read, or one of its lines; a skipped line would leave a
            default in force that its author meant to change.
    """
    os.environ.update(_QUIET_TOOLS)
    named = os.environ.get("ENV_FILE")
    env_file = Path(".env" if named is None else named)
    if named == "" or (named is None and not env_file.exists()):
        return
    try:
        with env_file.open(encoding="utf-8-sig") as lines:
            faults = [binding.original.line for binding in parse_stream(lines) if binding.error]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{env_file} cannot be read ({error}): check ENV_FILE.") from None
    if faults:
        raise SettingError(
            f"{env_file}, line {faults[0]}, is not NAME=value: is a quote missing its partner?"
        )
    load_dotenv(env_file, override=False, encoding="utf-8-sig")


def _memory_limit(text: str) -> str:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([MGT])i?B", text)
    if not match or float(match[1]) * _MEGABYTES[match[2]] < _LEAST_MEGABYTES:
        raise ValueError(f"give an amount of at least {_LEAST_MEGABYTES}MB, like 4GB")
    return text


MemoryLimit = Annotated[str, AfterValidator(_memory_limit)]


class Settings(BaseSettings):
    """Where the data lives and how much of the machine DuckDB may take.

    Each stage extends this with its own settings. A field's name in upper case is the name of its
    setting; an empty value counts as not set.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Path("data")
    duckdb_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    duckdb_memory_limit: MemoryLimit = "4GB"

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
        reason = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "missing":
            yield f"{name} is not set: put it in .env or the environment (see .env.example)."
        elif name:
            yield f"{name} is not usable: {reason}."
        else:
            yield f"{reason}."
