"""``python -m benchmarks.python.find_with_filmless TITLE PORT KEYWORD…``: all studies; prints seconds and how many."""

import sys
from time import perf_counter

from filmless import Dataset, dimse


def main(title: str, port: str, keywords: list[str]) -> None:
    """Find all studies over one association, with these attributes."""
    start = perf_counter()
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    for keyword in keywords:
        identifier[keyword] = None
    with dimse.connect_blocking(f"{title}@127.0.0.1:{port}") as peer:
        count = sum(1 for _ in peer.find(identifier))
    print(perf_counter() - start, count)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
