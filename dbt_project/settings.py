"""What transform can be told, beside where the data lives."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pipeline.settings import Settings


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class TransformSettings(Settings):
    """dbt's models read these by `env_var`; `environment` is how they get there."""

    max_columns: int = Field(default=300, ge=1, le=1_500)
    person_properties: Literal["per_event", "final", "set_once"] | None = None
    anonymous_persons: Literal["full", "personless"] = "full"
    posthog_live_since: Annotated[datetime, AfterValidator(_in_utc)] | None = None

    @model_validator(mode="after")
    def _choose_what_live_persons_keep(self) -> Self:
        if self.posthog_live_since and not self.person_properties:
            raise ValueError(
                "PERSON_PROPERTIES is not set, and with POSTHOG_LIVE_SINCE history arrives after "
                "newer values: choose set_once (a person keeps what it has), final or per_event"
            )
        return self

    @property
    def environment(self) -> dict[str, str]:
        """The settings as the environment that dbt is run with."""
        cutover = self.posthog_live_since
        return {
            "DATA_DIR": str(self.data_dir),
            "DUCKDB_THREADS": str(self.duckdb_threads),
            "DUCKDB_MEMORY_LIMIT": self.duckdb_memory_limit,
            "MAX_COLUMNS": str(self.max_columns),
            "PERSON_PROPERTIES": self.person_properties or "per_event",
            "ANONYMOUS_PERSONS": self.anonymous_persons,
            "POSTHOG_LIVE_SINCE": f"{cutover:%Y-%m-%d %H:%M:%S.%f}" if cutover else "",
        }
