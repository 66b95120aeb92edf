"""The few lines with which a run ends: where every event stands, and where to look further."""

from load.settings import LoadSettings
from load.survey import Survey
from load.tally import Tally
from pipeline.terminal import summary


def summarize(
    settings: LoadSettings, kind: str, found: Survey, tally: Tally, seconds: float
) -> None:
    """Print what came of a run."""
    always = {
        "destination": settings.destination,
        "events accepted": tally.accepted.total(),
        "already delivered": found.counts.of("delivered", "changed", "rekeyed"),
        "refused": tally.refused.total(),
        f"waiting (younger than {settings.load_min_age_hours:g} h)": found.counts.of("waiting"),
        "not acknowledged": tally.unacknowledged,
        "payload changed since delivered": found.counts.of("changed"),
    }
    sometimes = {
        "key changed since delivered": found.counts.of("rekeyed"),
        "  to another person, name or day": found.changes.moved,
        "delivered, no longer in the marts": found.changes.gone,
        "refused in earlier runs": found.counts.of("refused"),
        "outside LOAD_FROM to LOAD_TO": found.counts.of("outside"),
        "in flight when the last run ended": len(found.again),
        "sent again within this run": tally.resent,
    }
    there = {name: count for name, count in sometimes.items() if count}
    summary(kind.capitalize(), {**always, **there, "seconds": seconds})
    if tally.refused.total() or found.counts.of("refused"):
        print('  What was refused and why: just sql "from delivery.refused"; again: just replay')
    if found.counts.of("changed", "rekeyed") or found.changes.gone:
        print('  What changed: just sql "from delivery.changed"')
