"""Real files: each with pixels becomes a picture and an array, or one error of ours says why not."""

import io
import time

import numpy as np

import filmless
from filmless.convert.out.parts import outputs
from filmless.errors import DicomError
from filmless.pixels import decode

_SECONDS = 5.0  # on a quiet machine enough for most; an even selection goes first


def test_real_files(all_files):
    started = time.perf_counter()
    done = failed = 0
    # First every sixteenth, then those between: whatever the time allows, of all kinds.
    for path in (path for start in range(16) for path in all_files[start::16]):
        if time.perf_counter() - started > _SECONDS:
            break
        try:
            ds = filmless.read(path)
            picture = outputs(ds, "png")[0].encode()
            array = outputs(ds, "npy", frame=0)[0].encode()
        except DicomError:
            failed += 1
            continue
        assert picture.startswith(b"\x89PNG"), path
        np.testing.assert_array_equal(np.load(io.BytesIO(array)), decode(ds, frame=0), err_msg=str(path))
        done += 1
    assert done > 30
    assert failed < done
