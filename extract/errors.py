"""What can stop an extraction, or one window of it.

ExtractError
├── CredentialsRefused
├── WindowFailed
├── ProfileFailed
├── ProfilesUnavailable
│   └── WindowTooLarge
└── FileUnreadable
"""

from pipeline.errors import PipelineError


class ExtractError(PipelineError):
    """The extraction, or a part of it, cannot go on."""


class CredentialsRefused(ExtractError):  # noqa: N818 - reads as what happened
    """Amplitude refused the keys: no request with them will succeed, so the run stops."""


class WindowFailed(ExtractError):  # noqa: N818
    """One window could not be downloaded, in so many attempts; the others go on."""

    def __init__(self, message: str, attempts: int = 1) -> None:
        super().__init__(message)
        self.attempts = attempts


class WindowTooLarge(WindowFailed):
    """Amplitude does not give so many hours at once: each half is asked for instead."""


class ProfileFailed(ExtractError):  # noqa: N818
    """One profile could not be fetched; the others go on."""


class ProfilesUnavailable(ExtractError):  # noqa: N818
    """The organisation's plan has no profiles; the rest of the pipeline does without."""


class FileUnreadable(ExtractError):  # noqa: N818
    """A file of the archive, or one to be put there, is damaged; the others go on."""
