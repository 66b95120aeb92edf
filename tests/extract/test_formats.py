import gzip
import json

import pytest

from extract.formats import HEAD_BYTES, content, judge

EVENT = b'{"event_type":"a","uuid":"1"}\n'
MERGE = b'{"scope":1,"merge_time":"t","amplitude_id":2,"merged_amplitude_id":3}\n'
LONG = b'{"event_properties":{"a":"' + b"x" * HEAD_BYTES


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("text", "judgement"),
    [
        (EVENT, "export"),
        (b"\n \r\n" + EVENT, "export"),
        (b"\xef\xbb\xbf" + EVENT, "export"),
        (b'cut","uuid":"1"}\n' + EVENT, "export"),
        (b"\xff\n" + EVENT, "export"),
        (MERGE, "export"),
        (LONG, "export"),
        (b'{"uuid":' + b"9" * 5000 + b"}", "export"),
        (b"", "empty"),
        (b"\n\r\n", "empty"),
        (b"[1]", "other"),
        (b"{}\n", "other"),
        (b'{"persons":3}\n', "other"),
        (b"uuid,event_type\n", "other"),
        (b"PKG,event_type\n", "other"),
        (b"\x89PNG\r\n\0", "other"),
        (json.dumps([{"event_type": "a"}], indent=2).encode(), "other"),
        (json.dumps({"name": "a", "version": 1}, indent=2).encode(), "other"),
    ],
)
def test_a_file_is_judged_by_its_first_line_that_can_be_read(
    pack: type[bytes], text: bytes, judgement: str
) -> None:
    assert judge(pack(text)[:HEAD_BYTES]) == judgement


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\x1f\x8b\xff\xff"])
def test_a_zip_or_gzip_is_taken_for_an_export_even_if_it_is_damaged(head: bytes) -> None:
    assert judge(head) == "export"


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (EVENT + MERGE, "events"),
        (MERGE + EVENT, "merges"),
        (b'{"data":{"merged_amplitude_id":1},"amplitude_id":1,"event_type":"a"}', "events"),
        (b'{"a":1}', None),
    ],
)
def test_merged_ids_are_told_from_events_by_the_keys_of_the_first_line(
    head: bytes, found: str | None
) -> None:
    assert content(head) == content(gzip.compress(head)) == found
