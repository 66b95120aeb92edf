"""What is asked about each user, and how fast: the settings of the User Profile API."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.settings import Settings


class ProfileSettings(Settings):
    """The part of extract's settings that is about profiles; `.env.example` explains each."""

    extract_profiles: bool = True
    extract_profiles_anonymous: bool = False
    extract_profiles_refresh: bool = False
    profile_rate: int = Field(500, ge=1)
    profile_amp_props: bool = True
    profile_cohort_ids: bool = True
    profile_computations: bool = False
    profile_comp_id: str | None = None
    profile_recs: bool = False
    profile_rec_id: str | None = None
    profile_propensity: bool = False
    profile_prediction_id: str | None = None
    profile_propensity_type: Literal["score", "pct"] | None = None

    @model_validator(mode="after")
    def _switches_agree_with_ids(self) -> Self:
        _agree("PROFILE_RECS", self.profile_recs, "PROFILE_REC_ID", self.profile_rec_id)
        _agree(
            "PROFILE_PROPENSITY",
            self.profile_propensity,
            "PROFILE_PREDICTION_ID",
            self.profile_prediction_id,
        )
        if self.profile_propensity_type and not self.profile_propensity:
            raise ValueError(
                "PROFILE_PROPENSITY_TYPE is set, but PROFILE_PROPENSITY is not true: "
                "set both, or neither"
            )
        return self

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.extract_profiles and not self.profile_parameters:
            raise ValueError(
                "every PROFILE_* setting is off, so that profiles would be empty: "
                "turn one on, or set EXTRACT_PROFILES=false"
            )
        return self

    @property
    def profile_parameters(self) -> dict[str, str]:
        """The parameters of each request, but for whom it asks."""
        switches = {
            "get_amp_props": self.profile_amp_props,
            "get_cohort_ids": self.profile_cohort_ids,
            "get_computations": self.profile_computations,
            "get_recs": self.profile_recs,
            "get_propensity": self.profile_propensity,
        }
        values = {
            "comp_id": self.profile_comp_id,
            "rec_id": self.profile_rec_id,
            "prediction_id": self.profile_prediction_id,
            "propensity_type": self.profile_propensity_type,
        }
        asked = {name: "true" for name, is_on in switches.items() if is_on}
        return asked | {name: value for name, value in values.items() if value}


def _agree(switch: str, is_on: bool, name: str, value: str | None) -> None:  # noqa: FBT001
    if is_on and not value:
        raise ValueError(f"{switch} is true, but {name} is not set: say which to ask for")
    if value and not is_on:
        raise ValueError(f"{name} is set, but {switch} is not true: set both, or neither")
