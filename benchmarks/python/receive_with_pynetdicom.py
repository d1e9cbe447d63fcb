"""``python -m benchmarks.python.receive_with_pynetdicom FOLDER TITLE``: a storage SCP as its examples have it."""

import sys
from pathlib import Path
from threading import Event as Forever

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.dimse_primitives import C_STORE


def _store(event: evt.Event, folder: Path) -> int:
    assert isinstance(event.request, C_STORE)
    # The data set is written as it came, which is the fastest way there is.
    with (folder / f"{event.request.AffectedSOPInstanceUID}.dcm").open("wb") as file:
        file.write(event.encoded_dataset())
    return 0x0000


def main(folder: Path, title: str) -> None:
    """Listen until the process is ended."""
    entity = AE(title)
    entity.supported_contexts = AllStoragePresentationContexts
    entity.maximum_pdu_size = 131_072
    folder.mkdir(parents=True, exist_ok=True)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, _store, [folder])])
    assert server is not None
    print(f"ready {title}@127.0.0.1:{server.server_address[1]}", flush=True)
    Forever().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
