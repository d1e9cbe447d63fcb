"""Lossless codecs give back what they were given: any depth, sign and shape; other programs read the same."""

import subprocess
from dataclasses import replace

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydicom.pixels.decoders.rle import _rle_decode_frame

from filmless import Dataset, _core, pixels
from filmless.file import read, write
from filmless.pixels.codecs import EncodeOptions, codec_of
from filmless.pixels.codecs.jpeg_xl import recompress_jpeg, restore_jpeg
from filmless.pixels.description import PixelDescription

_LOSSLESS = [
    row["keyword"]
    for row in _core.transfer_syntaxes()
    if row["codec"] != "unsupported" and row["lossless"] and codec_of(row["uid"]).encodes
]
_PEERS = {
    "RLELossless": ("dcmdrle", "gdcmconv --raw"),
    "JPEGLossless": ("dcmdjpeg", "gdcmconv --raw"),
    "JPEGLosslessSV1": ("dcmdjpeg", "gdcmconv --raw"),
    "JPEGLSLossless": ("dcmdjpls", "gdcmconv --raw"),
    "JPEG2000Lossless": ("gdcmconv --raw",),
}


def _description(keyword, bits, shape, *, signed=False, samples=1, photometric=None, allocated=None):
    ds = Dataset()
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.BitsStored = *shape[:2], samples, bits
    ds.BitsAllocated = allocated or (8 if bits <= 8 else 16 if bits <= 16 else 32 if bits <= 32 else 64)
    ds.PixelRepresentation = int(signed)
    ds.PhotometricInterpretation = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    ds.file_meta.TransferSyntaxUID = _core.transfer_syntax(keyword)["uid"]
    return PixelDescription.of(ds)


def _both_ways(description, samples, options=EncodeOptions()):  # noqa: B008 - it is frozen
    codec = codec_of(description.transfer_syntax)
    encoded = codec.encode_frame(samples, description, 0, options)
    back = replace(description, photometric_interpretation=encoded.photometric_interpretation)
    return encoded.data, codec.decode_frame(encoded.data, back, 0)


@st.composite
def _frames(draw, keyword):
    (least, most), allowed, may_be_signed = codec_of(keyword).encodes
    bits = draw(st.integers(least, most))
    signed = draw(st.booleans()) if may_be_signed and bits > 1 else False
    samples = draw(st.sampled_from(allowed))
    rows, columns = draw(st.one_of(
        st.tuples(st.integers(1, 20), st.integers(1, 20)), st.tuples(st.just(1), st.integers(1, 300)),
        st.tuples(st.integers(1, 300), st.just(1))))  # fmt: skip
    wider = [size for size in (8, 16, 32, 64) if bits <= size <= max(16, most)]
    description = _description(keyword, bits, (rows, columns), signed=signed, samples=samples,
                               allocated=draw(st.sampled_from(wider[:2])))  # fmt: skip
    low = -(1 << bits - 1) if signed else 0
    elements = st.integers(low, low + (1 << bits) - 1)
    kind = draw(st.sampled_from(["noise", "levels", "sparse"]))
    if kind == "noise":
        seed = draw(st.integers(0, 2**32 - 1))
        wide = np.random.default_rng(seed).integers(low, low + (1 << bits), description.frame_shape, endpoint=False,
                                                    dtype=description.dtype)  # fmt: skip
        return description, wide
    fill = st.just(low) if kind == "sparse" else None
    return description, draw(arrays.arrays(description.dtype, description.frame_shape, elements=elements, fill=fill))


@pytest.mark.parametrize("keyword", _LOSSLESS)
def test_what_is_encoded_comes_back(keyword):
    @settings(max_examples=60)
    @given(_frames(keyword))
    def check(drawn):
        description, samples = drawn
        _, decoded = _both_ways(description, samples)
        np.testing.assert_array_equal(decoded.samples, samples)
        assert decoded.samples.dtype == description.dtype
        out = np.empty_like(samples)
        codec = codec_of(description.transfer_syntax)
        encoded = codec.encode_frame(samples, description, 0, EncodeOptions())
        back = replace(description, photometric_interpretation=encoded.photometric_interpretation)
        into = codec.decode_frame(memoryview(encoded.data + b"\0"), back, 0, out).samples
        np.testing.assert_array_equal(into, samples)

    check()


