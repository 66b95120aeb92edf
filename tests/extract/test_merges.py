import gzip
import json
from pathlib import Path
from zipfile import ZipFile

from extract.archive import Archive
from extract.files import import_files
from extract.packages import load_archive
from extract.raw import RawTables
from tests.extract.conftest import Stage

MERGES = [
    {
        "scope": 100042,
        "merge_time": "2024-01-05 09:10:11.000000",
        "merge_server_time": "2024-01-05 09:10:12.500000",
        "amplitude_id": 987654321012345678,
        "merged_amplitude_id": 2,
    },
    {"amplitude_id": "4", "merged_amplitude_id": None, "scope": "x", "more": 1},
]
NAME = "-100042_2024-01-05_9.json.gz"
ROWS = "select * exclude (_dlt_load_id) from raw.merged_users order by all"


def lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def load(raw: RawTables, archive: Archive, folder: Path) -> None:
    assert import_files(str(folder), archive).failures == []
    assert load_archive(raw, archive, folder.parent / "scratch") == []


def test_merged_ids_become_rows_of_text_and_no_events(
    tmp_path: Path, archive: Archive, raw: RawTables
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / NAME).write_bytes(gzip.compress(lines(*MERGES)))
    load(raw, archive, tmp_path / "old")
    load(raw, archive, tmp_path / "old")
    file, time = f"files/{NAME}", "2024-01-05 09:10:1"
    assert raw.query(ROWS) == [
        (file, "100042", f"{time}1.000000", f"{time}2.500000", "987654321012345678", "2"),
        (file, "x", None, None, "4", None),
    ]
    assert raw.query("select file, lines, bad_lines from raw.exports") == [(file, 2, 0)]
    assert raw.query("select count(*) from raw.events") == [(0,)]


def test_merged_ids_and_events_can_lie_in_one_zip_and_bad_lines_are_kept(
    tmp_path: Path, archive: Archive, raw: RawTables
) -> None:
    (tmp_path / "old").mkdir()
    with ZipFile(tmp_path / "old" / "all.zip", "w") as zipped:
        zipped.writestr("ids", lines(*MERGES) + b'[1]\n{"scope":"\\ud83d"}\n\nnot JSON')
        zipped.writestr("events", gzip.compress(lines({"event_type": "a"}, {"event_type": "b"})))
        zipped.writestr("__MACOSX/._ids", b"\0\1\n\2\n")
    load(raw, archive, tmp_path / "old")
    assert raw.query("select scope from raw.merged_users order by all") == [
        ("100042",),
        ("x",),
        ("\ufffd",),
    ]
    assert raw.query("select export_file, event_type from raw.events order by all") == [
        ("files/all.zip/events", "a"),
        ("files/all.zip/events", "b"),
    ]
    assert raw.query("select line, repaired from raw.bad_lines order by line_number") == [
        ("[1]", False),
        ('{"scope":"\\ud83d"}', True),
        ("not JSON", False),
    ]
    assert raw.query("select members, lines, bad_lines from raw.exports") == [(2, 7, 2)]


def test_the_summary_tells_merged_ids_from_events(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / NAME).write_bytes(gzip.compress(lines(*MERGES)))
    (folder / "100042_2024-01-05_9_complete").touch()
    (folder / "notes.txt").write_text("mine")
    (folder / "cut.json.gz").write_bytes(gzip.compress(lines(*MERGES))[:-3])
    (folder / "event.json").write_bytes(lines({"event_type": "a"}))
    done = stage.run(EXTRACT_FILES=str(folder))
    facts = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for fact in (
        "files added 2",
        "files already archived 0",
        "empty files and markers 1",
        "other files passed over 1",
        "lines in raw 3",
        "events in raw 1",
        "merged ids in raw 2",
    ):
        assert fact in facts
    assert f"{folder}/notes.txt: neither events nor merged ids" in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"Error: {folder}/cut.json.gz is not archived")
    assert done.returncode == 1
