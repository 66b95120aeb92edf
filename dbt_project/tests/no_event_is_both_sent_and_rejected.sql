select rejected.uuid, rejected.reason
from {{ ref("rejected_events") }} as rejected
inner join {{ ref("posthog_events") }} as sent on rejected.uuid = sent.uuid
where rejected.occurrence = 1
