"""The ledger's tables, and the statements that write to them."""

from load.record import RECORDS

TABLES = """
create table if not exists destination (id varchar not null);

create table if not exists delivered (
    uuid uuid not null,
    event varchar not null,
    distinct_id varchar not null,
    day date not null,
    key_hash ubigint not null,
    payload_hash ubigint not null,
    phase varchar not null,
    run integer not null,
    delivered_at timestamp not null
);

create table if not exists refused (
    uuid uuid not null,
    phase varchar not null,
    event varchar not null,
    distinct_id varchar not null,
    day date not null,
    reason varchar not null,
    details varchar,
    run integer not null,
    refused_at timestamp not null
);

create table if not exists files (
    name varchar not null,
    phase varchar not null,
    day date not null,
    events bigint not null,
    bytes bigint not null,
    sha256 varchar not null,
    run integer not null
);

create table if not exists runs (
    run integer not null,
    kind varchar not null,
    started_at timestamp not null,
    finished_at timestamp,
    accepted bigint,
    refused bigint,
    unacknowledged bigint,
    resent bigint
);
"""

_ARRIVED = f"select *, $phase as phase, $run as run, $at as delivered_at from ({RECORDS})"

DELIVERED = f"insert into delivered by name {_ARRIVED}"

DELIVERED_AGAIN = f"""
update delivered
set payload_hash = again.payload_hash, run = again.run, delivered_at = again.delivered_at
from ({_ARRIVED}) as again
where delivered.uuid = again.uuid
"""

REFUSED = """
insert into refused by name
select unnest(
    from_json(
        $rows,
        '[{"uuid": "UUID", "event": "VARCHAR", "distinct_id": "VARCHAR", "day": "DATE",
           "reason": "VARCHAR", "details": "VARCHAR"}]'
    ),
    recursive := true
), $phase as phase, $run as run, $at as refused_at
"""

REFUSED_NO_MORE = (
    "delete from refused where uuid in (select unnest(from_json($uuids, '[\"UUID\"]')))"
)

WRITTEN = "insert into files values ($name, $phase, $day, $events, $bytes, $sha256, $run)"

FINISHED = """
update runs
set
    finished_at = $at,
    accepted = $accepted,
    refused = $refused,
    unacknowledged = $unacknowledged,
    resent = $resent
where run = $run
"""
