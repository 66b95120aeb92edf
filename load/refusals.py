"""How many refusals all lanes together may meet before the run stops."""

from collections import Counter
from collections.abc import Iterable
from threading import Lock

from load.errors import RefusalFloodError
from load.outcomes import Refusal


class Refusals:
    """Counts refusals by reason, for several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._reasons: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, refusals: Iterable[Refusal]) -> None:
        """Count these.

        Raises:
            RefusalFloodError: there are more than the run may have.
        """
        with self._lock:
            self._reasons.update(refusal.reason for refusal in refusals)
            total = self._reasons.total()
        if total > self._most:
            ((reason, count),) = self._reasons.most_common(1)
            raise RefusalFloodError(
                f"PostHog refused more events than LOAD_MAX_REFUSALS={self._most:,} allows, most "
                f'often with {reason} ({count:,}): look with just sql "from delivery.refused", '
                "then mend the cause and run `just replay`, or raise LOAD_MAX_REFUSALS to go on."
            )
