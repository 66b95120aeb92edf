"""The invented people: their ids in Amplitude, and the properties they gain and lose over time."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random

from sandbox.line import encode

_INITIAL = ("utm_source", "utm_medium", "utm_campaign", "gclid", "fbclid", "referrer")
_NAMES = ("Ada Example", "Bo “Bee” Sample", "Chloé O'Test", "Dmitri Пример", "Eun 예시")
_PLANS = ("free", "plus", "pro")
_COIN = (True, False)
_TRIAL_HOURS = 24


@dataclass(eq=False)
class Traits:
    """User properties as they stand now; each visit takes a snapshot of all of them."""

    rng: Random
    current: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        source = self.rng.choice(("google", "newsletter", "EMPTY"))
        first = {f"initial_{name}": "EMPTY" for name in _INITIAL}
        self.current = {**first, "initial_utm_source": source, "visits": 0, **self.current}

    def snapshot(self, user_id: str | None) -> str:
        """Let time pass until the next visit, then write down every property as JSON."""
        if user_id is not None and "email" not in self.current:
            self._introduce(user_id)
        self.current["visits"] = int(str(self.current["visits"])) + 1
        if self.rng.choice(_COIN):
            self.current["plan"] = self.rng.choice(_PLANS)
            self.current["cart_value"] = round(self.rng.random() * 300, 2)
        elif "cart_value" in self.current:
            del self.current["cart_value"]
        return encode(self.current)

    def _introduce(self, user_id: str) -> None:
        number = self.rng.randrange(10**6)
        self.current |= {"email": f"person{number}@example.com", "name": self.rng.choice(_NAMES)}
        self.current |= {"newsletter": self.rng.choice(_COIN), "favourites": ["SKU-1001"]}
        if self.rng.choice(_COIN):
            self.current |= {"user_id": user_id, "id": number, "platform": "test"}
            self.current |= {"timestamp": "2022-11-11T17:08:49.936998", "updated_date": 1649047502}
        if self.rng.choice(_COIN):
            self.current |= {"country": "test", "Country": "UK", "City": "London", "city": "test"}


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
    return {
        "groups": encode({"company": [name], "[Segment] Group": ["north", "tea"]}),
        "group_properties": encode({"company": {name: {**seats, **trial}}}),
    }
