"""Messages, built in SQL, and the frame of Capture V1: the same row gives the same bytes.

`plain_message` is PostHog's own JSON of an event: `{"uuid", "event", "distinct_id", "timestamp",
"properties"}`. `capture_message` adds `"options"`, and `"session_id"` and `"window_id"` where there
are such properties: PostHog's special properties move as posthog-python's
`capture_v1._to_v1_event` moves them, and a value that its place cannot hold is left out.
"""

import zlib
from collections.abc import Iterator, Sequence

ENDPOINT = "/i/v1/analytics/events"

_GZIP = 31  # zlib's code for a gzip header without a time, and the largest window
_PIECE = 500  # messages: joining all of them would ask the system for new memory each time

MACROS = r"""
create or replace temp macro wire_boolean(name, value) as
    '"' || name || '":' || case
        when json_type(value) = 'BOOLEAN' then value::varchar
        when json_type(value) in ('UBIGINT', 'BIGINT', 'DOUBLE') then (value::double <> 0)::varchar
        when lower(trim(value ->> '$', E' \t\r\n')) in ('true', '1') then 'true'
        when lower(trim(value ->> '$', E' \t\r\n')) in ('false', '0') then 'false'
    end;

create or replace temp macro wire_text(name, value) as
    '"' || name || '":' || case when json_type(value) = 'VARCHAR' then value::varchar end;

-- `specials`: the values of the special properties, in the order of `special_values`
create or replace temp macro wire_special(properties, specials) as
    concat_ws(
        ',',
        '',
        wire_text('session_id', specials[1]),
        wire_text('window_id', specials[2]),
        '"options":{' || concat_ws(
            ',',
            wire_boolean('process_person_profile', specials[3]),
            wire_boolean('disable_skew_correction', specials[4]),
            wire_boolean('cookieless_mode', specials[5]),
            wire_text('product_tour_id', specials[6])
        ) || '}',
        '"properties":' || json_merge_patch(
            properties,
            '{
                "$session_id": null, "$window_id": null, "$process_person_profile": null,
                "$ignore_sent_at": null, "$cookieless_mode": null, "$product_tour_id": null,
                "$lib": null, "$lib_version": null
            }'
        )
    );

create or replace temp macro special_values(properties) as
    json_extract(
        properties,
        [
            '$."$session_id"', '$."$window_id"', '$."$process_person_profile"',
            '$."$ignore_sent_at"', '$."$cookieless_mode"', '$."$product_tour_id"'
        ]
    );

-- Parsing costs more than looking, which goes by the first character: `"` is on every corner.
create or replace temp macro may_have_specials(properties) as
    regexp_matches(
        properties,
        '\$(session_id|window_id|process_person_profile|ignore_sent_at|cookieless_mode'
        || '|product_tour_id|lib|lib_version)"'
    );

-- The value of `$session_id`, if it stands at the top. It and `around_session` are columns of the
-- query, since a macro works out its argument wherever it names it.
create or replace temp macro session_at_top(properties) as
    case when contains(properties, '$session_id"') then properties ->> '$."$session_id"' end;

-- What stands before and behind the session: two texts, if there is one spelled as it reads.
create or replace temp macro around_session(properties, session) as
    string_split(properties, ',"$session_id":"' || session || '"');

-- The marts write `$process_person_profile` of nobody's event right behind the session.
create or replace temp macro is_nobodys(behind) as
    starts_with(behind, ',"$process_person_profile":false');

create or replace temp macro without_nobody(behind) as
    case
        when is_nobodys(behind)
        then behind[strlen(',"$process_person_profile":false') + 1 :]
        else behind
    end;

-- Where the session is all that moves, which most rows are like, nothing need be taken apart. Null
-- if it is not all.
create or replace temp macro wire_session(session, around) as
    case
        when
            len(around) = 2
            and not may_have_specials(around[1])
            and not may_have_specials(without_nobody(around[2]))
        then
            concat(
                ',"session_id":"',
                session,
                '","options":{',
                case when is_nobodys(around[2]) then '"process_person_profile":false' end,
                '},"properties":',
                around[1],
                without_nobody(around[2])
            )
    end;

create or replace temp macro wire_nothing_special(properties) as
    case
        when not may_have_specials(properties)
        then concat(',"options":{},"properties":', properties)
    end;

create or replace temp macro wire_specials(properties) as
    list_transform(  -- a lambda works out its argument once
        [special_values(properties)], lambda specials: wire_special(properties, specials)
    )[1];

create or replace temp macro message_head(uuid, event, distinct_id, instant) as
    concat(
        '{"uuid":"',
        uuid,
        '","event":',
        to_json(event),
        ',"distinct_id":',
        to_json(distinct_id),
        ',"timestamp":"',
        strftime(instant, '%Y-%m-%dT%H:%M:%S.%fZ'),
        '"'
    );

create or replace temp macro plain_message(
    uuid, event, distinct_id, instant, properties, session, around
) as
    encode(
        message_head(uuid, event, distinct_id, instant) || ',"properties":' || properties || '}'
    );

-- `session` is `session_at_top(properties)`, `around` is `around_session(properties, session)`.
create or replace temp macro capture_message(
    uuid, event, distinct_id, instant, properties, session, around
) as
    encode(
        message_head(uuid, event, distinct_id, instant)
        || coalesce(
            wire_session(session, around),
            wire_nothing_special(properties),
            wire_specials(properties)
        )
        || '}'
    );

-- The properties of an event that PostHog has already: `$set` would act once more, out of order.
create or replace temp macro without_person_changes(properties) as
    json_merge_patch(properties, '{"$set": null, "$set_once": null}')::varchar;
"""


def frame(messages: Sequence[bytes], created_at: str) -> bytes:
    """Put message texts into one request body; `created_at` is RFC 3339."""
    packer = zlib.compressobj(level=1, wbits=_GZIP)
    packed = [packer.compress(piece) for piece in _pieces(messages, created_at)]
    return b"".join((*packed, packer.flush()))


def _pieces(messages: Sequence[bytes], created_at: str) -> Iterator[bytes]:
    yield f'{{"created_at":"{created_at}","historical_migration":true,"batch":['.encode()
    for start in range(0, len(messages), _PIECE):
        if start:
            yield b","
        yield b",".join(messages[start : start + _PIECE])
    yield b"]}"
