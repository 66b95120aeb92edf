"""What the ledger keeps of an event, as one line of text: from a mart to the ledger through Python.

A batch travels back as one text, since DuckDB binds a list a hundred times more slowly, and JSON
costs twice as much to take apart. Names and ids are JSON strings in it, which hold no separator.
"""

import json
from collections.abc import Iterable
from typing import NamedTuple

_FIELD, _LINE = "\x1f", "\x1e"

MACROS = r"""
create or replace temp macro record_line(
    uuid, event, distinct_id, instant, key_hash, payload_hash
) as
    concat_ws(
        chr(31),
        uuid,
        to_json(event),
        to_json(distinct_id),
        instant::date,
        key_hash,
        payload_hash
    );

-- Few texts have anything escaped: the others are what stands between the quotes.
create or replace temp macro record_text(field) as
    case
        when contains(field, '\') then field::json ->> '$'
        else substring(field, 2, length(field) - 2)
    end;
"""

RECORDS = """
select
    fields[1]::uuid as uuid,
    record_text(fields[2]) as event,
    record_text(fields[3]) as distinct_id,
    fields[4]::date as day,
    fields[5]::ubigint as key_hash,
    fields[6]::ubigint as payload_hash
from (
    select string_split(line, chr(31)) as fields
    from (select unnest(string_split($lines, chr(30))) as line)
)
"""


class Record(NamedTuple):
    """The fields of a line that Python needs now and then."""

    event: str
    distinct_id: str
    day: str


def read_record(line: str) -> Record:
    """Take a line apart."""
    _, event, distinct_id, day, *_ = line.split(_FIELD)
    return Record(json.loads(event), json.loads(distinct_id), day)


def join_records(lines: Iterable[str]) -> str:
    """Join lines to one text, as `RECORDS` reads it."""
    return _LINE.join(lines)
