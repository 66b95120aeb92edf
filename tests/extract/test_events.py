"""Lines and rows: what each line says arrives once, and what cannot be read is kept beside it."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from extract.archive import Archive, Export
from extract.files import import_files
from extract.keys import BAGS, COLUMNS, KEYS
from extract.lines import repair
from extract.packages import load_archive
from extract.raw import RawTables
from extract.tables import BAD_LINES, EVENTS, EXPORTS
from pipeline.settings import Settings
from pipeline.warehouse import connect
from tests.extract.conftest import World, opened

COLUMN_NAMES = ", ".join(COLUMNS.values())


def exact(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON without losing repeated keys, their case, digits or NaN."""
    return json.loads(text, object_pairs_hook=tuple, parse_constant=str)


def expected_row(line: bytes) -> tuple[str, ...]:
    cells = dict(exact((repair(line) or line).decode()))
    return tuple(repr(expected_cell(key, cells.get(key))) for key in KEYS)


def expected_cell(key: str, value: object) -> object:
    if value is None or key in BAGS or isinstance(value, str):
        return value
    return json.dumps(value)


def arrived_row(row: tuple[str | None, ...]) -> tuple[str, ...]:
    cells = zip(KEYS, row, strict=True)
    return tuple(repr(exact(text) if text and key in BAGS else text) for key, text in cells)


