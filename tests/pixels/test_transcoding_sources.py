"""Sources whose attributes and pixel data disagree, or say too little: what is written says what is."""

import numpy as np
import pytest

import filmless
from filmless import Dataset, pixels, read
from filmless.errors import PixelError, UnsupportedError
from filmless.file import encode
from filmless.pixels.authoring import set_pixels
from filmless.pixels.codecs.jpeg_xl_stream import is_lossy_jpeg_xl
from filmless.pixels.coded_stream import coded_stream
from filmless.pixels.description import PixelDescription
from filmless.pixels.embedded_overlays import embedded_bit
from filmless.pixels.transcoding import transcode

_RECORD = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
_GE_PRIVATE = "1.2.840.113619.5.2"
_METHODS = {
    "JPEGBaseline8Bit": "ISO_10918_1",
    "JPEGLSNearLossless": "ISO_14495_1",
    "JPEG2000": "ISO_15444_1",
    "HTJ2K": "ISO_15444_15",
    "JPEGXL": "ISO_18181_1",
    "JPEGXLJPEGRecompression": "ISO_10918_1",
}


def noise(shape: tuple[int, ...], bits: int, *, signed: bool = False) -> np.ndarray:
    values = np.random.default_rng(5).integers(0, 1 << bits, shape)
    size = 1 if bits <= 8 else 2
    return (values - (1 << bits - 1) if signed else values).astype(f"{'i' if signed else 'u'}{size}")


def made(array: np.ndarray, **options: object) -> Dataset:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": "1.2.3"})
    set_pixels(ds, array, **options)
    return ds


def with_overlay(ds: Dataset, position: int, allocated: int = 16) -> Dataset:
    values = [(0x10, "US", ds.Rows), (0x11, "US", ds.Columns), (0x40, "CS", "G"), (0x50, "SS", [1, 1])]
    for element, vr, value in [*values, (0x100, "US", allocated), (0x102, "US", position)]:
        ds.add_new((0x6002, element), vr, value)
    return ds


def drawn(ds: Dataset) -> np.ndarray:
    """The bits of the overlay's own data."""
    bits = np.unpackbits(np.frombuffer(ds[0x6002_3000].value, np.uint8), bitorder="little")
    return bits[: ds.Rows * ds.Columns].reshape(ds.Rows, ds.Columns)


def undeclared(ds: Dataset) -> Dataset:
    for keyword in _RECORD:
        del ds[keyword]
    return ds


# -- losses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", _METHODS)
@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 3)])
def test_a_loss_that_only_the_stream_shows(keyword, shape):
    ds = made(noise(shape, 8), photometric_interpretation="RGB" if len(shape) == 3 else None)
    quality = None if keyword == "JPEGLSNearLossless" else 50
    lossy = undeclared(transcode(ds, keyword, quality=quality, new_instance=False))
    plain = transcode(lossy, "ExplicitVRLittleEndian")
    assert not np.array_equal(pixels.decode(plain), pixels.decode(ds))
    assert (plain.LossyImageCompression, plain.LossyImageCompressionMethod) == ("01", _METHODS[keyword])
    assert plain.LossyImageCompressionRatio == pytest.approx(
        ds["PixelData"].length / lossy["PixelData"].length, rel=0.01
    )
    assert plain.SOPInstanceUID == "1.2.3"
    target = "JPEG2000" if keyword == "JPEGLSNearLossless" else "JPEGLSNearLossless"
    again = transcode(lossy, target)
    assert again.LossyImageCompressionMethod == [_METHODS[keyword], _METHODS[target]]
    assert again.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "121322"


@pytest.mark.parametrize(
    ("first", "second", "options"),
    [
        ("JPEGLSNearLossless", "JPEGLSNearLossless", {"max_error": 0}),
        ("JPEGLSLossless", "JPEGLSNearLossless", {}),
        ("JPEG2000Lossless", "JPEG2000", {}),
        ("HTJ2KLossless", "HTJ2K", {}),
        ("JPEGXLLossless", "JPEGXL", {}),
    ],
)
@pytest.mark.parametrize("bits", [8, 12])
def test_a_lossless_stream_shows_none(first, second, options, bits):
    ds = made(noise((32, 32), bits), bits_stored=bits)
    exact = transcode(transcode(ds, first, **options), second)
    plain = transcode(exact, "ExplicitVRLittleEndian")
    np.testing.assert_array_equal(pixels.decode(plain), pixels.decode(ds))
    assert not {*_RECORD} & {element.keyword for ds in (exact, plain) for element in ds}


