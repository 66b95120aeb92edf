"""Events as files: PostHog's own JSON, one event a line, for its managed import or to look at.

    {target}/1-aliases/2024-01-05/000001.jsonl.gz
    {target}/3-events/2024-01-05/000001.jsonl.gz
    {target}/manifest.json

The names sort in the order in which the files must be read. A file is written whole, or not at
all, before the ledger knows it; a run that was killed in between writes the same file again. The
manifest lists the files of the ledger: what it does not list is none of the migration.
"""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from fsspec.core import url_to_fs  # type: ignore[import-untyped]

from load.batches import Batch, Limits
from load.errors import DestinationError, LoadError
from load.marts import PHASES
from load.outcomes import File, Outcome

LIMITS = Limits(max_events=20_000, max_bytes=16_000_000, one_day=True)
MANIFEST = "manifest.json"


class Folder:
    """The folder or bucket `target`; one thread at a time. `files` are those of earlier runs.

    Raises:
        DestinationError: it cannot be opened.
    """

    def __init__(self, target: str, files: Iterable[Mapping[str, Any]]) -> None:
        self._target = target
        try:
            self._system, self._root = url_to_fs(target)
        except (ImportError, ValueError) as error:
            raise DestinationError(
                f"LOAD_TARGET {target} cannot be opened ({error}): for a bucket, install "
                "requirements-buckets.txt (see README)."
            ) from None
        self._numbers = Counter(file["name"].rpartition("/")[0] for file in files)

    def deliver(self, batch: Batch) -> Outcome:
        """Write one batch to a file of its own; what ends the run is in `failure`."""
        folder = f"{PHASES.index(batch.phase) + 1}-{batch.phase}/{batch.messages[0].day}"
        name = f"{folder}/{self._numbers[folder] + 1:06}.jsonl.gz"
        lines = b"".join(message.text + b"\n" for message in batch.messages)
        content = gzip.compress(lines, mtime=0)
        try:
            self.write(name, content)
        except LoadError as error:
            return Outcome(failure=error)
        self._numbers[folder] += 1
        digest = hashlib.sha256(content).hexdigest()
        file = File(name, len(batch.messages), len(content), digest)
        return Outcome(accepted=batch.messages, file=file)

    def list(self, files: Iterable[Mapping[str, Any]]) -> None:
        """Write the manifest.

        Raises:
            DestinationError: it cannot be written.
        """
        listed = list(files)
        manifest = {"events": sum(file["events"] for file in listed), "files": listed}
        self.write(MANIFEST, json.dumps(manifest, indent=1).encode())

    def write(self, name: str, content: bytes) -> None:
        """Write a file, which is there with all of its content or not at all.

        Raises:
            DestinationError: the folder or bucket does not take it.
        """
        path = f"{self._root}/{name}"
        try:
            if "://" not in self._target:  # in a bucket, it would make a bucket
                self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self._system.transaction, self._system.open(path, "wb") as file:
                file.write(content)
        except Exception as error:  # noqa: BLE001 - every cloud's client has errors of its own
            words = " ".join(str(error).split()) or type(error).__name__
            raise DestinationError(
                f"{self._target}/{name} cannot be written: {words}. Check LOAD_TARGET, and run "
                "`just load` again."
            ) from None
