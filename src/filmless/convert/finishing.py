"""A data set in the transfer syntax that was asked for."""

from typing import Any

from filmless.dataset import Dataset

__all__ = ["check_finish", "finished"]

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def finished(
    ds: Dataset,
    transfer_syntax: str | None = None,
    *,
    quality: float | None = None,
    verify: bool = True,
    threads: int | None = 1,
) -> Dataset:
    """Return a new data set in the transfer syntax that was asked for; itself when none was.

    Parameters
    ----------
    ds
        The data set, just made: nobody knows it as a SOP instance yet, so it stays that one when something is lost.
    transfer_syntax
        UID, keyword or short name. A compressed one leaves a data set without pixels as it is.
    quality
        Of a lossy one, 1 to 100.
    verify
        Decode what was encoded, and compare.
    threads
        How many frames are worked on at a time.

    Raises
    ------
    ValueError
        There is no such transfer syntax, or it has no use for a quality.
    UnsupportedError
        It cannot hold the samples.
    CodecError
        A frame does not come back from what was written.
    """
    if transfer_syntax is None:
        return ds
    row = _checked(transfer_syntax, quality)
    if row["encapsulated"] and not any(keyword in ds for keyword in _PIXELS):
        return ds  # a document has nothing that is compressed
    from filmless.pixels.transcoding import transcode

    return transcode(ds, transfer_syntax, quality=quality, verify=verify, threads=threads, new_instance=False)


def check_finish(transfer_syntax: str | None, quality: float | None) -> None:
    """Check what `finished` is to be given, before anything is read.

    Raises
    ------
    ValueError
        There is no such transfer syntax, or it has no use for a quality.
    UnsupportedError
        It is not written.
    """
    if transfer_syntax is not None:
        _checked(transfer_syntax, quality)
    elif quality is not None:
        raise ValueError("`quality` goes with a `transfer_syntax` that loses something")


def _checked(transfer_syntax: str, quality: float | None) -> dict[str, Any]:
    from filmless.pixels.codecs import EncodeOptions
    from filmless.pixels.targets import check_options, target_row

    row = target_row(transfer_syntax)
    check_options(row, EncodeOptions(quality=quality))
    return row
