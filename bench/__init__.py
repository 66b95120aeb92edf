"""Each stage against its floor and its peer, in one run: only ratios within a run count."""