def exported_lines(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*.zip"):
        with ZipFile(path) as archive:
            for name in archive.namelist():
                yield from filter(None, gzip.decompress(archive.read(name)).split(b"\n"))


def is_event(line: bytes) -> bool:
    try:
        return isinstance(json.loads((repair(line) or line).decode()), dict)
    except ValueError:
        return False


def load(raw: RawTables, archive: Archive) -> None:
    assert load_archive(raw, archive, archive.folder.parent / "scratch") == []


def put(archive: Archive, content: bytes, name: str = "one.json") -> Export:
    source = archive.folder.parent / "source"
    source.write_bytes(content)
    return archive.add_file(source, name)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[RawTables]:
    """Raw with the whole world."""
    folder = tmp_path_factory.mktemp("loaded")
    archive = Archive(folder / "archive")
    import_files(str(world.folder / "exports"), archive)
    with opened(folder) as raw:
        load(raw, archive)
        yield raw


def test_every_line_of_a_world_is_a_row_or_a_bad_line(loaded: RawTables, world: World) -> None:
    lines = list(exported_lines(world.folder / "exports"))
    rows = loaded.query(f"select {COLUMN_NAMES} from raw.events")
    assert Counter(map(arrived_row, rows)) == Counter(map(expected_row, filter(is_event, lines)))

    truth = world.truth
    assert len(rows) == truth.lines - truth.bad_lines
    assert loaded.query("select count(*) filter (where repaired), count(*) from raw.bad_lines") == [
        (truth.repairable_lines, truth.bad_lines + truth.repairable_lines)
    ]
    assert loaded.query("select sum(lines), sum(bad_lines) from raw.exports") == [
        (truth.lines, truth.bad_lines)
    ]
    assert loaded.query("select count(distinct uuid) from raw.events") == [(truth.distinct_uuids,)]
    assert loaded.query("select count(*) from raw.events where extra is not null") == [(0,)]


def counts(raw: RawTables) -> list[tuple[str, int]]:
    tables = (EVENTS, BAD_LINES, EXPORTS)
    return [(t.name, raw.query(f"select count(*) from raw.{t.name}")[0][0]) for t in tables]


ODD_LINES: list[tuple[str, dict[str, str | None]]] = [
    (
        '{"user_id":"a","User_ID":"b","new":{"x":null},"":1,"gone":null}',
        {"user_id": "a", "extra": '{"User_ID":"b","new":{"x":null},"":1,"gone":null}'},
    ),
    (
        '{"event_properties":{"k":1,"K":2,"k":3},"groups":[],"data":null}',
        {"event_properties": '{"k":1,"K":2,"k":3}', "groups": "[]", "data": None},
    ),
    (
        '{"event_id":123456789012345678901234567890,"plan":{"n":123456789012345678901234567890}}',
        {
            "event_id": "123456789012345678901234567890",
            "plan": '{"n":123456789012345678901234567890}',
        },
    ),
    (
        '{"user_properties":{"r":NaN,"l":-Infinity},"sample_rate":NaN}',
        {"user_properties": '{"r":NaN,"l":-Infinity}', "sample_rate": "NaN"},
    ),
    (
        '{"city":"a\\u0000b","user_properties":{"note":"a\\u0000b"}}',
        {"city": "a\0b", "user_properties": r'{"note":"a\u0000b"}'},
    ),
    (
        '{"$insert_id":" 1 ","$schema":13,"paying":true,"user_id":"","country":"\\u00e9🫖"}',
        {
            "insert_id": " 1 ",
            "schema": "13",
            "paying": "true",
            "user_id": "",
            "country": "é🫖",
            "extra": None,
        },
    ),
    (
        '{"amplitude_attribution_ids":["a"],"device_id":{"no":"text"}}',
        {"device_id": '{"no":"text"}'},
    ),
    ('{"city":"half \\ud83d","region":"\\\\ud83d"}', {"city": "half �", "region": r"\ud83d"}),
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawTables]:
    """Raw with the odd lines, each in a file of its own."""
    folder = tmp_path_factory.mktemp("odd")
    archive = Archive(folder / "archive")
    for number, (line, _) in enumerate(ODD_LINES):
        put(archive, line.encode(), f"it's [{number}] *.json")
    with opened(folder) as raw:
        load(raw, archive)
        yield raw


@pytest.mark.parametrize("number", range(len(ODD_LINES)))
def test_an_odd_line_becomes_these_cells(odd: RawTables, number: int) -> None:
    cells = ODD_LINES[number][1]
    sql = f"select {', '.join(cells)} from raw.events where export_file = ?"
    assert odd.query(sql, f"files/it's [{number}] *.json") == [tuple(cells.values())]


def test_bad_lines_are_kept_with_their_numbers_and_reasons(
    raw: RawTables, archive: Archive
) -> None:
    lines = [
        b'{"uuid":"1"}',
        b"",
        b"null",
        b'{"uuid":"2","city":"\\ud83d"}',
        b'{"uuid":"\xff"}',
        b" \t\r",
        b"\x0b",
        b'{"uuid":"3"}\r',
        b'{"uuid":"4"',
        b'\xef\xbb\xbf{"uuid":"\\ud83d"}',
        b'{"uuid":"5","city":"\\ud83d"} more',
    ]
    export = put(archive, b"\n".join(lines))
    load(raw, archive)
    assert raw.query("select uuid from raw.events order by uuid") == [("1",), ("2",), ("3",)]
    assert raw.query(
        "select line_number, repaired, line, error is not null, export_file "
        "from raw.bad_lines order by line_number"
    ) == [
        (3, False, "null", True, export.file),
        (4, True, r'{"uuid":"2","city":"\ud83d"}', True, export.file),
        (5, False, r'{"uuid":"\xff"}', True, export.file),
        (9, False, '{"uuid":"4"', True, export.file),
        (10, False, '\ufeff{"uuid":"\\ud83d"}', True, export.file),
        (11, False, '{"uuid":"5","city":"\\ud83d"} more', True, export.file),
    ]
    assert raw.query("select lines, bad_lines, status from raw.exports") == [(8, 5, "loaded")]


def test_a_file_of_bad_lines_only_counts_as_loaded_and_is_not_loaded_again(
    raw: RawTables, archive: Archive
) -> None:
    put(archive, b"null\n[]\n")
    load(raw, archive)
    load(raw, archive)
    assert counts(raw) == [("events", 0), ("bad_lines", 2), ("exports", 1)]


def test_an_export_row_says_what_its_file_holds(raw: RawTables, archive: Archive) -> None:
    times = ["2024-01-05 01:00:00", "2024-01-05 00:00:00", "2024-01-05 02:00:00"]
    lines = [json.dumps({"server_upload_time": time}) for time in times]
    export = put(archive, "\n".join(lines).encode())
    load(raw, archive)
    assert raw.query(
        "select window_start, revision, file, sha256, bytes, members, lines, "
        "first_server_upload_time, last_server_upload_time, attempts from raw.exports"
    ) == [(None, 1, export.file, export.sha256, export.bytes, 1, 3, times[1], times[2], 1)]


def test_a_line_of_sixty_megabytes_is_a_row_like_any_other(archive: Archive) -> None:
    """Also under the memory limit with which extract runs."""
    lines = [{"uuid": "1"}, {"uuid": "2", "event_properties": {"text": "x" * 60_000_000}}]
    put(archive, gzip.compress(b"\n".join(json.dumps(line).encode() for line in lines), 1))
    folder = archive.folder.parent
    settings = Settings(data_dir=folder, duckdb_memory_limit="1GB")
    with closing(connect(settings.warehouse, settings)) as connection:
        raw = RawTables(connection, folder / "dlt", folder / "scratch")
        load(raw, archive)
        ((limit,),) = raw.query("select current_setting('memory_limit')")
        assert limit.startswith("953.")
        assert raw.query("select uuid, length(event_properties) from raw.events order by 1") == [
            ("1", None),
            ("2", 60_000_011),
        ]
