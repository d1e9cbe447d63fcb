"""Pictures of real files are those of DCMTK, within one grey."""

import io
import subprocess
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from filmless import _core, pixels, read
from filmless.errors import DicomError, FormatError
from filmless.pixels.grey import Lut, Rescale, Window, grey_transform, voi_views
from filmless.pixels.grey_values import window_spanning

_PROGRAMS = {
    "native": "dcm2pnm",
    "rle": "dcm2pnm",
    "jpeg": "dcmj2pnm",
    "jpeg-lossless": "dcmj2pnm",
    "jpeg-ls": "dcml2pnm",
}
_WINDOW = (300, 600)

_CUT = "rescaled values are cut to whole numbers by DCMTK, here all there are"
_LOSSY = "some samples of the lossy stream go beyond Bits Stored: DCMTK drops their upper bits, we keep the values"
#: Pictures that are not DCMTK's: how a file's path ends, how it is drawn ("" for every way), and why ours is right.
DEVIATIONS = {
    ("test_files/dx_image.dcm", "minmax"): "the byte that fills an odd frame up is a pixel for DCMTK",
    ("rt-utils/tests/one_slice_data/0.dcm", ""): _CUT,
    ("rt-utils/tests/oriented_data/1.dcm", ""): _CUT,
    ("rt-utils/tests/oriented_data/2.dcm", ""): _CUT,
    ("JPLY/RG3_JPLY", ""): _LOSSY,
    ("test_files/rtdose_expb.dcm", ""): "DCMTK exchanges the bytes of big endian samples of 32 bits in pairs",
    ("test_files/rtdose_expb_1frame.dcm", ""): "DCMTK exchanges the bytes of big endian samples of 32 bits in pairs",
}


class Difference(NamedTuple):
    """How far two pictures are from each other: the most, and the part of pixels that are more than one grey."""

    most: float
    part: float


def _files(all_files):
    """One of those of about the same size that lie together: series of hundreds are alike."""
    chosen = {}
    for path in all_files:
        size = path.stat().st_size
        chosen.setdefault((path.name, size), (path.parent.parent, size >> 12))  # copies are one
    names = {}
    for path in all_files:
        group = chosen[path.name, path.stat().st_size]
        names.setdefault(group, path)
    return list(names.values())


def _ways(ds):
    """How a picture is drawn: a name, what we are told and what DCMTK is told."""
    # DCMTK applies the VOI LUT Function of the file to windows that are not the file's, too.
    yield "minmax", {"window": "minmax"}, ["+Wm", "+Wfl"]
    yield "explicit", {"window": _WINDOW}, ["+Ww", *map(str, _WINDOW), "+Wfl"]
    if ds.BitsAllocated > 1:  # of single bits DCMTK's range is 0 to 2
        yield "full", {"window": "full"}, []
    counts = {Lut: 0, Window: 0}
    for index, view in enumerate(voi_views(ds)[:4]):
        counts[type(view)] += 1
        yield f"view {index}", {"voi": index}, ["+Wl" if isinstance(view, Lut) else "+Wi", str(counts[type(view)])]


def _ours(ds, stored, asked):
    """Our picture, but for two things DCMTK does otherwise: it knows no padding, and cuts rescaled values."""
    transform = replace(grey_transform(ds, **asked), padding=None)
    modality = transform.modality
    if not isinstance(modality, Rescale) or (modality.slope % 1, modality.intercept % 1) == (0, 0):
        return transform.apply(stored)
    values = np.trunc(stored * modality.slope + modality.intercept)
    voi = transform.voi
    if asked.get("window") == "minmax":
        voi = window_spanning(values.min(), values.max())
    elif asked.get("window") == "full":
        low, high = np.trunc(voi.center - voi.width / 2), np.trunc(voi.center + voi.width / 2)
        voi = window_spanning(low, high)
    return replace(transform, modality=None, voi=voi).apply(values)


def _theirs(program, path, options):
    command = [program, "-q", "-O", "+op", *options, str(path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    if done.returncode:
        return None
    return np.asarray(Image.open(io.BytesIO(done.stdout)))


def _compare(path, peer):
    """Yield how each picture of a file differs, where both can draw it."""
    try:
        ds = read(path, force=True)
        description = pixels.PixelDescription.of(ds)
        row = _core.transfer_syntax(description.transfer_syntax)
        if not description.photometric_interpretation.startswith("MONO") or row["codec"] not in _PROGRAMS:
            return
        if "SharedFunctionalGroupsSequence" in ds and description.bits_allocated > 8:
            return  # which DCMTK does not read
        stored = pixels.decode(ds, frame=0)
    except (DicomError, ValueError, TypeError, KeyError, FormatError):
        return
    for way, asked, options in _ways(ds):
        theirs = _theirs(peer(_PROGRAMS[row["codec"]]), path, options)
        if theirs is not None:
            distance = np.abs(_ours(ds, stored, asked).astype(int) - theirs)
            yield way, Difference(int(distance.max()), float((distance > 1).mean()))


@pytest.mark.filterwarnings("ignore")  # of the reader
@pytest.mark.usefixtures("corpus")  # whose files are counted
def test_grey_pictures_are_those_of_dcmtk(all_files: list[Path], peer):
    def compare(path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return path, list(_compare(path, peer))

    with ThreadPoolExecutor(4) as pool:
        compared = [(path, way, d) for path, found in pool.map(compare, _files(all_files)) for way, d in found]
    assert len(compared) > 60
    if len(compared) > 300:
        assert {way for _, way, _ in compared} >= {"minmax", "explicit", "full", "view 0", "view 1", "view 2"}

    def known(path, way):
        return {key for key in DEVIATIONS if path.as_posix().endswith(key[0]) and key[1] in (way, "")}

    differ = [(path, way, found) for path, way, found in compared if found.most > 1]
    unknown = [(str(path), way, tuple(found)) for path, way, found in differ if not known(path, way)]
    assert not unknown, "\n".join(map(str, unknown))
    stale = set(DEVIATIONS).difference(*(known(path, way) for path, way, _ in differ))
    there = {key for key in stale if any(path.as_posix().endswith(key[0]) for path, _, _ in compared)}
    assert there == set(), "these are equal: they are no deviations any more"
