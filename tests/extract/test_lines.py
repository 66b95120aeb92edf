import json
import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.lines import describe, has_lone_surrogate, repair

REPAIRABLE = [
    (rb'{"a":"tea \ud83e"}', rb'{"a":"tea \ufffd"}'),
    (rb'{"a":"\udd56 tea"}', rb'{"a":"\ufffd tea"}'),
    (rb'{"a":"\uDD56\uD83E"}', rb'{"a":"\ufffd\ufffd"}'),
    (rb'{"a":"\ud83d\ud83d\ude00"}', rb'{"a":"\ufffd\ud83d\ude00"}'),
    (rb'{"a":"\\\ud83d"}', rb'{"a":"\\\ufffd"}'),
    (rb'{"a":"\\ud83d\ude00"}', rb'{"a":"\\ud83d\ufffd"}'),
    (rb'{"\ud83d":{"b":["\ud83d\n"]}}', rb'{"\ufffd":{"b":["\ufffd\n"]}}'),
    (rb'{"a":"\ud83d","n":' + b"1" * 5000 + b"}", rb'{"a":"\ufffd","n":' + b"1" * 5000 + b"}"),
]
SOUND = [
    rb'{"a":"\ud83d\ude00"}',
    rb'{"a":"\\ud83d"}',
    rb'{"a":"\\\\ud83d\\ude00"}',
    '{"a":"🫖"}'.encode(),
    b"{}",
]
BEYOND_REPAIR = [
    (b"[1]", "not a JSON object but a list"),
    (b"null", "not a JSON object but a NoneType"),
    (b'"text"', "not a JSON object but a str"),
    (b'{"a":"b', "not JSON: Unterminated string"),
    (b'{"a":1}{"b":2}', "not JSON: Extra data"),
    (b'{"a":"\xff"}', "not UTF-8: invalid start byte at byte 6"),
    (b'{"a":"\xed\xa0\xbd"}', "not UTF-8: invalid continuation byte at byte 6"),
    (b'{"a":"\x01"}', "not JSON: Invalid control character"),
    (b'\xef\xbb\xbf{"a":1}', "not JSON: Unexpected UTF-8 BOM"),
    (rb'["\ud83d"]', "not a JSON object but a list"),
    (b'\xef\xbb\xbf{"a":"\\ud83d"}', "not JSON: Unexpected UTF-8 BOM"),
    (b'{"a":"\\ud83d\xff"}', "not UTF-8: invalid start byte"),
    (rb'{"a":"\ud83d', "not JSON: "),
    (b'{"a":' * 5000 + rb'"\ud83d"' + b"}" * 5000, "nested too deeply"),
    (b"{\x00}\x00", "not JSON: Expecting property name"),
]


@pytest.mark.parametrize(("line", "mended"), REPAIRABLE)
def test_half_an_emoji_becomes_the_replacement_character(line: bytes, mended: bytes) -> None:
    assert has_lone_surrogate(line)
    assert repair(line) == mended
    assert describe(3, line).repaired
    assert describe(3, line).error == "lone surrogate, replaced by U+FFFD"


@pytest.mark.parametrize("line", SOUND)
def test_a_sound_line_needs_no_repair(line: bytes) -> None:
    assert not has_lone_surrogate(line)
    assert repair(line) is None


@pytest.mark.parametrize(("line", "error"), BEYOND_REPAIR)
def test_any_other_fault_is_told_in_words_and_left_alone(line: bytes, error: str) -> None:
    bad = describe(7, line)
    assert (bad.line_number, bad.repaired) == (7, False)
    assert error in bad.error
    assert repair(line) is None


def test_a_bad_line_is_kept_with_what_is_unprintable_escaped() -> None:
    assert describe(1, b'{"a":"\xff\x00\x7f\t\xc3\xa9"').line == r'{"a":"\xff\x00\x7f\x09é"'


halves = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF)
texts = st.text(st.one_of(halves, st.characters(), st.sampled_from('\\u"/\n')))


@given(texts, st.booleans())
def test_a_repaired_text_is_the_same_but_for_the_lone_halves_and_duckdb_reads_it(
    text: str,
    as_key: bool,  # noqa: FBT001
) -> None:
    line = json.dumps({text: 1} if as_key else {"text": text}).encode()
    read = json.loads(line)
    expected = json.loads(re.sub("[\ud800-\udfff]", "�", json.dumps(read, ensure_ascii=False)))

    mended = repair(line)

    assert has_lone_surrogate(line) == (read != expected)
    assert json.loads(mended or line) == expected
    assert duckdb.execute("select json_valid(?)", [(mended or line).decode()]).fetchone() == (True,)
