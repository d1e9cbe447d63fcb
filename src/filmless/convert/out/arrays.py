"""Numpy arrays and raw samples, written frame after frame."""

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.options import Job
from filmless.convert.out.source import PictureSource, refuse_rendering
from filmless.convert.out.timing import durations_ms
from filmless.errors import ConversionError, DicomError
from filmless.pixels import functional_groups

__all__ = ["write_npy", "write_npz", "write_raw"]

_COMPRESSIONS = {"deflate": zipfile.ZIP_DEFLATED, "none": zipfile.ZIP_STORED}
_VALUES = ("stored", "modality", "display")


def write_npy(job: Job, out: BinaryIO) -> None:
    """Write an array of shape ([frames,] rows, columns[, 3]).

    ``values="stored"`` as of `filmless.pixels.decode`; ``"modality"`` float64; ``"display"`` the uint8 of `render`.
    """
    _write_array(out.write, job, PictureSource(job))


def write_npz(job: Job, out: BinaryIO) -> None:
    """Write ``pixels``, as of npy, and what is said of them: see the docs for the names."""
    compression = job.options.get("compression", "deflate")
    if compression not in _COMPRESSIONS:
        raise ConversionError(f"compression {compression!r} of npz is not written, expected deflate or none")
    source = PictureSource(job)
    with zipfile.ZipFile(out, "w", _COMPRESSIONS[compression], compresslevel=1) as archive:
        with archive.open(_entry("pixels", archive), "w", force_zip64=True) as entry:
            _write_array(entry.write, job, source)
        for name, array in _said(job, source):
            with archive.open(_entry(name, archive), "w") as entry:
                np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)


def write_raw(job: Job, out: BinaryIO) -> None:
    """Write samples, those of a pixel next to each other, little endian; a notice says their shape and type."""
    arrays, shape, dtype = _arrays(job, PictureSource(job))
    out.writelines(np.ascontiguousarray(array, dtype.newbyteorder("<")).data for array in arrays)
    axes = [str(side) for side in shape]
    job.notice("raw-shape", f"samples are {dtype.name}, little endian, of shape ({', '.join(axes)})")


def _write_array(write: Callable[[Any], Any], job: Job, source: PictureSource) -> None:
    arrays, shape, dtype = _arrays(job, source)
    head = {"descr": np.lib.format.dtype_to_descr(dtype.newbyteorder("<")), "fortran_order": False, "shape": shape}
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, head)
    write(stream.getvalue())
    for array in arrays:
        write(np.ascontiguousarray(array, dtype.newbyteorder("<")).data)


def _arrays(job: Job, source: PictureSource) -> tuple[Iterator[NDArray[Any]], tuple[int, ...], np.dtype[Any]]:
    """Give the arrays of the frames, with the shape and dtype of all of them."""
    values = job.options.get("values", "stored")
    if values not in _VALUES:
        raise ConversionError(f"values {values!r} are not written, expected {', '.join(_VALUES)}")
    if values != "display":
        refuse_rendering(job, f'values="{values}"', 'values="display"')
    works: dict[str, Callable[[int], NDArray[Any]]] = {
        "stored": source.stored,
        "modality": source.modality,
        "display": source.picture,
    }
    arrays = source.each(works[values])
    first = next(arrays)
    shape = first.shape if job.is_one else (len(job.frames), *first.shape)

    def all_of_them() -> Iterator[NDArray[Any]]:
        yield first
        yield from arrays

    return source.same_shape(all_of_them()), shape, first.dtype


def _entry(name: str, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    # The date that ZIP begins with: the same data set gives the same file.
    entry = zipfile.ZipInfo(f"{name}.npy")
    entry.compress_type = archive.compression
    return entry


def _said(job: Job, source: PictureSource) -> Iterator[tuple[str, Any]]:
    """Give what is said of the frames, by name; what the data set does not say is not there."""
    yield "frames", np.array(job.frames, np.int64)
    yield "photometric_interpretation", np.array(source.description.photometric_interpretation)
    yield "bits_stored", np.array(source.description.bits_stored)
    try:
        groups = functional_groups(job.ds)
    except DicomError as error:
        job.notice("functional-groups", f"nothing is said of single frames: {error.message}")
        return
    chosen = list(job.frames)
    for name, array in (
        ("positions_mm", groups.positions),
        ("orientations", groups.orientations),
        ("spacing_mm", groups.spacing),
        ("thickness_mm", groups.thickness_mm),
        ("rescale", groups.rescale),
        ("window", groups.window),
    ):
        if array is not None:
            yield name, np.asarray(array)[chosen]
    if len(chosen) > 1:
        quiet = Job(job.ds, job.frames, job.options)
        yield "frame_times_ms", np.cumsum([0.0, *durations_ms(quiet)[:-1]])
