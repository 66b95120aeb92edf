"""Both sandbox servers at once, with a generated world, and the settings that point at them."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.amplitude import Amplitude
from sandbox.export import write_exports
from sandbox.http import serving
from sandbox.posthog import PostHog
from sandbox.truth import Truth
from sandbox.world import HOUR, Plan

API_KEY, SECRET_KEY, TOKEN = "sandbox-api-key", "sandbox-secret-key", "phc_sandbox"


@dataclass(frozen=True)
class Project:
    """A running sandbox; `settings` are the environment that sends the pipeline to it."""

    truth: Truth
    posthog: PostHog
    settings: dict[str, str]


@contextmanager
def running(plan: Plan, folder: Path, ports: tuple[int, int] = (0, 0)) -> Iterator[Project]:
    """Generate a world in `folder` and serve it; port 0 takes a free one."""
    amplitude = Amplitude(folder, API_KEY, SECRET_KEY)
    with ExitStack() as stack:
        # The ports first: a sandbox that is running already keeps its world.
        amplitude_url = stack.enter_context(serving(amplitude.respond, ports[0]))
        truth = write_exports(plan, folder)
        posthog = stack.enter_context(closing(PostHog(folder / "posthog.duckdb", TOKEN)))
        posthog_url = stack.enter_context(serving(posthog.respond, ports[1]))
        yield Project(truth, posthog, _settings(plan, amplitude_url, posthog_url))


def _settings(plan: Plan, amplitude_url: str, posthog_url: str) -> dict[str, str]:
    first, last = plan.start, plan.start.timestamp() + plan.hours * HOUR / 1000 - 1
    return {
        "AMPLITUDE_API_KEY": API_KEY,
        "AMPLITUDE_SECRET_KEY": SECRET_KEY,
        "AMPLITUDE_EXPORT_URL": f"{amplitude_url}/api/2/export",
        "AMPLITUDE_PROFILE_URL": f"{amplitude_url}/v1/userprofile",
        "EXTRACT_FROM": f"{first:%Y-%m-%dT%H}",
        "EXTRACT_TO": f"{first.fromtimestamp(last, first.tzinfo):%Y-%m-%dT%H}",
        # The sandbox has no limits to respect.
        "PROFILE_RATE": "60000",
        "POSTHOG_HOST": posthog_url,
        "POSTHOG_PROJECT_TOKEN": TOKEN,
        "LOAD_RATE": "50000",
    }
