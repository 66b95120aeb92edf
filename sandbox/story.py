"""Every way in which people and devices meet, told as short stories with a known ending.

Each story lists visits in the order in which they reach Amplitude, and says under which ids they
arrive and who it truly was. Amplitude's rules: the anonymous history of a device belongs to the
first who logs in; after a logout the last known user's amplitude_id stays on the device; when a
known user logs in on a device with a history of its own, the two amplitude_ids stay in the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from sandbox.device import PLATFORMS, Device, campaign, device, server
from sandbox.people import Identity, Traits


@dataclass(frozen=True, eq=False)
class Visit:
    """One stay of one person on one device; `days_late` is how long the phone was offline.

    `resumes` tells that the session of the device's visit before is still open.
    """

    device: Device
    who: Identity
    days_late: int = 0
    merged: int | None = None
    resumes: bool = False


@dataclass
class Cast:
    """Hands out the people and devices of one story; ids never meet those of another story."""

    rng: Random
    number: int
    _used: int = field(default=0, init=False)

    def next(self) -> int:
        """Count: a number that no other story uses."""
        self._used += 1
        return self.number * 16 + self._used

    def amplitude_id(self) -> int:
        """Make an amplitude_id of the length that real ones have."""
        return 400_000_000_000 + self.next()

    def user(self, user_id: str | None = None) -> Identity:
        """Make somebody with a user id: an e-mail address or a number unless one is given."""
        number = self.next()
        usual = f"user{number}@example.com" if number % 3 else str(100_000 + number)
        company = number % 40 if number % 2 else None
        name = usual if user_id is None else user_id
        return Identity(name, name, self.amplitude_id(), Traits(self.rng), company)

    def stranger(self, person: str | None, user_id: str | None = None) -> Identity:
        """Make somebody with an amplitude_id that never logs in."""
        return Identity(person or "", user_id, self.amplitude_id(), Traits(self.rng))

    def device(self, device_id: str | None = "") -> Device:
        """Make a browser or a phone."""
        return device(self.rng, self.rng.choice(PLATFORMS), device_id)


Story = Callable[[Cast], list[Visit]]


def visitor(cast: Cast) -> list[Visit]:
    """Somebody never logs in: a person of their own, known by the device."""
    phone = cast.device()
    return [Visit(phone, cast.stranger(phone.id))] * 2


def newcomer(cast: Cast) -> list[Visit]:
    """Somebody looks around, signs up, and logs out in the end: one amplitude_id throughout."""
    laptop, user = cast.device(), cast.user()
    orders = Visit(server(user.person), user)
    before = Visit(laptop, user.logged_out)
    return [before, Visit(laptop, user), Visit(laptop, user, days_late=3), orders, before]


def member(cast: Cast) -> list[Visit]:
    """A known user on several devices, never anonymous."""
    user = cast.user()
    return [
        Visit(cast.device(), user),
        Visit(server(user.person), user),
        Visit(cast.device(), user),
    ]


def traveller(cast: Cast) -> list[Visit]:
    """A known user logs in on a device with an anonymous history: two amplitude_ids, one person."""
    user, phone, tablet = cast.user(), cast.device(), cast.device()
    unknown = cast.stranger(user.person)
    login = Visit(tablet, user, merged=unknown.amplitude_id)
    return [Visit(phone, user), Visit(tablet, unknown), login, Visit(tablet, user.logged_out)]


def household(cast: Cast) -> list[Visit]:
    """Two users share a tablet, and once even a session.

    What happens after a logout belongs to whoever was there last.
    """
    jane, mary, phone, tablet = cast.user(), cast.user(), cast.device(), cast.device()
    others = (jane.logged_out, mary)
    shared = [Visit(tablet, jane), *(Visit(tablet, who, resumes=True) for who in others)]
    return [Visit(phone, jane), *shared, *[Visit(tablet, mary.logged_out)] * 2]


def kiosk(cast: Cast) -> list[Visit]:
    """An app stays open for days, and Amplitude sees one session."""
    stand, user = cast.device(), cast.user()
    first = Visit(stand, user, days_late=2)
    return [first, Visit(stand, user, days_late=1, resumes=True), Visit(stand, user, resumes=True)]


def straggler(cast: Cast) -> list[Visit]:
    """A late row of a merged amplitude_id reaches Amplitude after another user came."""
    first, second, tablet = cast.user(), cast.user(), cast.device()
    unknown = cast.stranger(first.person)
    known = [Visit(tablet, who) for who in (unknown, first, second, second.logged_out)]
    return [*known, Visit(tablet, unknown, days_late=2)]


def guest(cast: Cast) -> list[Visit]:
    """An anonymous row on one user's laptop carries the amplitude_id of another user."""
    host, friend, laptop = cast.user(), cast.user(), cast.device()
    return [Visit(cast.device(), friend), Visit(laptop, host), Visit(laptop, friend.logged_out)]


