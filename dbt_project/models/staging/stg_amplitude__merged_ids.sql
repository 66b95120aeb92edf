with recursive
    recorded as (select * from {{ source("amplitude", "merged_users") }}),

    typed as (
        select
            {{ exact_bigint("merged_amplitude_id") }} as merged_id,
            {{ exact_bigint("amplitude_id") }} as into_id,
            coalesce(
                {{ utc_timestamp("merge_server_time") }}, {{ utc_timestamp("merge_time") }}
            ) as merged_at,
        from recorded
    ),

    latest_merges as (
        select *
        from typed
        where merged_id <> into_id
        qualify
            row_number() over (
                partition by merged_id order by merged_at desc nulls last, into_id desc
            )
            = 1
    ),

    -- Pairs are kept once, so that a circle of merges comes to an end.
    reached as (
        select merged_id, into_id
        from latest_merges
        union
        select reached.merged_id, latest_merges.into_id
        from reached
        inner join latest_merges on reached.into_id = latest_merges.merged_id
    ),

    circles as (select merged_id as circle_id from reached where merged_id = into_id),

    ends as (
        select reached.merged_id, reached.into_id, later.merged_at as left_at
        from reached
        left join latest_merges as later on reached.into_id = later.merged_id
        left join circles on reached.into_id = circles.circle_id
        where later.merged_id is null or circles.circle_id is not null
    ),

    survivors as (
        select merged_id, into_id
        from ends
        qualify row_number() over (partition by merged_id order by left_at nulls first, into_id) = 1
    )

select
    latest_merges.merged_id as merged_amplitude_id,
    survivors.into_id as amplitude_id,
    latest_merges.merged_at,
from latest_merges
inner join survivors on latest_merges.merged_id = survivors.merged_id
where survivors.into_id <> latest_merges.merged_id
