"""User Profile API → journal → `raw.user_profiles`: snapshots, appended, the whole answer kept.

Answers go to the journal one by one, and from there to raw in files of some thousand; so a killed
run goes on where it stopped, and the archive alone rebuilds raw.
"""

import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from itertools import islice
from threading import Event

from extract.errors import ExtractError, ProfilesUnavailable
from extract.journal import Journal
from extract.profile_api import Profile, ProfileApi
from extract.raw import RawTables
from extract.settings import ExtractSettings
from extract.subjects import Subject, find_subjects
from pipeline.pace import Pace, sleep_until_stopped
from pipeline.terminal import note, progress

_IN_FLIGHT = 4
_MOST_FAILED_IN_A_ROW = 10
_Profiles = Generator[Profile, None, None]


def fetch_profiles(raw: RawTables, journal: Journal, settings: ExtractSettings) -> Counter[str]:
    """Load the profiles that are missing or old; returns how many were found, not found, failed.

    Raises:
        CredentialsRefused: Amplitude refused the secret key.
        ExtractError: there is no such API at the URL, or it fails for everybody.
    """
    subjects = _subjects(raw, journal, settings)
    outcomes: Counter[str] = Counter()
    try:
        for outcome in _record(subjects, raw, journal, settings):
            outcomes[outcome] += 1
    except ProfilesUnavailable as reason:
        note(f"{reason} The last user properties of each person stand in.")
    journal.load(raw)
    if not outcomes["failed"]:
        journal.end_refresh()
    return outcomes


def _subjects(raw: RawTables, journal: Journal, settings: ExtractSettings) -> list[Subject]:
    """Whom to ask; a refresh that was killed goes on, unless this run wants none."""
    since = None
    if settings.extract_profiles_refresh:
        since = journal.begin_refresh()
    else:
        journal.end_refresh()
    return find_subjects(raw, anonymous=settings.extract_profiles_anonymous, refresh_since=since)


def _record(
    subjects: Sequence[Subject], raw: RawTables, journal: Journal, settings: ExtractSettings
) -> Iterator[str]:
    """Write each answer down, load what is finished, and yield what came of it."""
    try:
        with closing(_fetch(subjects, settings)) as profiles:
            for profile in profiles:
                journal.append(profile)
                if journal.is_full:
                    journal.finish()
                    journal.load(raw)
                yield profile.outcome
    finally:
        journal.finish()


def _fetch(subjects: Sequence[Subject], settings: ExtractSettings) -> _Profiles:
    """Ask for everybody, until it is clear that nobody is answered."""
    stop = Event()
    pace = Pace(settings.profile_rate / 60, time.monotonic, sleep_until_stopped(stop))
    failed = 0
    with (
        progress("Profiles", len(subjects), "profiles") as advance,
        closing(ProfileApi(settings, pace)) as api,
        closing(_answers(subjects, api, stop)) as answers,
    ):
        for profile in answers:
            yield profile
            advance(1)
            failed = failed + 1 if profile.outcome == "failed" else 0
            if failed == _MOST_FAILED_IN_A_ROW:
                raise ExtractError(
                    f"{failed} profiles in a row failed, the last with {profile.text}: run "
                    "`just extract` again later, or set EXTRACT_PROFILES=false."
                )


def _answers(subjects: Sequence[Subject], api: ProfileApi, stop: Event) -> _Profiles:
    """Keep a few requests in flight, and yield the answers as they come."""
    rest = iter(subjects)
    pool = ThreadPoolExecutor(_IN_FLIGHT)
    try:
        asked = {pool.submit(api.fetch, subject) for subject in islice(rest, _IN_FLIGHT)}
        while asked:
            done, asked = wait(asked, return_when=FIRST_COMPLETED)
            asked |= {pool.submit(api.fetch, subject) for subject in islice(rest, len(done))}
            for answer in done:
                yield answer.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
