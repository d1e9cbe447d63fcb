"""Many threads: one data set read by all, and Python free while files are read."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import filmless


def run(count: int, work) -> list:
    """What `work` gives in each of several threads that start together."""
    barrier = threading.Barrier(count)

    def together(number: int):
        barrier.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return [future.result(timeout=120) for future in [pool.submit(together, number) for number in range(count)]]


def values(ds: filmless.Dataset) -> list[str]:
    return [repr(element.value) for element in ds.walk() if element.VR != "SQ"]


def test_threads_read_one_data_set(slice_path) -> None:
    expected = values(filmless.read(slice_path))
    for _ in range(20):
        ds = filmless.read(slice_path)
        assert all(seen == expected for seen in run(8, lambda _, ds=ds: values(ds)))


def test_threads_are_handed_the_same_lists_and_items(nested) -> None:
    data = filmless.file.encode(nested)
    for _ in range(50):
        ds = filmless.read(data)
        items = run(8, lambda _, ds=ds: (ds.ReferencedStudySequence, ds.ReferencedStudySequence[0]))
        assert len({id(sequence) for sequence, _ in items}) == 1
        assert len({id(item) for _, item in items}) == 1


def test_threads_fetch_long_values(slice_path) -> None:
    ds = filmless.read(slice_path)
    expected = filmless.read(slice_path.read_bytes()).PixelData
    assert all(pixels == expected for pixels in run(8, lambda _: ds.PixelData))


def test_threads_edit_different_elements(ct) -> None:
    run(8, lambda number: ct.add_new((0x0011, 0x1000 + number), "LO", str(number)))
    assert [ct[0x0011, 0x1000 + number].value for number in range(8)] == [str(number) for number in range(8)]


PIPE = """
import os, sys, threading
import filmless
from filmless.errors import FormatError

def work():
    try:
        CALL
    except FormatError:  # of an empty file
        pass

thread = threading.Thread(target=work)
thread.start()
os.close(os.open(sys.argv[1], os.O_WRONLY))
thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("call", ["filmless.read(sys.argv[1])", "filmless.scan([sys.argv[1]], ['Rows'], threads=1)"])
def test_python_runs_while_a_file_is_read(tmp_path, call) -> None:
    """A named pipe opens for reading when it is opened for writing, which another thread has to be free to do."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    subprocess.run([sys.executable, "-c", PIPE.replace("CALL", call), pipe], check=True, timeout=60)
