"""Which events are on their way, in small files: after a kill they tell what goes twice.

A lane holds at most two batches without a record in the ledger (`lanes.MAX_AHEAD`), so two files
a lane, written in turn, name all of them. Who reads them leaves out what the ledger holds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from shutil import rmtree

from load.batches import Batch
from load.lanes import MAX_AHEAD

_UUID_LENGTH = 36


class FlightLog:
    """Beside the ledger; each lane's thread writes its own files."""

    def __init__(self, ledger: Path) -> None:
        self._folder = ledger.with_suffix(".in-flight")
        self._turns: defaultdict[int, Iterator[int]] = defaultdict(count)

    def read(self) -> list[str]:
        """Return the uuids of the last run's last batches; none if it ended by itself."""
        texts = [path.read_text() for path in sorted(self._folder.glob("*"))]
        # A line that was being written is cut, and its event was not sent yet.
        return [line for text in texts for line in text.split() if len(line) == _UUID_LENGTH]

    def open(self, again: Iterable[str]) -> None:
        """Begin a run; `again` is what of the last ones will go once more in this one."""
        uuids = "\n".join(again)
        self.close()
        self._folder.mkdir(parents=True)
        (self._folder / "earlier").write_text(uuids)

    def write(self, batch: Batch) -> None:
        """Note a batch, before it is sent."""
        turn = next(self._turns[batch.lane]) % MAX_AHEAD
        path = self._folder / f"{batch.lane}-{turn}"
        path.write_text("\n".join(message.uuid for message in batch.messages))

    def close(self) -> None:
        """All that was sent is in the ledger, or counted as not acknowledged."""
        rmtree(self._folder, ignore_errors=True)