@given(st.data())
@settings(max_examples=40)
def test_near_lossless_keeps_its_promise(data):
    bits, max_error = data.draw(st.integers(4, 16)), data.draw(st.integers(0, 7))
    description = _description("JPEGLSNearLossless", bits, (9, 14))
    samples = np.random.default_rng(bits).integers(0, 1 << bits, (9, 14)).astype(description.dtype)
    _, decoded = _both_ways(description, samples, EncodeOptions(max_error=max_error))
    assert np.abs(decoded.samples.astype(int) - samples).max() <= max_error


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("bits", [2, 3, 8, 9, 12, 15, 16])
def test_jpeg_lossless_of_every_predictor(predictor, bits, make_jpeg):
    description = _description("JPEGLossless", bits, (13, 17))
    samples = np.random.default_rng(predictor).integers(0, 1 << bits, (13, 17)).astype(description.dtype)
    samples[4:9] = samples[4:9] & 1  # flat parts and edges, too
    decode_frame = codec_of("JPEGLossless").decode_frame
    stream = make_jpeg.lossless(samples, bits, predictor=predictor)
    np.testing.assert_array_equal(decode_frame(stream, description, 0).samples, samples)
    if bits > 4:
        stream = make_jpeg.lossless(samples, bits, predictor=predictor, point_transform=3)
        np.testing.assert_array_equal(decode_frame(stream, description, 0).samples, samples >> 3 << 3)


