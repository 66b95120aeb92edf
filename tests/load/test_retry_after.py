"""Retry-After is read as it is meant, in seconds or as a date."""

from datetime import UTC, datetime

import pytest

from load.retry_after import retry_after_seconds

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("1.5", 1.5),
        (" 7 ", 7),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Fri, 01 Mar 2024 12:10:00 GMT", 600),
        ("Fri, 01 Mar 2024 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds
