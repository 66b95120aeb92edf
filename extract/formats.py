"""Formats: what a file is, told by its first bytes and its first line, never by its name.

Pure. Three layers can lie around each other: zip, gzip, NDJSON; and NDJSON holds either events or
the ids that Amplitude merged (files `-OrgID_yyyy-MM-dd_H.json.gz` of an export to a bucket).
"""

import json
import re
import zlib
from typing import Literal

Content = Literal["events", "merges"]
Judgement = Literal["export", "empty", "other"]

HEAD_BYTES = 64 << 10
"""So many bytes of a file tell what it is."""
_ZIP, _EMPTY_ZIP, _GZIP = b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
# A line longer than the head cannot be parsed: that it begins as an object has to do.
_OBJECT = re.compile(rb"\{\s*\"")
_EVENT_KEYS = frozenset({"event_type", "uuid"})
_MERGE_KEYS = frozenset({"amplitude_id", "merged_amplitude_id"})


def judge(head: bytes) -> Judgement:
    """What a file that begins so is to a folder of exports; a damaged zip or gzip is still one."""
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        return "export"
    text, is_damaged = _unpack(head)
    if is_damaged or content(text):
        return "export"
    return "other" if text.strip() else "empty"


def is_gzip(head: bytes) -> bool:
    """Whether a file that begins so is a gzip."""
    return head.startswith(_GZIP)


def content(head: bytes) -> Content | None:
    """What the lines of NDJSON, gzipped or not, are; null if they are not Amplitude's.

    The first line that can be read decides: one that is damaged costs no more than itself.
    """
    lines = _unpack(head)[0].removeprefix(_BOM).split(b"\n")
    for position, line in enumerate(lines):
        row = _read(line)
        if row is None and position == len(lines) - 1 and _OBJECT.match(line):
            return "events"
        if row is not None and row.keys() & _EVENT_KEYS:
            return "events"
        if row is not None and row.keys() >= _MERGE_KEYS:
            return "merges"
    return None


def _unpack(head: bytes) -> tuple[bytes, bool]:
    """The text that a gzip begins with, and whether it is damaged right there."""
    if not is_gzip(head):
        return head, False
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = unpacker.decompress(head, HEAD_BYTES)
    except zlib.error:
        return b"", True
    return text, not text and not unpacker.eof


def _read(line: bytes) -> dict[str, object] | None:
    try:
        row = json.loads(line.decode(errors="replace"), parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
