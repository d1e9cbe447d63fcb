"""An archive of others: DCMTK's dcmqrscp."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .dcmtk import dcmtk
from .receiving import free_port, running


@contextmanager
def dcmqrscp(folder: Path, *, mover: int = 1) -> Iterator[int]:
    """Run dcmqrscp over an empty folder; gives its port. It is DCMQRSCP, and knows MOVER at a port."""
    port = free_port()
    (folder / "files").mkdir()
    settings = folder / "dcmqrscp.cfg"
    settings.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nmover = (MOVER, 127.0.0.1, {mover})\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nDCMQRSCP {folder / 'files'} RW (100, 100mb) ANY\nAETable END\n"
    )
    with running([dcmtk("dcmqrscp"), "-c", settings], port):
        yield port