@pytest.mark.parametrize("bits", [8, 12])
def test_spectral_selection(bits, make_jpeg):
    description = _description("JPEGSpectralSelectionNonHierarchical68", bits, (21, 30))
    y, x = np.mgrid[:21, :30]
    samples = ((x * y) * ((1 << bits) - 1) // 580).astype(description.dtype)
    stream = make_jpeg.spectral(samples, bits)
    decoded = codec_of(description.transfer_syntax).decode_frame(stream, description, 0).samples
    assert np.abs(decoded.astype(int) - samples).max() <= 2


def test_a_jpeg_recompressed_is_restored_to_the_bit():
    generator = np.random.default_rng(0)
    for shape, count, photometric in (((33, 41), 1, "MONOCHROME2"), ((33, 41, 3), 3, "RGB")):
        samples = generator.integers(0, 256, shape).astype(np.uint8)
        given = _description("JPEGBaseline8Bit", 8, shape, samples=count, photometric=photometric)
        jpeg, decoded = _both_ways(given, samples)
        for padding in (b"", b"\0"):
            assert restore_jpeg(recompress_jpeg(jpeg + padding)) == jpeg + padding
        recompressed = replace(
            given,
            transfer_syntax="1.2.840.10008.1.2.4.111",
            photometric_interpretation="YBR_FULL_422" if photometric == "RGB" else photometric,
        )
        again = codec_of(recompressed.transfer_syntax).decode_frame(recompress_jpeg(jpeg), recompressed, 0)
        np.testing.assert_array_equal(again.samples, decoded.samples)
        assert again.photometric_interpretation == decoded.photometric_interpretation


def _file(tmp_path, image, encapsulate, description, stream, photometric):
    attributes = {"Rows": description.rows, "Columns": description.columns, "SamplesPerPixel": description.samples,
                  "PhotometricInterpretation": photometric, "BitsAllocated": description.bits_allocated,
                  "BitsStored": description.bits_stored, "HighBit": description.bits_stored - 1,
                  "PixelRepresentation": int(description.signed),
                  "PlanarConfiguration": 0 if description.samples == 3 else None}  # fmt: skip
    ds = image(encapsulate(stream), syntax=description.transfer_syntax, **attributes)
    write(ds, tmp_path / "encoded.dcm")
    return tmp_path / "encoded.dcm"


@pytest.mark.parametrize(("keyword", "command"), [(key, one) for key, many in _PEERS.items() for one in many])
def test_peers_read_the_same(keyword, command, peer, tmp_path, image, encapsulate):
    program, *options = command.split()
    tried = 0
    for bits, samples, signed in ((8, 1, False), (8, 3, False), (12, 1, False), (16, 1, False), (16, 1, True)):
        if signed and (keyword, program) != ("RLELossless", "dcmdrle") and keyword != "JPEG2000Lossless":
            continue
        shape = (37, 29, 3)[: 2 + (samples == 3)]
        description = _description(keyword, bits, shape, samples=samples, signed=signed)
        generator = np.random.default_rng(bits)
        values = generator.integers(0, 1 << bits, shape, dtype=np.uint16).astype(description.dtype)
        values[5:20] = values[5, 0]
        encoded = codec_of(keyword).encode_frame(values, description, 0, EncodeOptions())
        path = _file(tmp_path, image, encapsulate, description, encoded.data, encoded.photometric_interpretation)
        target = tmp_path / "decoded.dcm"
        given = [str(path), str(target)]
        ran = subprocess.run([peer(program), *options, *given], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        ds = pydicom.dcmread(target)
        assert not ds.file_meta.TransferSyntaxUID.is_compressed
        found = np.frombuffer(ds.PixelData, description.dtype)[: values.size]
        if samples == 3 and ds.PlanarConfiguration == 1:
            found = found.reshape(3, 37, 29).transpose(1, 2, 0)
        np.testing.assert_array_equal(found.reshape(shape), values)
        np.testing.assert_array_equal(pixels.decode(read(path)), values)
        tried += 1
    assert tried >= 4


@pytest.mark.parametrize("keyword", ["RLELossless", "JPEGLSLossless", "JPEG2000Lossless"])
def test_pydicom_reads_the_same(keyword, tmp_path, image, encapsulate):
    for bits, samples, signed in ((8, 1, False), (8, 3, False), (12, 1, False), (16, 1, False), (16, 1, True)):
        shape = (37, 29, 3)[: 2 + (samples == 3)]
        description = _description(keyword, bits, shape, samples=samples, signed=signed)
        values = np.random.default_rng(bits).integers(0, 1 << bits, shape, dtype=np.uint16).astype(description.dtype)
        encoded = codec_of(keyword).encode_frame(values, description, 0, EncodeOptions())
        path = _file(tmp_path, image, encapsulate, description, encoded.data, encoded.photometric_interpretation)
        np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, values)


@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (16, 1), (8, 3), (16, 3), (32, 1)])
def test_rle_in_blocks_equals_plain_planes(bits, samples):
    """Planes are put together block by block; runs and literals go on across blocks."""
    shape = (101, 333, 3)[: 2 + (samples == 3)]
    generator = np.random.default_rng(bits)
    values = generator.integers(0, 1 << bits, shape, dtype=np.uint64).astype(f"<u{bits // 8}")
    values[10:60] = values[10, 0]
    values[70:72] &= 1
    data, decoded = _both_ways(_description("RLELossless", bits, shape, samples=samples), values)
    np.testing.assert_array_equal(decoded.samples, values)
    planes = np.frombuffer(_rle_decode_frame(data, *shape[:2], samples, bits), f"<u{bits // 8}")
    plain = planes.reshape(samples, *shape[:2]).transpose(1, 2, 0).reshape(shape)
    np.testing.assert_array_equal(decoded.samples, plain)


