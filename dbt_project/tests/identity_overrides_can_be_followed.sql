-- An override that contradicts itself or PostHog's rules would merge the wrong people, for good.
with
    overrides as (select * from {{ ref("identity_overrides") }}),

    replaced_users as (select id from {{ ref("identity_overrides") }} where kind = 'user'),

    user_ids as (select id from {{ ref("distinct_ids") }} where kind = 'user'),

    faults as (
        select
            kind,
            id,
            rule,
            person_id,
            case
                when
                    kind not in ('user', 'device')
                    or (kind, rule) not in (
                        values
                            ('user', 'same_as'),
                            ('device', 'always_alias'),
                            ('device', 'never_alias')
                    )
                then 'users can be same_as, devices always_alias or never_alias'
                when rule = 'never_alias' and person_id is not null
                then 'never_alias names no person'
                when rule <> 'never_alias' and person_id is null
                then 'person_id is missing'
                when id = person_id
                then 'id and person_id are one id'
                when person_id in (select replaced_users.id from replaced_users)
                then 'person_id is itself the same as somebody else'
                when {{ is_illegal_id("person_id") }}
                then 'PostHog never merges this person_id, or it has more than 200 bytes'
                when rule = 'always_alias' and {{ is_illegal_id("id") }}
                then 'PostHog never merges this device id, or it has more than 200 bytes'
                when rule = 'always_alias' and id in (select user_ids.id from user_ids)
                then 'this device id is also a user id: an alias would merge the two'
            end as fault,
        from overrides
    )

select *
from faults
where fault is not null