def unresolved(cast: Cast) -> list[Visit]:
    """On a shared device an amplitude_id appears after which nobody logs in any more."""
    laptop, unknown = cast.device(), cast.stranger("")
    unknown = replace(unknown, person=f"amplitude:{unknown.amplitude_id}")
    return [Visit(laptop, cast.user()), Visit(laptop, cast.user()), Visit(laptop, unknown)]


def ambiguous(cast: Cast) -> list[Visit]:
    """One amplitude_id has two user ids, so its anonymous rows belong to neither."""
    first, laptop = cast.user(), cast.device()
    second = replace(cast.user(), amplitude_id=first.amplitude_id)
    nobody = replace(first.logged_out, person=f"amplitude:{first.amplitude_id}")
    return [Visit(laptop, who) for who in (first, second, nobody)]


def placeholder(cast: Cast) -> list[Visit]:
    """Old clients send a word instead of no user id; it names nobody."""
    laptop, phone, user = cast.device(), cast.device(), cast.user()
    nobody = cast.stranger(laptop.id)
    words = [Visit(laptop, replace(nobody, user_id=word)) for word in ("null", "anonymous", "0")]
    return [*words, Visit(phone, replace(user, user_id="undefined")), Visit(phone, user)]


def twins(cast: Cast) -> list[Visit]:
    """User ids that differ by case or blanks are different people."""
    name = f"Anna{cast.next()}@example.com"
    people = [cast.user(user_id) for user_id in (name, name.lower(), f" {name}")]
    return [Visit(cast.device(), who) for who in people]


def namesake(cast: Cast) -> list[Visit]:
    """The id of an anonymous device reads like the user id of somebody else."""
    user = cast.user(str(900_000_000 + cast.next()))
    unknown = cast.stranger(f"device:{user.person}")
    return [Visit(cast.device(), user), Visit(cast.device(user.person), unknown)]


def nobody(cast: Cast) -> list[Visit]:
    """Neither id is usable: these rows have no person."""
    nameless = cast.stranger(None)
    devices = (device(cast.rng, "Web", None), replace(_blank(cast), id=None))
    return [Visit(devices[0], nameless), Visit(devices[1], replace(nameless, user_id="null"))]


def _blank(cast: Cast) -> Device:
    blank = device(cast.rng, "Web", None)
    return replace(blank, fields={**blank.fields, "device_id": '""'})


def endless(cast: Cast) -> list[Visit]:
    """A user id of 201 bytes, but of fewer characters."""
    user = cast.user("ü" * 90 + f"{cast.next():021d}")
    return [Visit(cast.device(), user)]


def service(cast: Cast) -> list[Visit]:
    """A user whom only the servers know."""
    user = cast.user()
    return [Visit(server(user.person), user)] * 2


def advertiser(cast: Cast) -> list[Visit]:
    """An advertising integration reports under a device id of its own, with no session."""
    ads = campaign(cast.next())
    return [Visit(ads, cast.stranger(ads.id))]


_COMMON: tuple[Story, ...] = (newcomer, household, traveller, visitor, member, visitor, newcomer)
_RARE: tuple[Story, ...] = (
    *(kiosk, placeholder, straggler, guest, nobody, endless, twins),
    *(namesake, ambiguous, unresolved, service, advertiser),
)
_RARE_EVERY = 5


def story(number: int) -> Story:
    """Choose the story of this number: the rare ones take turns at every fifth."""
    turn, rest = divmod(number, _RARE_EVERY)
    if rest == _RARE_EVERY - 1:
        return _RARE[turn % len(_RARE)]
    return _COMMON[(number - turn) % len(_COMMON)]
