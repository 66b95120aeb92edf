"""Raw events that are nothing but ids and times: a tenth as many user and device ids as events.

SQL makes them, since only identity is measured. New people keep coming, and each is active for a
fifth of the time, on one to three devices. Two of three log in, half-way through; one event in ten
after that lacks the user id. Until then a device has an amplitude_id of its own, which Amplitude
would merge into the user's. One event in thirty happens on a device that hundreds of people share.
"""

import duckdb

_EVENTS_PER_PERSON = 26
_INSERT = """
insert into raw.events by name
with
    moments as (
        select number, number / $events as moment, hash(number) % 1000003 / 1000003 as progress
        from range($first, $last) as numbers(number)
    ),

    people as (
        select
            *,
            greatest(0, floor((moment - progress / 5) * $people))::bigint as person,
            hash(number, 'device') as chance
        from moments
    ),

    devices as (
        select
            *,
            case
                when chance % 30 = 0 then 'shared-' || person // 500
                else 'device-' || person || '-' || chance % (1 + hash(person) % 3)
            end as device,
            person % 3 < 2 and progress > 0.5 as has_logged_in
        from people
    )

select
    md5(number::varchar)::uuid::varchar as uuid,
    'viewed' as event_type,
    (timestamp '2024-01-01' + to_seconds(number))::varchar as event_time,
    event_time as server_upload_time,
    case when has_logged_in and chance % 10 > 0 then 'user-' || person end as user_id,
    device as device_id,
    case
        when has_logged_in then person else $people + hash(device, person) % 1000000000000
    end::varchar as amplitude_id,
    $load as export_file,
    $load as _dlt_load_id
from devices
"""


def insert_people(
    connection: duckdb.DuckDBPyConnection, events: int, first: int, last: int
) -> None:
    """Append the events number `first` to `last` of `events`, as one load."""
    connection.execute(
        _INSERT,
        {
            "events": events,
            "people": events // _EVENTS_PER_PERSON,
            "first": first,
            "last": last,
            "load": f"load {first}",
        },
    )
