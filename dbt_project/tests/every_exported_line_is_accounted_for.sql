-- An exported line ends in exactly one of posthog_events, rejected_events and bad_lines.
with
    exports as (select coalesce(sum(lines), 0) as lines from {{ source("amplitude", "exports") }}),

    bad_lines as (
        select count(*) as lines from {{ source("amplitude", "bad_lines") }} where not repaired
    ),

    events as (select count(*) as lines from {{ ref("posthog_events") }}),

    rejections as (select count(*) as lines from {{ ref("rejected_events") }})

select
    exports.lines as exported,
    events.lines as sent,
    rejections.lines as rejected,
    bad_lines.lines as unreadable,
from exports
cross join events
cross join rejections
cross join bad_lines
where exports.lines <> events.lines + rejections.lines + bad_lines.lines
