-- ISO 3166-1 in capitals, and ISO 639 in small letters, as a browser says it.
select country as name, country_code as code
from {{ ref("country_codes") }}
where not regexp_full_match(country_code, '[A-Z]{2}')
union all
select language as name, language_code as code
from {{ ref("languages") }}
where not regexp_full_match(language_code, '[a-z]{2,3}(-[A-Z]{2})?')
