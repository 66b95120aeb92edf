"""What can stop an extraction, or one window of it.

ExtractError
├── CredentialsRefused
├── WindowFailed
└── FileUnreadable
"""

from pipeline.errors import PipelineError


class ExtractError(PipelineError):
    """The extraction, or a part of it, cannot go on."""


class CredentialsRefused(ExtractError):  # noqa: N818 - reads as what happened
    """Amplitude refused the keys: no request with them will succeed, so the run stops."""


class WindowFailed(ExtractError):  # noqa: N818
    """One window could not be downloaded; the others go on."""


class FileUnreadable(ExtractError):  # noqa: N818
    """A file of the archive, or one to be put there, is damaged; the others go on."""
