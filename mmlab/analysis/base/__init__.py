"""Shared parts of the measures: coalitions, array checks, statistics, input swapping."""
