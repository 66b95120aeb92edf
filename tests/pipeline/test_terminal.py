from collections.abc import Iterator

import pytest

from pipeline.terminal import progress


def ticks(*seconds: float) -> Iterator[float]:
    yield from seconds


def test_without_a_terminal_a_line_every_ten_seconds_tells_rate_and_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ticks(100.0, 105.0, 110.0, 119.0, 220.0)
    with progress("Profiles", 1_000, "profiles", clock.__next__) as advance:
        advance(10)
        advance(30)
        advance(30)
        advance(130)
    assert capsys.readouterr().err.splitlines() == [
        "Profiles: 1,000 profiles",
        "Profiles: 40 of 1,000 profiles, 240 a minute, 0:04:00 left",
        "Profiles: 200 of 1,000 profiles, 100 a minute, 0:08:00 left",
    ]


def test_where_nobody_knows_how_many_there_are_the_lines_say_how_many_are_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ticks(0.0, 10.0)
    with progress("Load", None, "events", clock.__next__) as advance:
        advance(500_000)
    assert capsys.readouterr().err.splitlines() == ["Load", "Load: 500,000 events, 50,000 a second"]


def test_a_line_ends_with_what_else_there_is_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticks(0.0, 10.0)
    with progress("Load", None, "events", clock.__next__, lambda: "2024-03-01") as advance:
        advance(500)
    assert capsys.readouterr().err.splitlines()[1] == "Load: 500 events, 50 a second, 2024-03-01"
