r"""Lines that are not one JSON object: why, and whether they can be repaired.

Pure. DuckDB decides *which* lines are bad, since it is DuckDB that has to parse them; this module
only words the reason. One fault is repaired: Amplitude cuts strings at 1,024 characters, through an
emoji if need be, and leaves half of it behind as a lone surrogate (`\ud83d`).
"""

import json
import re
from dataclasses import dataclass

# Quick to rule out: a high half with no low one after it, a low half with no high one before, or an
# escaped backslash that could make either only look like a half.
_SUSPECT = re.compile(
    rb"\\\\u[dD]|\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F])"
)
_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# An escaped backslash comes first: in `\\ud83d` the `u` belongs to no escape.
_ESCAPES = re.compile(
    rb"(?P<other>\\\\|" + _HIGH + _LOW + rb")|(?P<lone>" + _HIGH + rb"|" + _LOW + rb")"
)
_REPLACEMENT = rb"\ufffd"
_CONTROL = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class BadLine:
    """A line, by its number in its file (from 1), that DuckDB cannot read as one JSON object."""

    line_number: int
    line: str
    error: str
    repaired: bool


def has_lone_surrogate(chunk: bytes) -> bool:
    """Whether any string in these lines holds half of a surrogate pair, written as an escape."""
    if not _SUSPECT.search(chunk):
        return False
    return any(match["lone"] for match in _ESCAPES.finditer(chunk))


def repair(line: bytes) -> bytes | None:
    """The line with each lone surrogate as U+FFFD; null if it has none or a second fault."""
    mended = _ESCAPES.sub(lambda match: match["other"] or _REPLACEMENT, line)
    if mended == line or _fault(mended):
        return None
    return mended


def describe(line_number: int, line: bytes) -> BadLine:
    """Say what is wrong with a line; the text is kept with everything unprintable escaped."""
    repaired = repair(line) is not None
    error = "lone surrogate, replaced by U+FFFD" if repaired else _fault(line)
    text = line.decode("utf-8", "backslashreplace")
    shown = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    return BadLine(line_number, shown, error or "refused by DuckDB's JSON parser", repaired)


def _fault(line: bytes) -> str | None:
    # Decoded here, for `json` itself lets a byte order mark and UTF-16 pass, which DuckDB refuses.
    # Numbers stay text: Python would refuse an integer of 4,301 digits, which DuckDB reads.
    try:
        value = json.loads(line.decode(), parse_int=str, parse_float=str)
    except UnicodeDecodeError as error:
        return f"not UTF-8: {error.reason} at byte {error.start}"
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} (character {error.pos})"
    except RecursionError:
        return "not JSON that can be read: nested too deeply"
    return None if isinstance(value, dict) else f"not a JSON object but a {type(value).__name__}"
