with
    counts as (select * from {{ ref("int_identity_counts") }}),

    census as (select * from {{ ref("int_identity_census") }}),

    placeholder_user_ids as (
        select {{ bare_id("user_id") }} as bare_id from {{ ref("placeholder_user_ids") }}
    ),

    same_people as (
        select id, person_id from {{ ref("identity_overrides") }} where rule = 'same_as'
    ),

    changed as (
        select counts.* from counts {{ without_built("counts", ["version"], key=["identity_id"]) }}
    ),

    identities as (
        select
            changed.*,
            any_value(census.user_id) as user_id,
            any_value(census.device_id) as device_id,
            any_value(census.amplitude_id) as amplitude_id,
        from changed
        inner join census on changed.identity_id = census.identity_id
        group by all
    ),

    named as (
        select
            *,
            case
                when
                    {{ bare_id("user_id") }}
                    not in (select placeholder_user_ids.bare_id from placeholder_user_ids)
                then user_id
            end as exported_user_id,
        from identities
    ),

    known as (
        select named.*, coalesce(same_people.person_id, named.exported_user_id) as own_user_id,
        from named
        left join same_people on named.exported_user_id = same_people.id
    )

select *
from known
