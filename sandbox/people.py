"""The invented people: their ids in Amplitude, and the properties they gain and lose over time."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random

from sandbox.line import encode

_ATTRIBUTION = (
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
    *("gclid", "fbclid", "msclkid", "referrer", "referring_domain"),
)
_CAMPAIGNS: tuple[dict[str, str], ...] = (
    {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "spring", "gclid": "Cj0KCQjw"},
    {"utm_source": "newsletter", "utm_medium": "email", "utm_content": "kettle"},
    {"fbclid": "IwAR2x", "referrer": "https://m.facebook.com/", "referring_domain": "facebook.com"},
    {},
)
_CAMPAIGN_EVERY = 4
_NAMES = ("Ada Example", "Bo “Bee” Sample", "Chloé O'Test", "Dmitri Пример", "Eun 예시")
_PLANS = ("free", "plus", "pro")
_COIN = (True, False)
_TRIAL_HOURS = 24
_GROUP_TYPES = {"office": 3, "team": 5, "shift": 7, "pilot": 9}


@dataclass(eq=False)
class Traits:
    """User properties as they stand now; each visit takes a snapshot of all of them."""

    rng: Random
    current: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        came = self.rng.choice(_CAMPAIGNS)
        first = {f"initial_{name}": came.get(name, "EMPTY") for name in _ATTRIBUTION}
        self.current = {**first, "visits": 0, **came, **self.current}

    def snapshot(self, user_id: str | None) -> str:
        """Let time pass until the next visit, then write down every property as JSON."""
        if user_id is not None and "email" not in self.current:
            self._introduce(user_id)
        self.current["visits"] = int(str(self.current["visits"])) + 1
        if self.rng.randrange(_CAMPAIGN_EVERY) == 0:
            self._come_anew()
        if self.rng.choice(_COIN):
            self.current["plan"] = self.rng.choice(_PLANS)
            self.current["cart_value"] = round(self.rng.random() * 300, 2)
        elif "cart_value" in self.current:
            del self.current["cart_value"]
        return encode(self.current)

    def _come_anew(self) -> None:
        """Amplitude's SDK unsets what the campaign before said."""
        kept = {name: value for name, value in self.current.items() if name not in _ATTRIBUTION}
        self.current = kept | self.rng.choice(_CAMPAIGNS)

    def _introduce(self, user_id: str) -> None:
        number = self.rng.randrange(10**6)
        self.current |= {"email": f"person{number}@example.com", "name": self.rng.choice(_NAMES)}
        self.current |= {"newsletter": self.rng.choice(_COIN), "favourites": ["SKU-1001"]}
        if self.rng.choice(_COIN):
            self.current |= {"user_id": user_id, "id": number, "platform": "test"}
            self.current |= {"timestamp": "2022-11-11T17:08:49.936998", "updated_date": 1649047502}
        if self.rng.choice(_COIN):
            self.current |= {"country": "test", "Country": "UK", "City": "London", "city": "test"}
        if self.rng.choice(_COIN):
            self.current |= {"cohort": "2025-10", "amplitude_cohort_ids": ["my own"]}


@dataclass(frozen=True, eq=False)
class Identity:
    """Under which ids someone acts; `person` is who it truly is, empty if nobody can tell.

    A person is called by the id that identifies it in the end: the user id, else the device id
    (`device:<id>` if somebody's user id reads the same), else `amplitude:<id>`.
    """

    person: str
    user_id: str | None
    amplitude_id: int
    traits: Traits
    company: int | None = None

    @property
    def logged_out(self) -> "Identity":
        """The same person without a user id: before the first login, or after a logout."""
        return replace(self, user_id=None)


@lru_cache(maxsize=4096)
def groups(company: int | None, hour: int) -> dict[str, str]:
    """The row's group columns in this hour of the world; a company's properties change."""
    if company is None:
        return {"groups": "{}", "group_properties": "{}"}
    name = f"acme-{company}"
    trial = {"trial_ends": "2025-03-04"} if hour < _TRIAL_HOURS else {}
    seats = {"seats": 5 + company + hour // 6, "tier": "silver" if trial else "gold"}
    more = {
        group_type: [f"{group_type}-{company // every}"]
        for group_type, every in _GROUP_TYPES.items()
        if company % every == 0
    }
    offices = {key: {"floor": company} for key in more.get("office", [])}
    return {
        "groups": encode({"company": [name], "[Segment] Group": ["north", "tea"], **more}),
        "group_properties": encode({"company": {name: {**seats, **trial}}, "office": offices}),
    }
