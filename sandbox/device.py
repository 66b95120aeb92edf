"""The devices of the invented people, described as each of Amplitude's libraries describes them.

On Web `os_name` is the browser and `device_family` the operating system; on phones `os_name` is the
operating system and `device_type` the model; a server knows nothing about the device and sends a
hash of the user id as its id.
"""

from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from uuid import NAMESPACE_OID, UUID, uuid5

from sandbox.line import encode

Fields = dict[str, object]

PLATFORMS = ("Web", "Web", "iOS", "Android")

_WEB = (
    {"os_name": "Chrome", "os_version": "137", "device_family": "Mac OS X", "device_type": "Mac"},
    {"os_name": "Firefox", "os_version": "139.0", "device_family": "Windows"},
    {"os_name": "Safari", "os_version": "17", "device_family": "iOS", "device_type": "Apple iPad"},
    {
        "os_name": "Chrome Mobile",
        "os_version": "96",
        "device_family": "Android",
        "device_type": "Android",
        "device_model": "Android",
    },
)
_IOS = (
    {
        "device_family": "Apple iPhone",
        "device_type": "Apple iPhone 12",
        "device_model": "iPhone13,2",
        "os_version": "15.1",
        "device_carrier": "Example Mobile",
    },
    {
        "device_family": "Apple iPad",
        "device_type": "Apple iPad Air",
        "device_model": "iPad13,1",
        "os_version": "17.6.1",
    },
)
_ANDROID = (
    {
        "device_family": "Samsung Galaxy Phone",
        "device_type": "Samsung Galaxy S21",
        "device_brand": "samsung",
        "device_model": "SM-G991B",
        "device_carrier": "O2 - de",
    },
    {
        "device_family": "Samsung Galaxy Tablet",
        "device_type": "Samsung Galaxy Tab S7",
        "device_brand": "samsung",
        "device_model": "SM-T870",
    },
    {"device_type": "Google Pixel 7", "device_brand": "google", "device_model": "Pixel 7"},
)
_PLACES = (
    ("Germany", "Hamburg", "Hamburg", "German"),
    ("Canada", "Newfoundland and Labrador", "St. John's", "English"),
    ("Singapore", None, "Singapore", "English"),
    ("Côte d'Ivoire", "Abidjan", "Abidjan", "French"),
    ("United States", "California", "San Francisco", "Spanish"),
)
_PLANS: tuple[Fields, ...] = ({}, {"branch": "main", "source": "shop", "version": "7"})


@dataclass(frozen=True, eq=False)
class Device:
    """One device; `fields` are the row's keys that it fills, `old` that it writes 49 keys."""

    id: str | None
    platform: str
    fields: dict[str, str]
    old: bool = False


def server(user_id: str) -> Device:
    """The device that Amplitude makes up for a user id sent without a device id."""
    device_id = str(uuid5(NAMESPACE_OID, user_id))
    fields = {"device_id": device_id, "library": "http/2.0", "partner_id": "segment"}
    return Device(device_id, "Server", {key: encode(value) for key, value in fields.items()})


def campaign(number: int) -> Device:
    """The device that an advertising integration makes up; its rows have a key of their own."""
    device_id = f"google-ad-{number}"
    fields = {"device_id": device_id, "library": "google_ads", "ad_account": {"id": 1_000_042}}
    return Device(device_id, "Ads", {key: encode(value) for key, value in fields.items()})


def device(rng: Random, platform: str, device_id: str | None = "") -> Device:
    """Make a browser or a phone; its id is random if empty, and missing if None."""
    old = platform == "Web" and rng.randrange(8) == 0
    if device_id == "":
        suffix = "R" if platform == "Android" or old else ""
        device_id = f"{UUID(int=rng.getrandbits(128), version=4)}{suffix}"
    fields = {"device_id": device_id, **_where(rng), **_DESCRIBE[platform](rng)}
    if old:
        fields |= {"library": "amplitude-js/5.2.2", "$schema": 12}
    return Device(device_id, platform, {key: encode(value) for key, value in fields.items()}, old)


def _where(rng: Random) -> Fields:
    country, region, city, language = rng.choice(_PLACES)
    located = rng.randrange(10) == 0
    return {
        "country": country,
        "region": region,
        "city": city,
        "language": language,
        "ip_address": f"203.0.113.{rng.randrange(1, 255)}",
        "location_lat": 53.55 if located else None,
        "location_lng": 9.99 if located else None,
        "dma": "San Francisco-Oakland-San Jose, CA" if country == "United States" else None,
        "paying": rng.choice((None, None, True, "true")),
        "plan": rng.choice(_PLANS),
        "is_attribution_event": rng.choice((None, False, True)),
        "amplitude_attribution_ids": rng.choice((None, None, None, ["a-1", "a-2"])),
    }


def _web(rng: Random) -> Fields:
    return {"platform": "Web", "library": "amplitude-ts/2.16.1", **rng.choice(_WEB)}


def _ios(rng: Random) -> Fields:
    return {
        "platform": "iOS",
        "library": "amplitude-swift/1.11.0",
        "os_name": "ios",
        "device_manufacturer": "Apple",
        "idfa": str(UUID(int=rng.getrandbits(128), version=4)).upper(),
        "version_name": rng.choice(("4.2.0", "4.3.1")),
        "start_version": "4.0.0",
        **rng.choice(_IOS),
    }


def _android(rng: Random) -> Fields:
    return {
        "platform": "Android",
        "library": "amplitude-kotlin/1.20.1",
        "os_name": "android",
        "os_version": rng.choice(("11", "14")),
        "device_family": "Android",
        "adid": str(UUID(int=rng.getrandbits(128), version=4)),
        "version_name": "4.3.1",
        **rng.choice(_ANDROID),
    }


_DESCRIBE = MappingProxyType({"Web": _web, "iOS": _ios, "Android": _android})
