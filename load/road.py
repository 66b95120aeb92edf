"""The ways to a destination: what a message is there, how much goes at once, who carries it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event

from load.batches import Limits
from load.capture import Capture
from load.carrier import Carrier
from load.classic import MAX_BYTES, Classic
from load.flight import FlightLog
from load.jsonl import LIMITS, Folder
from load.lanes import Deliver
from load.preflight import ask
from load.refusals import Refusals
from load.settings import LoadSettings
from load.sink import Sink
from pipeline.pace import Pace, sleep_until_stopped
from pipeline.terminal import note

_BURST_SECONDS = 1.0  # how far a lane that came late may catch up


@dataclass(frozen=True)
class Road:
    """One way; `message` is a macro of `wire`, `delivers` has one function a lane."""

    name: str
    message: str
    limits: Limits
    delivers: Sequence[Deliver]


def file_road(folder: Folder) -> Road:
    """The way into files: one lane, since nothing is waited for."""
    return Road("jsonl", "plain_message", LIMITS, [folder.deliver])


def server_road(
    settings: LoadSettings, stop: Event, flight: FlightLog, now: Callable[[], datetime]
) -> Road:
    """The way into a PostHog project: Capture V1, or the classic endpoint where there is none.

    Raises:
        LoadError: the server does not answer, or takes nothing from this loader.
    """
    sleep = sleep_until_stopped(stop)
    host, token = settings.host, settings.token
    limits = Limits(max_events=max(1, min(Limits.max_events, int(settings.load_rate))))
    sinks: list[Sink] = [Capture(host, token, now) for _ in range(settings.load_lanes)]
    name, message = "capture", "capture_message"
    if settings.load_sink == "batch" or not ask(sinks[0], sleep):
        if settings.load_sink == "capture":
            note(f"{host} has no Capture V1: sending to /batch/, which answers for whole batches.")
        sinks = [Classic(host, token, now) for _ in range(settings.load_lanes)]
        ask(sinks[0], sleep)
        name, message = "batch", "plain_message"
        limits = replace(limits, max_bytes=MAX_BYTES)
    pace = Pace(settings.load_rate, time.monotonic, sleep, _BURST_SECONDS)
    refusals = Refusals(settings.load_max_refusals)
    carriers = [Carrier(sink, pace, sleep, refusals, flight, stop) for sink in sinks]
    return Road(name, message, limits, [carrier.deliver for carrier in carriers])
