"""Delivers what the marts hold to PostHog, each event once, and remembers what was acknowledged."""
