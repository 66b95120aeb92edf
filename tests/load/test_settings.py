"""The destination is right before anything is sent."""

import pytest

from load.settings import LoadSettings
from pipeline.errors import SettingError

PROJECT = "phc_secret"


@pytest.fixture(autouse=True)
def _destination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_PROJECT_TOKEN", PROJECT)
    monkeypatch.setenv("POSTHOG_HOST", "https://us.i.posthog.com")


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("https://us.i.posthog.com/", "https://us.i.posthog.com"),
        ("https://eu.i.posthog.com", "https://eu.i.posthog.com"),
        ("https://app.posthog.com", "https://us.i.posthog.com"),
        ("https://us.posthog.com", "https://us.i.posthog.com"),
        ("https://EU.posthog.com/", "https://eu.i.posthog.com"),
        ("https://posthog.example.org:8443", "https://posthog.example.org:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:9", "http://[::1]:9"),
    ],
)
def test_events_go_to_the_ingestion_host(
    monkeypatch: pytest.MonkeyPatch, given: str, host: str
) -> None:
    monkeypatch.setenv("POSTHOG_HOST", given)
    assert LoadSettings.read().host == host


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("POSTHOG_PROJECT_TOKEN", "", "is not set"),
        ("POSTHOG_PROJECT_TOKEN", "phx_secret", "personal API key"),
        ("POSTHOG_PROJECT_TOKEN", "secret", "phc_"),
        ("POSTHOG_PROJECT_TOKEN", "phc_secret and more", "phc_"),
        ("POSTHOG_HOST", "", "is not set"),
        ("POSTHOG_HOST", "us.i.posthog.com", "https"),
        ("POSTHOG_HOST", "http://us.i.posthog.com", "https"),
        ("POSTHOG_HOST", "https://us.i.posthog.com/project/1", "alone"),
        ("POSTHOG_HOST", "https://me:secret@us.i.posthog.com", "alone"),
        ("POSTHOG_HOST", "https://us.i.posthog.com:port", "URL"),
        ("POSTHOG_HOST", "https://", "alone"),
        ("LOAD_RATE", "0", "greater than 0"),
        ("LOAD_RATE", "inf", "finite"),
        ("LOAD_LANES", "0", "greater than or equal to 1"),
        ("LOAD_FROM", "March", "date"),
        ("LOAD_MIN_AGE_HOURS", "-1", "greater than or equal to 0"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it_and_keeps_the_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as error:
        LoadSettings.read()
    message = str(error.value)
    assert message.startswith(name)
    assert words in message
    assert "secret" not in message
    assert "\n" not in message


def test_days_must_be_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOAD_FROM", "2024-03-02")
    monkeypatch.setenv("LOAD_TO", "2024-03-01")
    with pytest.raises(SettingError, match="LOAD_FROM 2024-03-02 is after LOAD_TO 2024-03-01"):
        LoadSettings.read()


def test_each_destination_has_its_own_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {LoadSettings.read().ledger.name}
    monkeypatch.setenv("POSTHOG_PROJECT_TOKEN", "phc_other")
    names.add(LoadSettings.read().ledger.name)
    monkeypatch.setenv("POSTHOG_HOST", "http://127.0.0.1:8000")
    names.add(LoadSettings.read().ledger.name)
    assert sorted(names) == [
        "posthog-127.0.0.1_8000-1c0ab316.duckdb",
        "posthog-us.i.posthog.com-04132338.duckdb",
        "posthog-us.i.posthog.com-1c0ab316.duckdb",
    ]
