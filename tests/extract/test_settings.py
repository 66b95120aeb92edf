from datetime import UTC, datetime

import pytest

from extract.settings import ExtractSettings
from pipeline.errors import SettingError

KEYS = {"AMPLITUDE_API_KEY": "an-api-key", "AMPLITUDE_SECRET_KEY": "a-secret-key"}


def read(monkeypatch: pytest.MonkeyPatch, **settings: str) -> ExtractSettings:
    for name, value in (KEYS | settings).items():
        monkeypatch.setenv(name, value)
    return ExtractSettings.read()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"AMPLITUDE_API_KEY": ""}, ["AMPLITUDE_API_KEY not set", ".env", "EXTRACT_FILES"]),
        (dict.fromkeys(KEYS, ""), ["AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY not set"]),
        ({"EXTRACT_FROM": "1 May"}, ["EXTRACT_FROM is not usable", "'1 May' is not a UTC day"]),
        ({"EXTRACT_TO": "2025-02-30"}, ["EXTRACT_TO is not usable"]),
        ({"AMPLITUDE_REGION": "de"}, ["AMPLITUDE_REGION is not usable", "'us' or 'eu'"]),
        ({"AMPLITUDE_EXPORT_URL": "localhost:1"}, ["AMPLITUDE_EXPORT_URL is not usable"]),
        ({"AMPLITUDE_PROFILE_URL": "ftp://x"}, ["AMPLITUDE_PROFILE_URL is not usable"]),
        ({"EXTRACT_CONCURRENCY": "5"}, ["EXTRACT_CONCURRENCY is not usable", "equal to 4"]),
        ({"EXTRACT_PROFILES": "perhaps"}, ["EXTRACT_PROFILES is not usable"]),
        (
            {"EXTRACT_FROM": "2025-03-03T05", "EXTRACT_TO": "2025-03-03T04"},
            ["EXTRACT_FROM (2025-03-03T05) is after EXTRACT_TO (2025-03-03T04): swap them"],
        ),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(SettingError) as raised:
        read(monkeypatch, **settings)
    line = str(raised.value)
    assert [word for word in words if word not in line] == []
    assert "\n" not in line
    assert not any(secret in line for secret in KEYS.values())


def test_both_ends_of_the_range_are_inclusive_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, EXTRACT_FROM="2025-03-03", EXTRACT_TO="2025-03-03")
    assert settings.extract_from == datetime(2025, 3, 3, 0, tzinfo=UTC)
    assert settings.extract_to == datetime(2025, 3, 3, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("settings", "export_url", "profile_url"),
    [
        (
            {},
            "https://amplitude.com/api/2/export",
            "https://profile-api.amplitude.com/v1/userprofile",
        ),
        ({"AMPLITUDE_REGION": "eu"}, "https://analytics.eu.amplitude.com/api/2/export", None),
        (
            {
                "AMPLITUDE_EXPORT_URL": "http://127.0.0.1:1/export",
                "AMPLITUDE_PROFILE_URL": "http://127.0.0.1:1/profile",
                "AMPLITUDE_REGION": "eu",
            },
            "http://127.0.0.1:1/export",
            "http://127.0.0.1:1/profile",
        ),
    ],
)
def test_the_region_decides_the_addresses_unless_they_are_set(
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    export_url: str,
    profile_url: str | None,
) -> None:
    found = read(monkeypatch, **settings)
    assert (found.export_url, found.profile_url) == (export_url, profile_url)


def test_files_need_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, EXTRACT_FILES="exports", **dict.fromkeys(KEYS, ""))
    assert settings.amplitude_api_key is None


def test_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)
    assert not any(secret in repr(settings) + str(settings) for secret in KEYS.values())
