import pytest

from extract.profile_settings import ProfileSettings
from pipeline.errors import SettingError


def read(monkeypatch: pytest.MonkeyPatch, **settings: str) -> ProfileSettings:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return ProfileSettings.read()


def test_properties_and_cohorts_are_asked_for_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read(monkeypatch).profile_parameters == {
        "get_amp_props": "true",
        "get_cohort_ids": "true",
    }


def test_every_parameter_of_the_api_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(
        monkeypatch,
        PROFILE_AMP_PROPS="false",
        PROFILE_COMPUTATIONS="true",
        PROFILE_COMP_ID="c1,c2",
        PROFILE_RECS="true",
        PROFILE_REC_ID="r1",
        PROFILE_PROPENSITY="true",
        PROFILE_PREDICTION_ID="p1",
        PROFILE_PROPENSITY_TYPE="pct",
    )
    assert settings.profile_parameters == {
        "get_cohort_ids": "true",
        "get_computations": "true",
        "comp_id": "c1,c2",
        "get_recs": "true",
        "rec_id": "r1",
        "get_propensity": "true",
        "prediction_id": "p1",
        "propensity_type": "pct",
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PROFILE_RECS": "true"}, "PROFILE_RECS is true, but PROFILE_REC_ID is not set"),
        ({"PROFILE_REC_ID": "r"}, "PROFILE_REC_ID is set, but PROFILE_RECS is not true"),
        ({"PROFILE_PROPENSITY": "true"}, "but PROFILE_PREDICTION_ID is not set"),
        ({"PROFILE_PREDICTION_ID": "p"}, "but PROFILE_PROPENSITY is not true"),
        ({"PROFILE_PROPENSITY_TYPE": "pct"}, "but PROFILE_PROPENSITY is not true"),
        ({"PROFILE_PROPENSITY_TYPE": "percent"}, "PROFILE_PROPENSITY_TYPE is not usable"),
        ({"PROFILE_RATE": "0"}, "PROFILE_RATE is not usable"),
        (
            {"PROFILE_AMP_PROPS": "false", "PROFILE_COHORT_IDS": "false"},
            "turn one on, or set EXTRACT_PROFILES=false",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_one_line(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingError) as raised:
        read(monkeypatch, **settings)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nothing_need_be_asked_for_where_no_profiles_are_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    off = dict.fromkeys(("EXTRACT_PROFILES", "PROFILE_AMP_PROPS", "PROFILE_COHORT_IDS"), "false")
    assert read(monkeypatch, **off).profile_parameters == {}
