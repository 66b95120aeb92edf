-- A line of an export ends in exactly one of posthog_events, rejected_events, bad_lines and, if it
-- is no event, merged_users. This adds up for each file by itself: a line lost in one cannot hide
-- behind a line doubled in another.
with
    ends as (
        select events.export_file
        from {{ ref("events") }} as events
        inner join {{ ref("posthog_events") }} as sent on events.event_uuid = sent.uuid
        union all
        select export_file
        from {{ ref("rejected_events") }}
        union all
        select export_file
        from {{ source("amplitude", "merged_users") }}
        union all
        select export_file
        from {{ source("amplitude", "bad_lines") }}
        where not repaired
    ),

    members as (select export_file, count(*) as ends from ends group by export_file),

    exports as (select file, lines from {{ source("amplitude", "exports") }}),

    counted as (
        select exports.file, exports.lines, coalesce(sum(members.ends), 0) as ends,
        from exports
        left join
            members
            on exports.file = members.export_file
            or starts_with(members.export_file, exports.file || '/')
        group by exports.file, exports.lines
    )

select *
from counted
where lines <> ends
