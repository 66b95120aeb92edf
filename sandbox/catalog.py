"""Which events happen on which platform, from opening the shop to leaving it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from types import MappingProxyType

from sandbox import shop
from sandbox.line import encode
from sandbox.shop import Make

_SHOP: dict[str, Make] = {
    "product_viewed": shop.product,
    "product_searched": shop.search,
    "product_added": shop.product,
    "product_removed": shop.product,
    "wishlist_added": shop.product,
    "cart_viewed": shop.cart,
    "checkout_started": shop.step,
    "checkout step completed": shop.step,
    "coupon_applied": shop.step,
    "payment_failed": shop.step,
    "Order Completed": shop.cart,
    "review_written": shop.product,
    "newsletter_subscribed": shop.nothing,
    "support_chat_opened": shop.nothing,
    "revenue_amount": shop.revenue,
}
_WEB: dict[str, Make] = {
    "[Amplitude] Page Viewed": shop.page_view,
    "[Amplitude] Element Clicked": shop.element,
    "[Amplitude] Element Changed": shop.element,
    "[Amplitude] Form Started": shop.form,
    "[Amplitude] Form Submitted": shop.form,
    "[Amplitude] File Downloaded": shop.element,
    "[Amplitude] Rage Click": shop.element,
    "[Amplitude] Dead Click": shop.element,
    "[Amplitude] Network Request": shop.network,
    "[Amplitude] Web Vitals": shop.vitals,
    **_SHOP,
}
_APP: dict[str, Make] = {
    "[Amplitude] Screen Viewed": shop.screen,
    "[Amplitude] Application Installed": shop.application,
    "[Amplitude] Application Updated": shop.application,
    "[Amplitude] Application Backgrounded": shop.application,
    "[Amplitude] Deep Link Opened": shop.link,
    **_SHOP,
}
_SERVER: dict[str, Make] = {
    "order_paid": shop.order,
    "order_shipped": shop.order,
    "email_sent": shop.nothing,
    "revenue_amount": shop.refund,
}

_SESSION: tuple[tuple[str, Make], ...] = (
    ("session_start", shop.nothing),
    ("session_end", shop.nothing),
)
_OPENED = ("[Amplitude] Application Opened", shop.application)
_KINDS = MappingProxyType(
    {
        "Web": (*_SESSION, ("[Amplitude] Page Viewed", shop.page_view), *_WEB.items()),
        "iOS": (*_SESSION, _OPENED, *_APP.items()),
        "Android": (*_SESSION, _OPENED, *_APP.items()),
        "Server": tuple(_SERVER.items()),
        "Ads": (("Daily Ad Metrics", shop.ad_metrics),),
    }
)
_START, _END, _OPENING, _FIRST_FREE = range(4)
_SESSIONLESS = frozenset({"Server", "Ads"})
_VARIANTS = 128


@dataclass(frozen=True)
class Event:
    """An event type and one variant of its properties, both as JSON text."""

    type: str
    properties: str


def has_sessions(platform: str) -> bool:
    """Tell apps and browsers from servers."""
    return platform not in _SESSIONLESS


def visit(rng: Random, platform: str) -> Iterator[Event]:
    """Choose what somebody does from opening the shop to leaving it."""
    free = range(_FIRST_FREE if has_sessions(platform) else 0, len(_KINDS[platform]))
    kinds = rng.choices(free, k=rng.randrange(1, 6))
    if has_sessions(platform):
        kinds = [_START, _OPENING, *kinds, _END]
    for kind in kinds:
        event = _event(platform, kind, rng.getrandbits(16) % _VARIANTS)
        yield event
        if event.type == '"revenue_amount"' and has_sessions(platform):
            yield Event('"verified_revenue"', event.properties)


@cache
def _event(platform: str, kind: int, variant: int) -> Event:
    """Make a variant once: writing its JSON anew for each row would cost more than all the rest."""
    name, make = _KINDS[platform][kind]
    return Event(encode(name), encode(make(Random(f"{name}:{variant}"))))
