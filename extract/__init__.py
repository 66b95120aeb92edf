"""Amplitude → archive → raw: copies everything, decides nothing."""
