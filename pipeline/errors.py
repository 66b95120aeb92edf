"""The errors a user can meet; each is one line that says what happened, where, and what to do.

    PipelineError
    ├── SettingError
    ├── StoreError
    ├── extract.errors.ExtractError
    └── load.errors.LoadError

Anything else that reaches the terminal as a traceback is a bug.
"""


class PipelineError(Exception):
    """The run cannot go on, and the message tells its user why and what to do next."""


class SettingError(PipelineError):
    """A setting is missing or malformed."""


class StoreError(PipelineError):
    """A file or folder under `DATA_DIR` is missing, held by another process, or not writable."""
