"""Waveforms as arrays (PS3.3 C.10.9)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filmless import _core
from filmless.dataset import DataElement, Dataset
from filmless.errors import FormatError, TruncatedError, UnsupportedError

if TYPE_CHECKING:
    import numpy as np

_WAVEFORM_SEQUENCE = 0x54000100
_WAVEFORM_DATA = 0x54001010

#: Waveform Sample Interpretation (PS3.3 C.10.9.1.5) as kinds of numpy, with the bits it can have.
_KINDS = {
    "SB": ("i", 8), "UB": ("u", 8), "MB": ("u", 8), "AB": ("u", 8),
    "SS": ("i", 16), "US": ("u", 16), "SL": ("i", 32), "UL": ("u", 32), "SV": ("i", 64), "UV": ("u", 64),
}  # fmt: skip


@dataclass(frozen=True)
class Channel:
    """One channel of a waveform.

    Attributes
    ----------
    label
        Channel Label, or else the meaning of its source: ``Lead I (Einthoven)``.
    unit
        Unit of the samples, a UCUM code such as ``uV``; None when the sensitivity is not known.
    sensitivity, baseline
        A stored sample is multiplied by the one (correction included), and the other is added.
    time_skew_s
        How much later than its nominal time a sample was taken, in seconds.
    """

    label: str
    unit: str | None
    sensitivity: float
    baseline: float
    time_skew_s: float


@dataclass(frozen=True, eq=False)
class Waveform:
    """One multiplex group: channels sampled together. ``numpy.asarray`` takes it for its samples.

    Attributes
    ----------
    samples
        Array of shape (samples, channels): float64 in the unit of each channel with NaN for padding, or the integers
        as they are stored.
    channels
        What each column is.
    sampling_frequency_hz
        Samples per second.
    time_offset_s
        When the first sample was taken, in seconds after the acquisition's time.
    label
        Multiplex Group Label.
    """

    samples: np.ndarray
    channels: tuple[Channel, ...]
    sampling_frequency_hz: float
    time_offset_s: float
    label: str

    @property
    def times_s(self) -> np.ndarray:
        """When each sample was taken, in seconds after the acquisition's time, skew of the channels aside."""
        import numpy as np

        return self.time_offset_s + np.arange(len(self.samples)) / self.sampling_frequency_hz

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        import numpy as np

        return np.array(self.samples, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        count, channels = self.samples.shape
        names = ", ".join(channel.label or "?" for channel in self.channels)
        label = f"{self.label}: " if self.label else ""
        return f"Waveform({label}{count} samples of {channels} channels at {self.sampling_frequency_hz:g} Hz: {names})"


def waveform(
    dataset: Dataset, group: int = 0, *, raw: bool = False, first: int = 0, count: int | None = None
) -> Waveform:
    """Return a waveform as an array, in the units of its channels.

    Parameters
    ----------
    dataset
        A data set with a Waveform Sequence.
    group
        Which multiplex group, counted from 0.
    raw
        Leave the samples as they are stored, padding and companded bytes included.
    first, count
        Which samples of each channel, the first being 0; by default all. Others are not read.

    Returns
    -------
    Waveform
        ``samples`` is an array of shape (samples, channels), float64 unless `raw`. A channel without sensitivity stays
        in stored units; its ``unit`` is None. Companded samples (mu-law, A-law) are expanded to 16 bits first.

    Raises
    ------
    ValueError
        When the data set has no waveform.
    IndexError
        When it has no such group.
    TruncatedError
        When it has fewer samples than it says.
    FormatError
        When attributes are missing or do not fit each other.

    Examples
    --------
    >>> from filmless import read
    >>> from pydicom.data import get_testdata_file
    >>> ecg = waveform(filmless.read(get_testdata_file("waveform_ecg.dcm", download=False)))
    >>> ecg
    Waveform(RHYTHM: 10000 samples of 12 channels at 1000 Hz: Lead I (Einthoven), Lead II, Lead III, ...)
    >>> ecg.samples[0, 0], ecg.channels[0].unit
    (np.float64(100.0), 'uV')

    DICOM
    -----
    PS3.3 C.10.9, PS3.5 8.3
    """
    groups = dataset.get("WaveformSequence")
    if not groups:
        message = "the data set has no waveform: no (5400,0100) Waveform Sequence"
        raise ValueError(message)
    if not -len(groups) <= group < len(groups):
        message = f"the waveform has {len(groups)} multiplex groups, there is none at index {group}"
        raise IndexError(message)
    item = groups[group]
    stored, interpretation, start = _stored(item, first, count)
    definitions = list(item.get("ChannelDefinitionSequence") or ())
    definitions += [Dataset()] * (stored.shape[1] - len(definitions))
    channels = tuple(map(_channel, definitions[: stored.shape[1]]))
    frequency = _float(item.get("SamplingFrequency"))
    if not frequency or frequency < 0 or not math.isfinite(frequency):
        message = "the sampling frequency of the waveform is missing or not above 0"
        raise FormatError(message, tag=0x003A001A)
    return Waveform(
        samples=stored if raw else _real(stored, interpretation, _padding(item, stored.dtype), channels),
        channels=channels,
        sampling_frequency_hz=frequency,
        time_offset_s=(_float(item.get("MultiplexGroupTimeOffset")) or 0.0) / 1000 + start / frequency,
        label=str(item.get("MultiplexGroupLabel") or ""),
    )


def _stored(item: Dataset, first: int, count: int | None) -> tuple[np.ndarray, str, int]:
    """Return samples as stored, in the byte order of the machine, their interpretation, and which is the first."""
    names = ("NumberOfWaveformChannels", "NumberOfWaveformSamples", "WaveformBitsAllocated")
    channels, total, bits = (item.get(name) for name in names)
    for name, value in zip(names, (channels, total, bits), strict=True):
        if not isinstance(value, int) or value < (0 if name == "NumberOfWaveformSamples" else 1):
            message = f"{name} of the waveform is missing or no number that fits"
            raise FormatError(message, tag=0x54000100)
    interpretation = str(item.get("WaveformSampleInterpretation") or "").strip()
    if interpretation not in _KINDS:
        message = "the sample interpretation of the waveform is none of PS3.3 C.10.9.1.5"
        raise UnsupportedError(message, feature="waveform sample interpretation", tag=0x54001006)
    kind, width = _KINDS[interpretation]
    if width != bits:
        message = f"waveform samples {interpretation} have {width} bits, and {bits} are allocated"
        raise FormatError(message, tag=0x54001004)
    if _WAVEFORM_DATA not in item:
        message = "the multiplex group has no Waveform Data"
        raise FormatError(message, tag=_WAVEFORM_DATA)
    element = item[_WAVEFORM_DATA]
    there = element.length // (width // 8)
    if there < channels * total:
        message = f"the waveform has {there} samples, and {total} of {channels} channels were announced"
        raise TruncatedError(message, tag=_WAVEFORM_DATA)
    start = min(max(0, first), total)
    stop = total if count is None else min(total, start + max(0, count))
    # From an even byte, where a word begins.
    begin, end = (number * channels * width // 8 for number in (start, stop))
    skipped = begin % 2
    data = _core.value_range(item, _WAVEFORM_DATA, begin - skipped, min(end + end % 2, element.length))
    words = _words(element, data, kind, width)[skipped:]
    return words[: (stop - start) * channels].reshape(stop - start, channels), interpretation, start


def _words(element: DataElement, data: bytes, kind: str, width: int) -> np.ndarray:
    """Return the bytes of a value as numbers, in the byte order of the machine."""
    import numpy as np

    if width == 8 and element.is_big_endian and element.VR == "OW":  # two samples a word, the first in its low byte
        data = np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
    order = ">" if element.is_big_endian and element.VR != "OB" else "<"
    stored = np.dtype(f"{order}{kind}{width // 8}")
    words = np.frombuffer(data, stored, count=len(data) // stored.itemsize)
    return words.astype(stored.newbyteorder("="))


def _padding(item: Dataset, dtype: np.dtype[Any]) -> int | None:
    element = item.get(0x5400100A)
    if element is None:
        return None
    words = _words(element, element.raw, dtype.kind, dtype.itemsize * 8)
    return int(words[0]) if words.size else None


def _real(stored: np.ndarray, interpretation: str, padding: int | None, channels: tuple[Channel, ...]) -> np.ndarray:
    import numpy as np

    expand = {"MB": _mu_law, "AB": _a_law}.get(interpretation)
    real: np.ndarray = (expand(stored) if expand else stored).astype(np.float64)
    real *= np.array([channel.sensitivity for channel in channels])
    real += np.array([channel.baseline for channel in channels])
    if padding is not None:
        real[stored == padding] = np.nan
    return real


def _mu_law(codes: np.ndarray) -> np.ndarray:
    """Expand mu-law to 16 bits (ITU-T G.711)."""
    import numpy as np

    inverted = ~codes.astype(np.int32) & 0xFF
    magnitude = ((((inverted & 0x0F) << 3) + 0x84) << (inverted >> 4 & 0x07)) - 0x84
    return np.where(inverted & 0x80, -magnitude, magnitude)


def _a_law(codes: np.ndarray) -> np.ndarray:
    """Expand A-law to 16 bits (ITU-T G.711)."""
    import numpy as np

    toggled = codes.astype(np.int32) ^ 0x55
    exponent, mantissa = toggled >> 4 & 0x07, (toggled & 0x0F) << 4
    magnitude = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(toggled & 0x80, magnitude, -magnitude)


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _channel(definition: Dataset) -> Channel:
    source = next(iter(definition.get("ChannelSourceSequence") or ()), Dataset())
    units = next(iter(definition.get("ChannelSensitivityUnitsSequence") or ()), Dataset())
    sensitivity = _float(definition.get("ChannelSensitivity"))
    correction = _float(definition.get("ChannelSensitivityCorrectionFactor"))
    return Channel(
        label=str(definition.get("ChannelLabel") or source.get("CodeMeaning") or ""),
        unit=None if sensitivity is None else str(units.get("CodeValue") or "1"),
        sensitivity=(1.0 if sensitivity is None else sensitivity) * (1.0 if correction is None else correction),
        baseline=_float(definition.get("ChannelBaseline")) or 0.0,
        time_skew_s=_float(definition.get("ChannelTimeSkew")) or 0.0,
    )
