"""Waveforms as arrays."""

import math

import numpy as np
import pydicom.data
import pytest
from pydicom.waveforms.numpy_handler import multiplex_array

import filmless
from filmless.errors import FormatError, TruncatedError, UnsupportedError
from filmless.file import encode, waveform

ECG = pydicom.data.get_testdata_file("waveform_ecg.dcm", download=False)


def made(interpretation: str, bits: int, data: bytes, *, channels: int = 1, **values) -> filmless.Dataset:
    """A data set with one multiplex group."""
    group = filmless.Dataset()
    group.NumberOfWaveformChannels = channels
    group.NumberOfWaveformSamples = len(data) * 8 // bits // channels
    group.SamplingFrequency = 500
    group.WaveformBitsAllocated = bits
    group.WaveformSampleInterpretation = interpretation
    group.add_new(0x54001010, values.pop("vr", "OW" if bits > 8 else "OB"), data)
    padding = values.pop("padding", None)
    if padding is not None:
        group.add_new(0x5400100A, "OW" if bits > 8 else "OB", padding)
    channel = filmless.Dataset()
    for keyword, value in values.items():
        setattr(channel, keyword, value)
    group.ChannelDefinitionSequence = [channel]
    ds = filmless.Dataset()
    ds.WaveformSequence = [group]
    return ds


@pytest.mark.parametrize("group", [0, 1])
def test_ecg_as_pydicom_has_it(group) -> None:
    ours, theirs = filmless.read(ECG), pydicom.dcmread(ECG)
    wave = waveform(ours, group)
    assert wave.samples.dtype == np.float64
    np.testing.assert_array_equal(wave.samples, theirs.waveform_array(group))
    raw = waveform(ours, group, raw=True).samples
    np.testing.assert_array_equal(raw, multiplex_array(theirs, group, as_raw=True))
    assert raw.dtype == np.int16


def test_ecg_channels() -> None:
    wave = waveform(filmless.read(ECG))
    assert [channel.label for channel in wave.channels][:3] == ["Lead I (Einthoven)", "Lead II", "Lead III"]
    assert {channel.unit for channel in wave.channels} == {"uV"}
    assert (wave.sampling_frequency_hz, wave.label) == (1000.0, "RHYTHM")
    assert (wave.times_s[0], wave.times_s[-1]) == (0.0, 9.999)
    assert np.asarray(wave).shape == (10000, 12)
    assert "12 channels at 1000 Hz" in repr(wave)


@pytest.mark.parametrize(
    ("interpretation", "kind"),
    [("SB", "i1"), ("UB", "u1"), ("SS", "i2"), ("US", "u2"), ("SL", "i4"), ("UL", "u4"), ("SV", "i8"), ("UV", "u8")],
)
def test_integers_of_every_width_in_both_byte_orders(interpretation, kind) -> None:
    limits = np.iinfo(kind)
    numbers = np.array([limits.min, limits.max, 1, 5], dtype=kind)
    little = made(interpretation, numbers.itemsize * 8, numbers.astype(f"<{kind}").tobytes(), channels=2)
    raw = waveform(little, raw=True).samples
    np.testing.assert_array_equal(raw, numbers.reshape(2, 2))
    assert raw.dtype == np.dtype(kind)
    if numbers.itemsize <= 2:  # of words of two bytes; longer samples have no defined order in OW big endian
        big = filmless.read(encode(little, transfer_syntax="ExplicitVRBigEndian"))
        np.testing.assert_array_equal(waveform(big, raw=True).samples, raw)


def test_eight_bits_in_words_of_big_endian() -> None:
    little = made("UB", 8, bytes([1, 2, 3, 4]), vr="OW")
    big = filmless.read(encode(little, transfer_syntax="ExplicitVRBigEndian"))
    assert big.WaveformSequence[0]["WaveformData"].raw == bytes([2, 1, 4, 3])
    assert waveform(big, raw=True).samples[:, 0].tolist() == [1, 2, 3, 4]


