{#
    PostHog's id of a session: a UUIDv7 whose time is where a piece of at most 24 hours begins.

    Pieces are counted from one hour before Amplitude's session_id, its beginning in milliseconds,
    which may be a little later than the session's first event. So the id depends on the event alone:
    no event that comes late can change that of others. `device` and `owner` are what tells sessions
    of one moment apart. Null where the beginning is no moment that a UUID can hold.
#}
{% macro session_uuid(device, owner, session_id, at) -%}
    {%- set day = 86400000 -%}
    {%- set origin = "(" ~ session_id ~ " - 3600000)" -%}
    {%- set pieces = "floor((epoch_ms(" ~ at ~ ") - " ~ origin ~ ") / " ~ day ~ ".0)::bigint" -%}
    list_transform(
        [
            case
                when {{ session_id }} between 0 and 253402300799999
                then {{ origin }} + {{ day }} * {{ pieces }}
            end
        ],
        lambda begin: case
            when begin >= 0
            then
                list_transform(
                    [md5(to_json([{{ device }}, {{ owner }}, begin::varchar])::varchar)],
                    lambda digest:lpad(lower(to_hex(begin)), 12, '0')[1:8]
                    || '-'
                    || lpad(lower(to_hex(begin)), 12, '0')[9:12]
                    || '-7'
                    || digest[1:3]
                    || '-'
                    || '89ab'[ascii(digest[4]) % 4 + 1]
                    || digest[5:7]
                    || '-'
                    || digest[8:19]
                )[1]
        end
    )[1]
{%- endmacro %}