def test_rle_runs_that_go_across_rows_and_blocks():
    """Some writers do not stop at the end of a row."""
    values = np.full((100, 131), 0x0105, np.uint16)
    values[50, 7:] = 0xFFFF
    high, low = ((values >> shift).astype(np.uint8).ravel() for shift in (8, 0))
    segments = []
    for plane in (high, low):
        segment, at = b"", 0
        while at < plane.size:
            run = next((n for n in range(1, min(128, plane.size - at)) if plane[at + n] != plane[at]), None)
            count = run or min(128, plane.size - at)
            segment += bytes([257 - count, plane[at]]) if count > 1 else bytes([0, plane[at]])
            at += count
        segments.append(segment + b"\0" * (len(segment) % 2))
    header = np.array([2, 64, 64 + len(segments[0]), *[0] * 13], "<u4").tobytes()
    description = _description("RLELossless", 16, values.shape)
    found = codec_of("RLELossless").decode_frame(header + b"".join(segments), description, 0)
    np.testing.assert_array_equal(found.samples, values)
    assert found.findings == ()


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 300)), elements=st.sampled_from([0, 0, 0, 1, 2])
    )
)
def test_rle_is_by_row_and_even(samples):
    """Annex G.3: each row is coded on its own, a segment is padded to an even length behind a header of 64 bytes."""
    description = _description("RLELossless", 8, samples.shape)
    data, _ = _both_ways(description, samples)
    assert len(data) % 2 == 0
    assert data[:64] == np.array([1, 64, *[0] * 14], "<u4").tobytes()
    at = 64
    for row in samples:
        decoded = b""
        while len(decoded) < len(row):
            control = data[at]
            assert control != 128
            size = control + 1 if control < 128 else 1
            decoded += data[at + 1 : at + 1 + size] if control < 128 else data[at + 1 : at + 2] * (257 - control)
            at += 1 + size
        assert decoded == row.tobytes()  # no run crosses the end of a row
    assert at in (len(data), len(data) - 1)


@pytest.mark.parametrize("keyword", _LOSSLESS)
def test_samples_that_do_not_fit_are_refused(keyword):
    description = _description(keyword, 4, (2, 3))
    encode_frame = codec_of(keyword).encode_frame
    with pytest.raises(ValueError, match="beyond 4 bits stored"):
        encode_frame(np.full((2, 3), 16, np.uint8), description, 0, EncodeOptions())
    with pytest.raises(ValueError, match="shape"):
        encode_frame(np.zeros((3, 2), np.uint8), description, 0, EncodeOptions())


def test_quality_means_size():
    y, x = np.mgrid[:64, :80]
    samples = ((np.sin(x / 5) * np.cos(y / 7) + 1) * 127).astype(np.uint8)
    for keyword in ("JPEGBaseline8Bit", "JPEG2000", "HTJ2K", "JPEGXL", "JPEGXLJPEGRecompression"):
        description = _description(keyword, 8, samples.shape)
        results = [_both_ways(description, samples, EncodeOptions(quality=quality)) for quality in (10, 50, 95)]
        sizes = [len(data) for data, _ in results]
        errors = [np.abs(decoded.samples.astype(int) - samples).mean() for _, decoded in results]
        assert sizes == sorted(sizes), keyword
        assert errors == sorted(errors, reverse=True), keyword
        assert errors[2] < 2, keyword


def test_ratio_is_kept():
    samples = np.random.default_rng(0).integers(0, 4096, (128, 128)).astype(np.uint16)
    description = _description("JPEG2000", 12, samples.shape)
    for ratio in (2, 10, 30):
        data, _ = _both_ways(description, samples, EncodeOptions(ratio=ratio))
        assert len(data) <= samples.nbytes / ratio
        assert len(data) > samples.nbytes / ratio / 2


def test_htj2k_of_rpcl_has_its_marks():
    """PS3.5 8.2.14: progression by resolution, and the lengths of tile-parts in the main header."""
    description = _description("HTJ2KLosslessRPCL", 8, (300, 200))
    data, _ = _both_ways(description, np.arange(60000, dtype=np.uint8).reshape(300, 200))
    assert b"\xff\x55" in data[:200]  # TLM
    at = data.index(b"\xff\x52")
    assert data[at + 5] == 2  # RPCL
    assert imagecodecs.htj2k_decode(data).shape == (300, 200)
