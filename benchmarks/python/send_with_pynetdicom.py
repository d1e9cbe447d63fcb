"""``python -m benchmarks.python.send_with_pynetdicom TITLE PORT FOLDER``: store a folder; prints how long it took."""

import sys
from pathlib import Path
from time import perf_counter

from pynetdicom import AE, _config
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]


def main(title: str, port: int, folder: Path) -> None:
    """Store all files over one association, the fastest way it has."""
    _config.STORE_SEND_CHUNKED_DATASET = True
    paths = sorted(folder.iterdir())
    start = perf_counter()
    entity = AE("SENDER")
    entity.dimse_timeout = 5
    entity.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
    association = entity.associate("127.0.0.1", port, ae_title=title, max_pdu=131_072)
    for path in paths:
        answer = association.send_c_store(path)
        if answer.get("Status") != 0x0000:
            raise SystemExit(f"the answer is {answer.get('Status')}")
    association.release()
    print(perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
