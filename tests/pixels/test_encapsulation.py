"""A stream of all frames in as few fragments as it fits."""

import pydicom.encaps
import pytest

from filmless.pixels.encapsulation import encapsulate_stream


@pytest.mark.parametrize("size", [1, 2, 9, 10, 11, 99, 100])
def test_stream_of_all_frames(size):
    stream = bytes(range(1, size + 1))
    (table, *fragments) = pydicom.encaps.generate_fragments(encapsulate_stream(stream).value)
    assert table == b""
    assert fragments == [stream + b"\0" * (size % 2)]
    (table, *fragments) = pydicom.encaps.generate_fragments(encapsulate_stream(stream, longest=10).value)
    assert table == b""
    assert len(fragments) == -(-size // 10)
    assert b"".join(fragments) == stream + b"\0" * (size % 2)