def test_sensitivity_correction_and_baseline() -> None:
    values = {"ChannelSensitivity": 2.5, "ChannelSensitivityCorrectionFactor": 2.0, "ChannelBaseline": -1.0}
    wave = waveform(made("SS", 16, np.array([0, 10, -10], "<i2").tobytes(), **values))
    assert wave.samples[:, 0].tolist() == [-1.0, 49.0, -51.0]


def test_without_sensitivity_there_is_no_unit() -> None:
    wave = waveform(made("SS", 16, np.array([3, 4], "<i2").tobytes(), ChannelLabel="A"))
    assert wave.samples[:, 0].tolist() == [3.0, 4.0]
    assert (wave.channels[0].unit, wave.channels[0].label) == (None, "A")


def test_padding_is_not_a_number() -> None:
    data = np.array([7, -32768, 9], "<i2").tobytes()
    ds = made("SS", 16, data, padding=b"\x00\x80", ChannelSensitivity=1)
    samples = waveform(ds).samples[:, 0]
    assert samples[0] == 7
    assert math.isnan(samples[1])
    assert waveform(ds, raw=True).samples[:, 0].tolist() == [7, -32768, 9]


@pytest.mark.parametrize(
    ("interpretation", "code", "value"),
    # ITU-T G.711 Tables 1a to 2b, in 16 bits
    [
        ("MB", 0x00, -32124),
        ("MB", 0x80, 32124),
        ("MB", 0xFF, 0),
        ("MB", 0x7F, 0),
        ("MB", 0xEF, 132),
        ("MB", 0x8F, 16764),
        ("AB", 0xD5, 8),
        ("AB", 0x55, -8),
        ("AB", 0xAA, 32256),
        ("AB", 0x2A, -32256),
        ("AB", 0x80, 5504),
        ("AB", 0xC5, 264),
    ],
)
def test_companded_samples(interpretation, code, value) -> None:
    ds = made(interpretation, 8, bytes([code, code]))
    assert waveform(ds).samples[:, 0].tolist() == [value, value]
    assert waveform(ds, raw=True).samples[:, 0].tolist() == [code, code]


def test_companding_agrees_with_audioop() -> None:
    audioop = pytest.importorskip("audioop", reason="audioop left Python with 3.13", exc_type=ImportError)
    codes = bytes(range(256))
    for interpretation, decode in (("MB", audioop.ulaw2lin), ("AB", audioop.alaw2lin)):
        expected = np.frombuffer(decode(codes, 2), "=i2")
        np.testing.assert_array_equal(waveform(made(interpretation, 8, codes)).samples[:, 0], expected)


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ValueError, match="has no waveform"):
        waveform(filmless.Dataset())
    ds = made("SS", 16, b"\0\0\0\0")
    with pytest.raises(IndexError, match="1 multiplex groups"):
        waveform(ds, 1)
    group = ds.WaveformSequence[0]
    group.NumberOfWaveformSamples = 0xFFFFFFFF
    with pytest.raises(TruncatedError, match="4294967295 of 1 channels"):
        waveform(ds)
    group.WaveformSampleInterpretation = "XX"
    with pytest.raises(UnsupportedError):
        waveform(ds)
    group.WaveformSampleInterpretation = "SL"
    with pytest.raises(FormatError, match="32 bits, and 16"):
        waveform(ds)
    del group.WaveformBitsAllocated
    with pytest.raises(FormatError, match="WaveformBitsAllocated"):
        waveform(ds)


@pytest.mark.parametrize(("first", "count"), [(0, 0), (0, 1), (3, 4), (5, None), (9, 99), (99, 1), (-2, 2)])
def test_a_part_is_that_of_the_whole(first, count):
    for syntax in ("explicit", "ExplicitVRBigEndian"):
        ds = filmless.read(encode(made("UB", 8, bytes(range(40)), channels=3, vr="OW"), transfer_syntax=syntax))
        whole = waveform(ds)
        part = waveform(ds, first=first, count=count)
        begin = min(max(0, first), 13)
        end = 13 if count is None else begin + count
        np.testing.assert_array_equal(part.samples, whole.samples[begin:end])
        np.testing.assert_allclose(part.times_s, whole.times_s[begin:end])
        assert part.channels == whole.channels
