"""What an invented web shop knows about each event, named as Amplitude's SDKs name it."""

from collections.abc import Callable
from random import Random
from urllib.parse import parse_qsl, urlsplit

Properties = dict[str, object]
Make = Callable[[Random], Properties]

_PRODUCTS = (
    ("SKU-1001", "Kettle", 39.9),
    ("SKU-1002", "Tea towel, 3 pieces", 12),
    ("SKU-1003", "Café au lait bowl", 7.5),
    ("SKU-2001", "Garden chair “Nørrebro”", 129.0),
    ("SKU-2002", "Parasol", 89),
    ("SKU-3001", "Desk lamp 100% dimmable", 54.25),
)
_SITE = "https://shop.example.com"
_PAGES = (
    ("Home", "/"),
    ("Home", "/?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=Cj0KCQjw"),
    ("Kettles & pots", "/c/kettles"),
    ("Garden", "/c/garden?sort=price&page=2"),
    ("Cart", "/cart"),
    ("Help", "/help/returns#deadline"),
)
_ELEMENTS = (
    {
        "Tag": "button",
        "ID": "add-to-cart",
        "Class": "btn btn-primary",
        "Text": "Add to cart",
        "Aria Label": "Add “Kettle” to the cart",
    },
    {"Tag": "a", "Class": "link", "Text": 'Sizes & "care"', "Href": f"{_SITE}/care?from=cart"},
    {"Tag": "input", "ID": "quantity", "Class": "", "Text": ""},
)
_SCREENS = ("Home", "Search", "Product", "Cart", "Account")
_REFERRERS = ("https://www.google.com/", "https://news.example.com/tea", "EMPTY")
_DOMAINS = {"https://www.google.com/": "www.google.com", "EMPTY": "EMPTY"}


def page(rng: Random) -> Properties:
    """A page, as autocapture describes it: its URL is its location without query and fragment."""
    title, place = rng.choice(_PAGES)
    referrer = rng.choice(_REFERRERS)
    path = urlsplit(place).path
    return {
        "[Amplitude] Page Title": title,
        "[Amplitude] Page URL": _SITE + path,
        "[Amplitude] Page Path": path,
        "[Amplitude] Page Location": _SITE + place,
        "[Amplitude] Page Domain": "shop.example.com",
        "[Amplitude] Page Counter": rng.randrange(1, 30),
        "[Amplitude] Viewport Width": 1280,
        "[Amplitude] Viewport Height": 720,
        "referrer": referrer,
        "referring_domain": _DOMAINS.get(referrer, "news.example.com"),
    }


def page_view(rng: Random) -> Properties:
    """A page was opened; the campaign that led to it stands in its location."""
    page_ = page(rng)
    asked = parse_qsl(urlsplit(str(page_["[Amplitude] Page Location"])).query)
    return page_ | {name: value for name, value in asked if name.startswith(("utm_", "gclid"))}


def element(rng: Random) -> Properties:
    """Something on a page was clicked or changed."""
    described = rng.choice(_ELEMENTS).items()
    return {
        **page(rng),
        **{f"[Amplitude] Element {name}": value for name, value in described},
        "[Amplitude] Element Selector": "main > div:nth-child(2)",
        "[Amplitude] Element Position Left": rng.randrange(1280),
    }


def form(rng: Random) -> Properties:
    """A form was begun or sent."""
    return {**page(rng), "[Amplitude] Form ID": "checkout", "[Amplitude] Form Name": "Checkout"}


def network(rng: Random) -> Properties:
    """A request of the browser."""
    return {
        "[Amplitude] URL": "https://shop.example.com/api/stock",
        "[Amplitude] Status Code": rng.choice((200, 200, 503)),
        "[Amplitude] Duration": rng.randrange(20, 900),
    }


def vitals(rng: Random) -> Properties:
    """How fast a page was, in milliseconds, and how steady."""
    return {
        **page(rng),
        "[Amplitude] LCP": {"value": rng.randrange(800, 4000), "rating": "good"},
        "[Amplitude] INP": {"value": rng.randrange(8, 400), "rating": "good"},
        "[Amplitude] CLS": {"value": round(rng.random() / 4, 4), "rating": "needs-improvement"},
    }


def screen(rng: Random) -> Properties:
    """A screen of the app."""
    return {"[Amplitude] Screen Name": rng.choice(_SCREENS)}


def application(rng: Random) -> Properties:
    """The app was installed, opened, updated or left."""
    return {
        "[Amplitude] Version": rng.choice(("4.2.0", "4.3.1")),
        "[Amplitude] Build": str(rng.randrange(400, 440)),
        "[Amplitude] From Background": rng.choice((True, False)),
    }


def link(rng: Random) -> Properties:
    """A link led into the app."""
    return {
        "[Amplitude] Link URL": f"shop://product/{rng.choice(_PRODUCTS)[0]}?utm_source=newsletter",
        "[Amplitude] Link Referrer": rng.choice((None, "android-app://com.example.mail")),
    }


def product(rng: Random) -> Properties:
    """A product, with a nested object and an array."""
    sku, name, price = rng.choice(_PRODUCTS)
    return {
        "product_id": sku,
        "product_name": name,
        "price": price,
        "currency": "EUR",
        "in_stock": rng.choice((True, True, False)),
        "tags": ["home", "new"],
        "purchase": {"amount": price, "installments": rng.choice((None, 3, 12))},
    }


def search(rng: Random) -> Properties:
    """What was looked for."""
    return {"query": rng.choice(("kettle", "tee 🫖", "chair", "")), "results": rng.randrange(90)}


def cart(rng: Random) -> Properties:
    """All products in the cart: an array of objects."""
    items = [product(rng) for _ in range(rng.randrange(1, 4))]
    return {"cart_id": f"c-{rng.randrange(10**6)}", "items": items, "item_count": len(items)}


def step(rng: Random) -> Properties:
    """A step of the checkout."""
    return {"step": rng.randrange(1, 5), "method": rng.choice(("card", "invoice", None))}


def order(rng: Random) -> Properties:
    """An order, as the servers see it."""
    return {"order_id": rng.randrange(10**6, 10**7), "carrier": rng.choice(("DHL", "GLS"))}


def revenue(rng: Random) -> Properties:
    """Money came in: the SDK's revenue properties."""
    sku, _, price = rng.choice(_PRODUCTS)
    quantity = rng.randrange(1, 4)
    return {
        "$productId": sku,
        "$price": price,
        "$quantity": quantity,
        "$revenue": round(price * quantity, 2),
        "$revenueType": "purchase",
        "$currency": "EUR",
    }


def refund(rng: Random) -> Properties:
    """Money went back: negative revenue."""
    paid = revenue(rng)
    return {**paid, "$revenue": -float(str(paid["$revenue"])), "$revenueType": "refund"}


def ad_metrics(rng: Random) -> Properties:
    """One day of one advertisement: dotted keys, the same key as integer and as decimal."""
    return {
        "ad_platform": "google",
        "ad_metrics.clicks": rng.randrange(50),
        "ad_metrics.conversions": rng.choice((0, 0.0, 1.5)),
        "ad_metrics.cost": round(rng.random() * 20, 6),
        "ad_segment_device": rng.choice(("DESKTOP", "MOBILE", "TABLET")),
    }


def nothing(_: Random) -> Properties:
    """No properties."""
    return {}
