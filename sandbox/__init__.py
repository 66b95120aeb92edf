"""A local Amplitude, a local PostHog and a generator of exports, for the demo, tests and bench."""
