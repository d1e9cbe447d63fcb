"""filmless against its peers, in one run on one machine: ``python -m benchmarks``, which is ``make bench``."""