def test_a_loss_is_recorded_when_the_stream_moves():
    lossy = transcode(made(noise((64, 64), 8)), "JPEGBaseline8Bit")
    assert transcode(lossy, "JPEGXLJPEGRecompression").LossyImageCompressionMethod == "ISO_10918_1"
    moved = transcode(undeclared(lossy), "JPEGXLJPEGRecompression")
    assert (moved.LossyImageCompression, moved.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert moved.LossyImageCompressionRatio == pytest.approx(64 * 64 / lossy["PixelData"].length, rel=0.01)
    back = transcode(undeclared(moved), "JPEGBaseline8Bit")
    assert (back.PixelData, back.LossyImageCompressionMethod) == (lossy.PixelData, "ISO_10918_1")


def test_a_lossy_stream_under_a_lossless_name():
    lossy = undeclared(transcode(made(noise((64, 64), 8)), "JPEG2000"))
    lossy.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
    for keyword in ("JPEG2000", "RLELossless"):
        assert transcode(lossy, keyword).LossyImageCompressionMethod == "ISO_15444_1"


def test_a_damaged_stream_says_nothing():
    description = PixelDescription.of(made(noise((8, 8), 8)))
    for family in ("jpeg", "jpeg-lossless", "jpeg-ls", "jpeg-2000", "htj2k", "jpeg-xl", "rle"):
        for stream in (b"", b"\xff", b"\xff\x0a", b"\xff\x4f", b"\xff\xd8\xff\xda\0\3\0"):
            assert coded_stream(family, stream, description) == (None, False)
    assert is_lossy_jpeg_xl(b"\xff\x0a" + bytes(4)) is None


# -- overlays in bits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["JPEGLSLossless", "JPEG2000Lossless", "JPEGLosslessSV1", "JPEGXLLossless"])
@pytest.mark.parametrize("signed", [True, False])
def test_an_overlay_that_the_stream_has_no_bit_for(keyword, signed):
    array = noise((16, 16), 12, signed=signed)
    ds = with_overlay(transcode(made(array, bits_stored=12), keyword), 12)
    new = transcode(ds, "ExplicitVRLittleEndian")
    np.testing.assert_array_equal(pixels.decode(new), array)
    assert not [element for element in new if element.tag >> 16 == 0x6002]
    assert pixels.render(new).tolist() == pixels.render(transcode(made(array, bits_stored=12), "RLELossless")).tolist()


@pytest.mark.parametrize("keyword", ["JPEGLSLossless", "JPEG2000Lossless", "JPEGLosslessSV1", "RLELossless"])
def test_an_overlay_beside_signed_samples(keyword):
    values, bits = noise((16, 16), 12, signed=True), noise((16, 16), 1)
    words = values.view(np.uint16) & 0x0FFF | bits.astype(np.uint16) << 14
    ds = transcode(made(words.view(np.int16)), keyword)
    ds.BitsStored, ds.HighBit = 12, 11
    new = transcode(with_overlay(ds, 14), "ExplicitVRLittleEndian")
    np.testing.assert_array_equal(pixels.decode(new), values)
    np.testing.assert_array_equal(drawn(new), bits)


def test_what_is_an_overlay_in_bits():
    ds = with_overlay(made(noise((4, 4), 12), bits_stored=12), 12)
    description = PixelDescription.of(ds)
    assert embedded_bit(ds, 0x6002, description) == 12
    assert embedded_bit(ds, 0x6000, description) is None
    for position, allocated in [(11, 16), (0, 16), (16, 16), (12, 1), (12, 8)]:
        other = with_overlay(ds.copy(), position, allocated)
        assert embedded_bit(other, 0x6002, description) is None
        assert 0x6002_3000 not in transcode(other, "RLELossless")
        assert pixels.render(other).tolist() == pixels.render(made(noise((4, 4), 12), bits_stored=12)).tolist()
    ds.add_new(0x6002_3000, "OW", b"")
    assert embedded_bit(ds, 0x6002, description) == 12
    ds.add_new(0x6002_3000, "OW", bytes(2))
    assert embedded_bit(ds, 0x6002, description) is None


# -- frames that are not where the transfer syntax says --------------------------------------------------------------


@pytest.mark.parametrize("claimed", ["1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"])
def test_plain_frames_under_a_compressed_name(claimed):
    values, bits = noise((16, 16), 12, signed=True), noise((16, 16), 1)
    words = values.view(np.uint16) & 0x0FFF | bits.astype(np.uint16) << 12
    ds = made(words.view(np.int16))
    ds.BitsStored, ds.HighBit = 12, 11
    ds.file_meta.TransferSyntaxUID = claimed
    with_overlay(ds, 12)
    for keyword in ("ExplicitVRLittleEndian", "JPEGLSLossless", "RLELossless"):
        new = read(encode(transcode(ds, keyword)))
        assert new["PixelData"].is_encapsulated == (keyword != "ExplicitVRLittleEndian")
        assert pixels.frames(new).findings == []
        np.testing.assert_array_equal(pixels.decode(new), values)
        np.testing.assert_array_equal(drawn(new), bits)
        assert "LossyImageCompression" not in new
    np.testing.assert_array_equal(pixels.frames(ds).raw(0), words)


def test_plain_colours_under_a_lossy_name_stay():
    array = noise((8, 8, 3), 8)
    ds = made(array, photometric_interpretation="YBR_FULL")
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
    new = transcode(ds, "RLELossless")
    assert new.PhotometricInterpretation == "YBR_FULL"
    np.testing.assert_array_equal(pixels.decode(new, as_rgb=False), array)


def test_fragments_under_a_native_name():
    array = noise((16, 16), 8)
    ds = transcode(made(array), "EncapsulatedUncompressedExplicitVRLittleEndian")
    ds = read(encode(ds).replace(b"1.2.840.10008.1.2.1.98", b"1.2.840.10008.1.2.1\0\0\0"))
    assert [finding.code for finding in pixels.frames(ds).findings] == ["unexpected-fragments"]
    new = transcode(ds, "ExplicitVRLittleEndian")
    assert new["PixelData"].length == 256
    np.testing.assert_array_equal(pixels.decode(new), array)


# -- colours and byte orders that are not written --------------------------------------------------------------------


@pytest.mark.parametrize(("photometric", "size"), [("YBR_PARTIAL_422", 128), ("YBR_PARTIAL_420", 96)])
@pytest.mark.parametrize("keyword", ["RLELossless", "JPEG2000", "JPEGBaseline8Bit"])
def test_studio_colours_become_rgb(photometric, size, keyword):
    ds = made(noise((8, 8, 3), 8), photometric_interpretation="RGB")
    ds.PhotometricInterpretation = photometric
    ds.PixelData = np.random.default_rng(1).integers(16, 235, size, dtype=np.uint8).tobytes()
    new = transcode(ds, keyword)
    assert new.PhotometricInterpretation in ("RGB", "YBR_ICT", "YBR_FULL_422")
    if keyword == "RLELossless":
        np.testing.assert_array_equal(pixels.decode(new, as_rgb=False), pixels.decode(ds))


@pytest.mark.parametrize("from_file", [True, False])
def test_pixels_of_the_other_byte_order(from_file, tmp_path):
    array = noise((4, 4), 16)
    ds = made(array)
    ds.file_meta.TransferSyntaxUID = _GE_PRIVATE
    ds.PixelData = array.astype(">u2").tobytes()
    path = tmp_path / "a.dcm"
    if from_file:
        filmless.write(ds, path)
        ds = read(path)
    for keyword in ("ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian", "RLELossless"):
        np.testing.assert_array_equal(pixels.decode(read(encode(transcode(ds, keyword)))), array)
        filmless.write(ds, tmp_path / "b.dcm", transfer_syntax=keyword)
        np.testing.assert_array_equal(pixels.decode(read(tmp_path / "b.dcm")), array)
        if not keyword.startswith("RLE"):
            with pytest.raises(UnsupportedError, match=r"`filmless\.write` has it"):
                encode(ds, transfer_syntax=keyword)
    np.testing.assert_array_equal(pixels.decode(read(encode(ds))), array)  # which changes nothing


@pytest.mark.parametrize("from_file", [True, False])
def test_the_other_byte_order_is_not_written(from_file, tmp_path):
    ds = made(noise((4, 4), 16))
    ds = read(encode(ds)) if from_file else ds
    with pytest.raises(UnsupportedError, match="writing pixels in GE Private"):
        encode(ds, transfer_syntax=_GE_PRIVATE)
    with pytest.raises(UnsupportedError, match="is not written"):
        filmless.write(ds, tmp_path / "a.dcm", transfer_syntax=_GE_PRIVATE)
    assert list(tmp_path.iterdir()) == []


def test_pixels_are_set_in_the_usual_byte_order():
    array = noise((4, 4), 16)
    ds = made(array)
    ds.file_meta.TransferSyntaxUID = _GE_PRIVATE
    ds.PixelData = array.astype(">u2").tobytes()
    ds = read(encode(ds))
    set_pixels(ds, array[::-1])
    np.testing.assert_array_equal(pixels.decode(read(encode(ds))), array[::-1])


def test_without_pixels_the_hint_says_what_can_be():
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"})
    with pytest.raises(PixelError, match="there is no pixel data to write as RLE Lossless") as caught:
        transcode(ds, "RLELossless")
    named = [name for name in ("ImplicitVRLittleEndian", "DeflatedExplicitVRLittleEndian") if name in caught.value.hint]
    assert len(named) == 2
    for name in named:
        assert transcode(ds, name).file_meta.TransferSyntaxUID.keyword == name
