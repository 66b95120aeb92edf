"""The settings of extract: which Amplitude project, which hours, or which files instead."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from extract.profile_settings import ProfileSettings
from extract.windows import parse_hour

_EXPORT_URLS = {
    "us": "https://amplitude.com/api/2/export",
    "eu": "https://analytics.eu.amplitude.com/api/2/export",
}
_URL = r"^https?://[^\s/]"
_PROFILE_URL = "https://profile-api.amplitude.com/v1/userprofile"


def _first_hour(text: str) -> datetime:
    return parse_hour(text)


def _last_hour(text: str) -> datetime:
    return parse_hour(text, end=True)


class ExtractSettings(ProfileSettings):
    """What `just extract` reads from the environment; `.env.example` explains each."""

    amplitude_api_key: SecretStr | None = None
    amplitude_secret_key: SecretStr | None = None
    amplitude_region: Literal["us", "eu"] = "us"
    amplitude_export_url: str | None = Field(None, pattern=_URL)
    amplitude_profile_url: str | None = Field(None, pattern=_URL)
    extract_from: Annotated[datetime, BeforeValidator(_first_hour)] | None = None
    extract_to: Annotated[datetime, BeforeValidator(_last_hour)] | None = None
    extract_files: str | None = None
    extract_concurrency: int = Field(4, ge=1, le=4)
    extract_lookback_hours: int = Field(3, ge=0)

    @model_validator(mode="after")
    def _has_keys_or_files(self) -> Self:
        keys = {
            "AMPLITUDE_API_KEY": self.amplitude_api_key,
            "AMPLITUDE_SECRET_KEY": self.amplitude_secret_key,
        }
        missing = [name for name, key in keys.items() if key is None]
        if missing and self.extract_files is None:
            raise ValueError(
                f"{' and '.join(missing)} not set: put the project's keys in .env "
                "(see .env.example), or set EXTRACT_FILES to load files exported earlier"
            )
        return self

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.extract_from and self.extract_to and self.extract_from > self.extract_to:
            raise ValueError(
                f"EXTRACT_FROM ({self.extract_from:%Y-%m-%dT%H}) is after "
                f"EXTRACT_TO ({self.extract_to:%Y-%m-%dT%H}): swap them"
            )
        return self

    @property
    def export_url(self) -> str:
        """The Export API of the project's region, or the server set in its place."""
        return self.amplitude_export_url or _EXPORT_URLS[self.amplitude_region]

    @property
    def profile_url(self) -> str | None:
        """The User Profile API, which only the US region has."""
        if self.amplitude_profile_url or self.amplitude_region == "us":
            return self.amplitude_profile_url or _PROFILE_URL
        return None
