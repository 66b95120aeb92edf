"""What transform can be told, beside where the data lives."""

from pydantic import Field

from pipeline.settings import Settings


class TransformSettings(Settings):
    """dbt's models read these by `env_var`; `environment` is how they get there."""

    max_columns: int = Field(default=300, ge=1, le=1_500)

    @property
    def environment(self) -> dict[str, str]:
        """The settings as the environment that dbt is run with."""
        return {
            "DATA_DIR": str(self.data_dir),
            "DUCKDB_THREADS": str(self.duckdb_threads),
            "DUCKDB_MEMORY_LIMIT": self.duckdb_memory_limit,
            "MAX_COLUMNS": str(self.max_columns),
        }
