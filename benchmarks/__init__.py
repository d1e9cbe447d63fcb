"""Measures filmless against its peers, in one run on one machine: ``python -m benchmarks`` (what ``make bench`` runs)."""
