"""Marts → PostHog, against posting alone and against posthog-python.

floor          the finished requests, read from disk and posted by as many lanes
just load      the whole stage: messages built in SQL, every answer read, the ledger on
tuned client   posthog-python, flush_at=1000, four threads, gzip; over the first events
default client posthog-python as it comes; over the first events

The server answers each request after 100 ms and remembers the uuids, so what a way loses is seen.

python -m bench.load [EVENTS] [ROUNDS]
"""

import gzip
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import requests
from posthog import Posthog
from rich.console import Console
from rich.table import Table

from bench.contest import Contender, compete, show
from load.__main__ import main as load
from load.capture import Capture
from load.wire import ENDPOINT, MACROS, frame
from sandbox.http import Request, Response, serving

LATENCY_SECONDS = 0.1
LANES = 8
BATCH = 2_000
TOKEN = "phc_bench"  # noqa: S105 - the bench's own

_DATA = Path(__file__).parent / "data" / "load"
_PEER_EVENTS = 20_000
_UUID = re.compile(rb'"uuid": ?"([0-9a-f-]{36})"')

# About 1 kB an event, in the order of `int_posthog_events`: its own properties, what Amplitude knew
# of it, the session, the groups of every third event, the person's properties. Like that table, it
# is not stored by time.
_EVENTS = """
create table marts.posthog_events as
with
    events as (
        select
            md5('event ' || number)::uuid as uuid,
            'event ' || number % 40 as event,
            'person ' || number % ($events // 50) as distinct_id,
            timestamp '2023-01-01' + to_seconds(number * 20) as "timestamp",
            '{' || concat_ws(
                ',',
                '"[Amplitude] Page Path":"/products/' || number % 5000 || '"',
                '"cart":{"items":["' || substr(md5('item ' || number), 1, 8) || '"],"total":'
                || number % 9973 / 100 || '}',
                '"$pathname":"/products/' || number % 5000 || '","$browser":"Chrome"',
                '"$os":"Mac OS X","$geoip_city_name":"São Paulo","$geoip_country_code":"BR"',
                '"$device_id":"' || md5('device ' || number % ($events // 50))::uuid || '"',
                '"$amplitude_insert_id":"' || md5('insert ' || number)::uuid || '"',
                '"$amplitude_event_type":"event ' || number % 40 || '","$amplitude_platform":"Web"',
                '"$amplitude_library":"amplitude-ts/2.16.1","$amplitude_event_id":' || number,
                '"$amplitude_client_event_time":"'
                || timestamp '2023-01-01' + to_seconds(number * 20) || '"',
                '"$geoip_disable":true,"analytics_source":"amplitude","historical_migration":true',
                '"$session_id":"' || md5('session ' || number // 10)::uuid || '"',
                case
                    when number % 3 = 0 then '"$groups":{"company":"acme ' || number % 97 || '"}'
                end,
                '"$set":{"plan":"pro","seats":' || number % 97 || ',"name":"Chloé O''Test"'
                || ',"email":"person' || number % ($events // 50) || '@example.com"}',
                '"$set_once":{"initial_utm_source":"newsletter"}'
            ) || '}' as properties
        from range($events) as numbers(number)
    )

select
    *,
    hash(event, distinct_id, "timestamp"::date) as key_hash,
    hash(properties, "timestamp") as payload_hash
from events
order by hash(uuid)
"""
_OTHERS = """
create table marts.last_build as select true as succeeded;
create table marts.distinct_ids (id varchar, distinct_id varchar);
create table marts.events (event_uuid uuid, person_id varchar);
create table marts.posthog_aliases as from marts.posthog_events limit 0;
create table marts.posthog_groups as from marts.posthog_events limit 0;
create table marts.posthog_persons as from marts.posthog_events limit 0;
"""
_FRAMED = """
select
    capture_message(
        uuid,
        event,
        distinct_id,
        "timestamp",
        properties,
        session,
        around_session(properties, session)
    )
from (select *, session_at_top(properties) as session from marts.posthog_events)
order by "timestamp"
"""
# The peers are not to pay for finding the first events of an unordered mart.
_FIRST = """
create table first_events as
select uuid::varchar as uuid, event, distinct_id, "timestamp", properties
from marts.posthog_events
order by "timestamp"
limit $events
"""


def main(events: int = 200_000, rounds: int = 3) -> None:
    """Prepare the marts once, let the contenders run, print the tables."""
    shutil.rmtree(_DATA, ignore_errors=True)
    sizes = [events, 2 * events, 4 * events]  # DuckDB keeps what it read, up to its limit
    for size in sizes:
        _in_a_process_of_its_own("prepare", size)
    _in_a_process_of_its_own("frame", events)
    with _served() as url:
        contenders = [
            Contender(name, ["bench.load", "run", way, url, str(count)], count)
            for name, way, count in (
                ("floor: finished requests, posted", "floor", events),
                ("just load", "load", events),
                ("posthog-python, tuned", "tuned", _PEER_EVENTS),
                ("posthog-python, as it comes", "default", _PEER_EVENTS),
            )
        ]
        compete(contenders, rounds)
        show(_title(events, rounds), contenders)
        _show_lost(contenders)
        growth = [Contender("", ["bench.load", "run", "load", url, str(n)], n) for n in sizes]
        compete(growth, 1)
    _show_growth(growth)


def _in_a_process_of_its_own(step: str, events: int) -> None:
    """A child's peak memory counts from its parent's at its birth, so this one stays small."""
    command = [sys.executable, "-m", "bench.load", step, str(events)]
    subprocess.run(command, check=True)  # noqa: S603 - our own module


