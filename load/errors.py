"""The loader's errors; each stops the run, and what was acknowledged stays in the ledger.

LoadError
├── OutboxError
├── LedgerError
├── BlockedError
├── DestinationError
├── UnreachableError
├── RefusalFloodError
└── UnacknowledgedError
"""

from pipeline.errors import PipelineError


class LoadError(PipelineError):
    """The load cannot go on."""


class OutboxError(LoadError):
    """The warehouse has no marts to load from."""


class LedgerError(LoadError):
    """The ledger is another destination's."""


class BlockedError(LoadError):
    """Something looks wrong before the first event, and `LOAD_FORCE` was not set."""


class DestinationError(LoadError):
    """PostHog refuses this loader as a whole: token, billing, address."""


class UnreachableError(LoadError):
    """PostHog did not take a batch in all the attempts it was given."""


class RefusalFloodError(LoadError):
    """PostHog refused more events than `LOAD_MAX_REFUSALS`."""


class UnacknowledgedError(LoadError):
    """The run went to its end, but PostHog said nothing about some events."""
