-- Amplitude samples very large projects by user: what it left out cannot be exported, and counts
-- are those of the sample.
{{ config(severity="warn") }}
select sample_rate, count(*) as events, count(distinct user_id) as users,
from {{ ref("stg_amplitude__events") }}
where sample_rate is not null
group by sample_rate
