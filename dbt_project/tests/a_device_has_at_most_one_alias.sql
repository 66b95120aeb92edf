select json_extract_string(properties, '$.alias') as device_id, count(*) as aliases,
from {{ ref("posthog_aliases") }}
group by device_id
having count(*) > 1