def _prepare(events: int) -> None:
    folder = _DATA / str(events)
    folder.mkdir(parents=True)
    with closing(duckdb.connect(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema marts")
        warehouse.execute(_EVENTS, {"events": events})
        warehouse.execute(_OTHERS)
        warehouse.execute(_FIRST, {"events": _PEER_EVENTS})


def _frame(events: int) -> None:
    """Write the floor's requests: lane by lane, all that is left to do is to post them."""
    with closing(duckdb.connect(_DATA / str(events) / "warehouse.duckdb")) as warehouse:
        warehouse.execute(MACROS)
        warehouse.execute(_FRAMED)
        number = 0
        while rows := warehouse.fetchmany(BATCH):
            body = frame([text for (text,) in rows], datetime.now(UTC).isoformat())
            (_DATA / f"{number:06}.gz").write_bytes(body)
            number += 1


def _title(events: int, rounds: int) -> str:
    bodies = [path.read_bytes() for path in _DATA.glob("*.gz")]
    raw = sum(len(gzip.decompress(body)) for body in bodies) / events
    packed = sum(map(len, bodies)) / events
    return (
        f"Marts to PostHog, {events:,} events of {raw:,.0f} bytes ({packed:,.0f} on the wire), "
        f"{LATENCY_SECONDS * 1e3:.0f} ms an answer, {rounds} rounds"
    )


def run(way: str, url: str, events: int) -> None:
    """One contender's round; afterwards the server is asked what it got."""
    requests.get(f"{url}/forget", timeout=60)
    {"floor": _floor, "load": _load, "tuned": _tuned, "default": _default}[way](url, events)
    stored = requests.get(f"{url}/stored", timeout=60).json()
    (_DATA / f"{way}.json").write_text(json.dumps({"lost": events - stored}))


def _floor(url: str, _events: int) -> None:
    capture = Capture(url, TOKEN, lambda: datetime.now(UTC))
    session = capture._session  # noqa: SLF001 - with the very same headers

    def post(path: Path) -> None:
        session.post(url + ENDPOINT, data=path.read_bytes(), timeout=60).raise_for_status()

    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(post, sorted(_DATA.glob("*.gz"))))


def _load(url: str, events: int) -> None:
    folder = _DATA / str(events)
    shutil.rmtree(folder / "delivery", ignore_errors=True)
    settings = {
        "DATA_DIR": str(folder),
        "POSTHOG_HOST": url,
        "POSTHOG_PROJECT_TOKEN": TOKEN,
        "LOAD_RATE": "1000000000",
        "LOAD_LANES": str(LANES),
    }
    os.environ.update(settings)
    sys.argv = ["load"]
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        load()


def _tuned(url: str, _events: int) -> None:
    _capture_all(Posthog(TOKEN, host=url, flush_at=1_000, thread=4, gzip=True), patient=True)


def _default(url: str, _events: int) -> None:
    _capture_all(Posthog(TOKEN, host=url), patient=False)


def _capture_all(client: Posthog, *, patient: bool) -> None:
    """Hand over every event; the patient caller waits while the client's queue is full."""
    for uuid, event, distinct_id, timestamp, properties in _first_events():
        while patient and client.queue.full():
            time.sleep(0.001)
        client.capture(
            event,
            distinct_id=distinct_id,
            uuid=uuid,
            timestamp=timestamp,
            properties=json.loads(properties),
        )
    client.shutdown()


def _first_events() -> list[Any]:
    path = min(_DATA.glob("*/warehouse.duckdb"), key=lambda path: int(path.parent.name))
    with closing(duckdb.connect(path, read_only=True)) as warehouse:
        return warehouse.execute("from first_events").fetchall()


@contextmanager
def _served() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.load", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        if server.stdout is None:
            raise AssertionError
        yield server.stdout.readline().strip()
        server.terminate()


def serve() -> None:
    """Be a PostHog that keeps nothing but uuids."""
    stored: set[bytes] = set()
    lock = Lock()

    def respond(request: Request) -> Response:
        if request.path == "/forget":
            stored.clear()
        if request.method == "GET":
            return Response(200, str(len(stored)).encode(), {"Content-Type": "application/json"})
        time.sleep(LATENCY_SECONDS)
        is_packed = request.headers.get("Content-Encoding") == "gzip"
        uuids = _UUID.findall(gzip.decompress(request.body) if is_packed else request.body)
        with lock:
            stored.update(uuids)
        if not uuids:
            return Response(400, b'{"error": "empty_batch"}')
        if request.path != ENDPOINT:
            return Response(200, b'{"status": "Ok"}', {"Content-Type": "application/json"})
        results = b",".join(b'"%s":{"result":"ok"}' % uuid for uuid in uuids)
        return Response(200, b'{"results":{%s}}' % results, {"Content-Type": "application/json"})

    with serving(respond) as url:
        print(url, flush=True)
        while True:
            time.sleep(3600)


def _show_lost(contenders: list[Contender]) -> None:
    for contender in contenders:
        lost = json.loads((_DATA / f"{contender.command[2]}.json").read_text())["lost"]
        print(f"  {contender.name}: {lost:,} of {contender.events:,} events lost")


def _show_growth(contenders: list[Contender]) -> None:
    table = Table(title="just load, by the number of events", title_justify="left")
    for column in ("events", "CPU µs/event", "peak MB"):
        table.add_column(column, justify="right")
    for contender in contenders:
        table.add_row(
            f"{contender.events:,}",
            f"{contender.cpu_microseconds:,.1f}",
            f"{contender.median('peak_bytes') / 1e6:,.0f}",
        )
    Console(width=110, highlight=False).print(table)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["prepare", events]:
            _prepare(int(events))
        case ["frame", events]:
            _frame(int(events))
        case ["run", way, url, events]:
            logging.disable()  # posthog-python's line for each event that it drops
            run(way, url, int(events))
        case [*sizes]:
            main(*(int(size) for size in sizes))
