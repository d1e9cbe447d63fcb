"""From every transfer syntax to every other: pixels, attributes, tables, and what peers make of it."""

import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import filmless
from filmless import Dataset, pixels, read
from filmless.errors import CodecError, PixelError, UnsupportedError
from filmless.file import encode
from filmless.pixels.authoring import set_pixels
from filmless.pixels.codecs import codec_of
from filmless.pixels.encapsulation import encapsulate
from filmless.pixels.targets import targets
from filmless.pixels.transcoding import transcode

_LOSSLESS = [row["keyword"] for row in targets() if row["lossless"]]
_LOSSY = [row["keyword"] for row in targets() if not row["lossless"]]
_ENCAPSULATED = [row["keyword"] for row in targets() if row["encapsulated"]]
_PIXEL_ATTRIBUTES = {
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
}
_LOSS = {
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
    "ImageType",
    "SOPInstanceUID",
    "DerivationDescription",
    "DerivationCodeSequence",
    "SourceImageSequence",
}


def smooth(shape: tuple[int, ...], bits: int, *, signed: bool = False) -> np.ndarray:
    """A picture of waves and a little noise, over the whole range."""
    rng = np.random.default_rng(3)
    axes = np.meshgrid(*(np.linspace(0, 3, size) for size in shape), indexing="ij")
    wave = (np.sin(sum(axes)) + 1) / 2 * 0.95 + rng.random(shape) * 0.05
    values = np.rint(wave * ((1 << bits) - 1)).astype(np.int64)
    values.flat[:2] = 0, (1 << bits) - 1
    size = 1 if bits <= 8 else 2 if bits <= 16 else 4
    return (values - (1 << bits - 1) if signed else values).astype(f"{'i' if signed else 'u'}{size}")


def made(array: np.ndarray, **options: Any) -> Dataset:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": "1.2.3", "PatientName": "Doe^Jane"})
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.add_new(0x0009_0010, "LO", "filmless")
    ds.add_new(0x0009_1001, "OB", b"\1\2\3\4")
    set_pixels(ds, array, **options)
    return ds


_IMAGES: dict[str, Callable[[], Dataset]] = {
    "bits": lambda: made(smooth((3, 7, 9), 1).astype(bool)),
    "u8": lambda: made(smooth((7, 9), 8)),
    "s8": lambda: made(smooth((7, 9), 8, signed=True)),
    "u12 frames": lambda: made(smooth((3, 13, 6), 12), bits_stored=12),
    "s12": lambda: made(smooth((7, 9), 12, signed=True), bits_stored=12),
    "u16": lambda: made(smooth((16, 15), 16)),
    "s16 frames": lambda: made(smooth((2, 7, 9), 16, signed=True)),
    "u32": lambda: made(smooth((7, 9), 32)),
    "u10 of 32": lambda: made(smooth((7, 9), 10).astype(np.uint32), bits_stored=10),
    "RGB": lambda: made(smooth((11, 9, 3), 8), photometric_interpretation="RGB"),
    "RGB frames": lambda: made(smooth((3, 8, 8, 3), 8)),
    "YBR": lambda: made(smooth((11, 9, 3), 8), photometric_interpretation="YBR_FULL"),
    "RGB 16": lambda: made(smooth((8, 8, 3), 16), photometric_interpretation="RGB"),
}


def changed(before: Dataset, after: Dataset) -> set[str]:
    """Keywords of the elements that are not the same, byte for byte (those of other byte orders: in their value)."""
    swapped = any(ds["Rows"].is_big_endian for ds in (before, after))

    def raw(ds: Dataset) -> dict[str, Any]:
        return {
            element.keyword or str(element.tag): element.value if swapped or element.VR == "SQ" else element.raw
            for element in ds
            if element.keyword != "PixelData" and element.tag & 0xFFFF  # group lengths follow what is in the group
        }

    old, new = raw(before), raw(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} | {"PixelData"}


@pytest.mark.parametrize("name", _IMAGES)
def test_every_pair(name):
    ds = _IMAGES[name]()
    reached = {"ExplicitVRLittleEndian": ds}
    for keyword in (row["keyword"] for row in targets()):
        with suppress(UnsupportedError):
            reached[keyword] = read(encode(transcode(ds, keyword)))
    assert {"ImplicitVRLittleEndian", "ExplicitVRBigEndian", "DeflatedImageFrameCompression"} <= reached.keys()
    for first, source in reached.items():
        assert source.file_meta.TransferSyntaxUID.keyword == first
        pixels_of = pixels.decode(source)
        if first in _LOSSLESS:
            np.testing.assert_array_equal(pixels_of, pixels.decode(ds), err_msg=first)
        for second in reached:
            new = transcode(source, second)
            back = read(encode(new))
            assert changed(source, back) <= _PIXEL_ATTRIBUTES | (set() if second in _LOSSLESS else _LOSS)
            if second in _LOSSLESS:
                np.testing.assert_array_equal(pixels.decode(back), pixels_of, err_msg=f"{first} to {second}")
                np.testing.assert_array_equal(pixels.decode(new), pixels_of)


def test_what_holds_what():
    held = {name: [row for row in _ENCAPSULATED if holds(make(), row)] for name, make in _IMAGES.items()}
    assert "JPEGBaseline8Bit" in held["u8"]
    assert not {"JPEGBaseline8Bit", "JPEGExtended12Bit", "JPEGLSNearLossless"} & {*held["s8"], *held["s12"]}
    assert "JPEGExtended12Bit" in held["u12 frames"]
    assert "RLELossless" in held["u32"]
    assert not {"JPEG2000Lossless", "JPEGLSLossless"} & {*held["u32"]}
    assert {"JPEG2000Lossless", "JPEGLSLossless"} <= {*held["u10 of 32"]}
    assert "JPEG2000Lossless" in held["bits"]
    assert not {"RLELossless", "JPEGLSLossless", "JPEG2000"} & {*held["bits"]}


def holds(ds: Dataset, keyword: str) -> bool:
    try:
        transcode(ds, keyword)
    except UnsupportedError:
        return False
    return True


@pytest.mark.parametrize("keyword", _LOSSY)
def test_loss_is_put_on_record(keyword):
    ds = made(smooth((64, 64), 8))
    ds.SmallestImagePixelValue = 0
    before = ds.copy()
    new = transcode(ds, keyword)
    assert ds == before
    assert new.LossyImageCompression == "01"
    assert new.LossyImageCompressionMethod.startswith("ISO_1")
    ratio = 64 * 64 / new["PixelData"].length
    assert new.LossyImageCompressionRatio == pytest.approx(ratio, rel=0.1)
    assert new.ImageType == ["DERIVED", "PRIMARY"]
    assert new.SOPInstanceUID.startswith("2.25.")
    assert new.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3"
    assert new.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
    assert new.DerivationCodeSequence[0].CodeValue == "113040"
    assert "SmallestImagePixelValue" not in new
    assert read(encode(new)).file_meta.MediaStorageSOPInstanceUID == new.SOPInstanceUID
    same = transcode(ds, keyword, new_instance=False)
    assert (same.SOPInstanceUID, same.ImageType[0]) == ("1.2.3", "ORIGINAL")
    assert "SourceImageSequence" not in same
    plain = transcode(new, "ExplicitVRLittleEndian")
    for attribute in ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        assert plain[attribute].value == new[attribute].value
    assert plain.SOPInstanceUID == new.SOPInstanceUID
    again = transcode(plain, "JPEG2000", ratio=20)
    assert again.LossyImageCompressionMethod == [new.LossyImageCompressionMethod, "ISO_15444_1"]
    assert again.LossyImageCompressionRatio[0] == new.LossyImageCompressionRatio
    assert again.LossyImageCompressionRatio[1] >= 19
    assert again.SourceImageSequence[1].PurposeOfReferenceCodeSequence[0].CodeValue == "121322"


def test_a_loss_that_nobody_put_on_record():
    lossy = transcode(made(smooth((64, 64), 8)), "JPEGBaseline8Bit")
    for keyword in [name for name in _LOSS if name.startswith("Lossy")]:
        del lossy[keyword]
    plain = transcode(lossy, "RLELossless")
    assert (plain.LossyImageCompression, plain.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert plain.SOPInstanceUID == lossy.SOPInstanceUID


def test_frames_of_an_enhanced_image_are_derived_too(corpus):
    ds = made(smooth((2, 16, 16), 8))
    kind = Dataset({"FrameType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]})
    ds.PerFrameFunctionalGroupsSequence = [Dataset({"MRImageFrameTypeSequence": [kind]}) for _ in range(2)]
    new = transcode(ds, "JPEG2000")
    frame_types = [group.MRImageFrameTypeSequence[0].FrameType[0] for group in new.PerFrameFunctionalGroupsSequence]
    assert frame_types == ["DERIVED", "DERIVED"]
    assert ds.PerFrameFunctionalGroupsSequence[0].MRImageFrameTypeSequence[0].FrameType[0] == "ORIGINAL"


def test_no_loss_where_none_may_be():
    palette = made(smooth((7, 9), 8), photometric_interpretation="PALETTE COLOR")
    labels = made(smooth((7, 9), 8))
    labels.SegmentationType = "LABELMAP"
    bits = made(smooth((7, 9), 1).astype(bool))
    for ds in (palette, labels, bits):
        for keyword in ("JPEGBaseline8Bit", "JPEG2000", "JPEGXL"):
            with pytest.raises(UnsupportedError, match="after a loss") as caught:
                transcode(ds, keyword)
            assert "lossless" in caught.value.hint
    assert transcode(palette, "RLELossless").PhotometricInterpretation == "PALETTE COLOR"


def test_max_error_bounds_every_sample():
    ds = made(smooth((40, 50), 12), bits_stored=12)
    for limit in (1, 5):
        new = transcode(ds, "JPEGLSNearLossless", max_error=limit)
        difference = np.abs(pixels.decode(new).astype(int) - pixels.decode(ds))
        assert 0 < difference.max() <= limit
    exact = transcode(ds, "JPEGLSNearLossless", max_error=0)
    np.testing.assert_array_equal(pixels.decode(exact), pixels.decode(ds))
    assert "LossyImageCompression" not in exact
    assert exact.SOPInstanceUID == "1.2.3"


@pytest.mark.parametrize(
    ("keyword", "options", "message"),
    [
        ("JPEG2000Lossless", {"quality": 50}, "`quality` does not go with JPEG2000Lossless"),
        ("ExplicitVRLittleEndian", {"ratio": 5}, "`ratio` does not go with ExplicitVRLittleEndian"),
        ("JPEGBaseline8Bit", {"max_error": 5}, "which takes `quality`"),
        ("JPEG2000", {"quality": 50, "ratio": 5}, "not both"),
        ("JPEG2000", {"quality": 0}, "expected 1 to 100"),
        ("JPEG2000", {"ratio": 0.5}, "`ratio` is 0.5"),
        ("JPEG 7", {}, "no transfer syntax"),
    ],
)
def test_wrong_arguments(keyword, options, message):
    with pytest.raises(ValueError, match=message):
        transcode(made(smooth((7, 9), 8)), keyword, **options)


@pytest.mark.parametrize("keyword", ["MPEG2MPML", "JPEG2000MC", "GEPrivateImplicitVRBigEndian", "JPIPReferenced"])
def test_what_is_not_written(keyword):
    with pytest.raises(UnsupportedError, match="is not written"):
        transcode(made(smooth((7, 9), 8)), keyword)


def test_floating_point_stays_native():
    ds = made(np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4))
    np.testing.assert_array_equal(pixels.decode(transcode(ds, "DeflatedExplicitVRLittleEndian")), pixels.decode(ds))
    for keyword in _ENCAPSULATED:
        with pytest.raises(UnsupportedError, match="cannot hold floating point"):
            transcode(ds, keyword)


def test_without_pixels():
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "PatientName": "Doe^Jane"})
    assert read(encode(transcode(ds, "ImplicitVRLittleEndian"))).PatientName == "Doe^Jane"
    with pytest.raises(PixelError, match="there is no pixel data"):
        transcode(ds, "RLELossless")


# -- streams that move ---------------------------------------------------------------------------------------------


def streams(ds: Dataset) -> list[bytes]:
    return [pixels.frames(ds).encoded(frame) for frame in range(ds.get("NumberOfFrames") or 1)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("JPEGLosslessSV1", "JPEGLossless"),
        ("JPEGLossless", "JPEGLosslessSV1"),
        ("JPEGLSLossless", "JPEGLSNearLossless"),
        ("JPEG2000Lossless", "JPEG2000"),
        ("HTJ2KLossless", "HTJ2K"),
        ("HTJ2KLosslessRPCL", "HTJ2KLossless"),
        ("JPEGXLLossless", "JPEGXL"),
    ],
)
def test_streams_move_unchanged(first, second, monkeypatch):
    source = transcode(made(smooth((3, 16, 16, 3), 8)), first)
    new = transcode(source, second)
    assert streams(new) == streams(source)
    assert changed(source, new) == {"PixelData"}
    assert new.file_meta.TransferSyntaxUID.keyword == second


def test_a_stream_of_another_predictor_does_not_move(corpus):
    names = [path for path in corpus.rglob("*.dcm") if "JPEGProcess14" in path.name and "Selection" not in path.name]
    assert names
    for path in names:
        ds = read(path)
        if ds.file_meta.TransferSyntaxUID.keyword != "JPEGLossless":
            continue
        new = transcode(ds, "JPEGLosslessSV1")
        np.testing.assert_array_equal(pixels.decode(new), pixels.decode(ds))
        assert all(
            stream[stream.index(b"\xff\xda") + 3 + 2 * stream[stream.index(b"\xff\xda") + 4] + 2] == 1
            for stream in streams(new)
        )


def test_jpeg_as_jpeg_xl_and_back():
    ds = read(encode(transcode(made(smooth((2, 131, 117, 3), 8)), "JPEGBaseline8Bit")))
    smaller = read(encode(transcode(ds, "JPEGXLJPEGRecompression")))
    assert smaller["PixelData"].length < ds["PixelData"].length
    assert changed(ds, smaller) == {"PixelData"}
    back = transcode(smaller, "JPEGBaseline8Bit")
    assert back.PixelData == ds.PixelData
    np.testing.assert_array_equal(pixels.decode(smaller), pixels.decode(ds))


def test_the_same_transfer_syntax_changes_nothing(pydicom_files):
    ds = read(next(path for path in pydicom_files if path.name == "MR_small_RLE.dcm"))
    assert encode(transcode(ds, "RLELossless")) == encode(ds)


# -- verification, tables, bits --------------------------------------------------------------------------------------


def test_a_frame_that_does_not_come_back(monkeypatch):
    right = codec_of("RLELossless")

    def wrong(samples, description, frame, options):
        if frame == 1:
            samples = samples.copy()
            samples[0, 0] ^= 1
        return right.encode_frame(samples, description, frame, options)

    monkeypatch.setattr("filmless.pixels.transcoding.codec_of", lambda _: replace(right, encode_frame=wrong))
    ds = made(smooth((3, 7, 9), 8))
    with pytest.raises(CodecError, match="does not come back from what was written") as caught:
        transcode(ds, "RLELossless")
    assert caught.value.frame == 1
    transcode(ds, "RLELossless", verify=False)


def test_offset_tables():
    frames = [b"123", b"4567", b"8", b"90"]
    basic = encapsulate(frames)
    assert np.frombuffer(basic.value, "<u4", 4, 8).tolist() == [0, 12, 24, 34]
    assert (len(basic.value), basic.offsets, basic.lengths) == (8 + 16 + 4 * 8 + 12, None, None)
    assert encapsulate(frames, largest_offset=34) == basic
    extended = encapsulate(frames, largest_offset=33)
    assert extended.value[4:8] == bytes(4)
    assert np.frombuffer(extended.offsets, "<u8").tolist() == [0, 12, 24, 34]
    assert np.frombuffer(extended.lengths, "<u8").tolist() == [4, 4, 2, 2]


def test_an_extended_offset_table_is_written_and_read(monkeypatch):
    monkeypatch.setattr("filmless.pixels.transcoding.encapsulate", lambda frames: encapsulate(frames, largest_offset=9))
    ds = made(smooth((4, 17, 9), 8))
    new = read(encode(transcode(ds, "RLELossless")))
    assert new["ExtendedOffsetTable"].VR == "OV"
    np.testing.assert_array_equal(pixels.decode(new), pixels.decode(ds))
    theirs = pydicom.dcmread(io.BytesIO(encode(new)))
    np.testing.assert_array_equal(theirs.pixel_array, pixels.decode(ds))
    monkeypatch.undo()
    assert "ExtendedOffsetTable" not in transcode(new, "JPEGLSLossless")
    assert "ExtendedOffsetTableLengths" not in transcode(new, "ExplicitVRLittleEndian")


def test_threads_and_one_after_the_other_give_the_same():
    ds = made(smooth((9, 70, 70), 12), bits_stored=12)
    for keyword in ("RLELossless", "JPEG2000Lossless"):
        first = transcode(ds, keyword, threads=1)
        assert encode(transcode(ds, keyword, threads=5)) == encode(first)
        assert encode(transcode(first, "ExplicitVRLittleEndian", threads=5)) == encode(ds)


@pytest.mark.parametrize("frames", [1, 3])
def test_overlays_in_unused_bits_become_overlay_data(frames):
    values, drawn = smooth((frames, 5, 7), 12), smooth((frames, 5, 7), 1)
    ds = made(values | drawn.astype(np.uint16) << 14, photometric_interpretation="MONOCHROME2")
    ds.BitsStored, ds.HighBit = 12, 11
    for element, vr, value in [(0x10, "US", 5), (0x11, "US", 7), (0x40, "CS", "G"), (0x50, "SS", [1, 1])]:
        ds.add_new((0x6002, element), vr, value)
    ds.add_new(0x6002_0100, "US", 16)
    ds.add_new(0x6002_0102, "US", 14)
    new = transcode(ds, "JPEGLSLossless")
    np.testing.assert_array_equal(pixels.decode(new), values if frames > 1 else values[0])
    assert (new[0x6002_0100].value, new[0x6002_0102].value) == (1, 0)
    bits = np.unpackbits(np.frombuffer(new[0x6002_3000].value, np.uint8), bitorder="little")[: drawn.size]
    np.testing.assert_array_equal(bits.reshape(drawn.shape), drawn)
    theirs = pydicom.dcmread(io.BytesIO(encode(new))).overlay_array(0x6002)
    np.testing.assert_array_equal(theirs.reshape(drawn.shape), drawn)
    assert (0x6002_3000 in ds, ds[0x6002_0102].value) == (False, 14)


def test_samples_beyond_bits_stored_of_a_lossy_stream():
    array = smooth((32, 32), 12)
    ds = transcode(made(array, bits_stored=12), "JPEGExtended12Bit")
    ds.BitsStored, ds.HighBit = 10, 9
    plain = transcode(ds, "RLELossless")
    assert (plain.BitsStored, plain.HighBit) == (12, 11)
    ds.BitsStored, ds.HighBit = 12, 11
    np.testing.assert_array_equal(pixels.decode(plain), pixels.decode(ds))


def test_icons_and_everything_else_stay(pydicom_files):
    ds = read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))
    icon = Dataset()
    set_pixels(icon, smooth((4, 4), 8))
    del icon.file_meta.TransferSyntaxUID
    ds.IconImageSequence = [icon]
    ds = read(encode(ds))
    new = read(encode(transcode(ds, "JPEGLSLossless")))
    assert changed(ds, new) == {"PixelData"}
    assert changed(ds, read(encode(transcode(new, "ExplicitVRLittleEndian")))) == {"PixelData"}
    assert encode(transcode(new, "ExplicitVRLittleEndian"), part10=False) == encode(ds, part10=False)


def test_a_changed_meta_information_decides_how_elements_are_written(pydicom_files):
    ds = read(next(path for path in pydicom_files if path.name == "MR_small_implicit.dcm"))
    for keyword in ("RLELossless", "ExplicitVRLittleEndian", "ExplicitVRBigEndian"):
        new = transcode(ds, keyword)
        theirs = pydicom.dcmread(io.BytesIO(encode(new)))
        assert not theirs.original_encoding[0]
        np.testing.assert_array_equal(theirs.pixel_array, pixels.decode(ds))


def test_write_composes(tmp_path):
    ds = made(smooth((3, 7, 9), 8))
    path = tmp_path / "a.dcm"
    filmless.write(ds, path, transfer_syntax="RLELossless")
    compressed = read(path)
    filmless.write(compressed, path, transfer_syntax="JPEGLSLossless")
    np.testing.assert_array_equal(pixels.decode(compressed), pixels.decode(ds))  # from the file that was replaced
    compressed = read(path)
    filmless.write(compressed, path, transfer_syntax="ExplicitVRLittleEndian")
    assert read(path) == ds
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.dcm"]
    in_memory = transcode(ds, "RLELossless")
    with pytest.raises(UnsupportedError, match=r"`filmless\.write` has it"):
        encode(in_memory, transfer_syntax="ExplicitVRLittleEndian")


@pytest.mark.parametrize("first", ["RLELossless", "JPEG2000Lossless", "JPEGBaseline8Bit", "ExplicitVRLittleEndian"])
def test_frames_that_are_not_there(first):
    ds = transcode(made(smooth((3, 16, 16), 8)), first)
    ds.NumberOfFrames = 2**31 - 1
    for keyword in ("JPEG2000", "JPEGLSLossless", "JPEGXLJPEGRecompression", "ImplicitVRLittleEndian"):
        if (first, keyword) != ("ExplicitVRLittleEndian", "ImplicitVRLittleEndian"):  # no frame is looked for
            with pytest.raises(PixelError):
                transcode(ds, keyword)


def test_native_data_under_the_name_of_a_codec_do_not_move():
    ds = made(smooth((16, 16), 8))
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
    try:
        new = transcode(ds, "JPEG2000")
    except PixelError:
        return
    assert b"\xff\x4f" in new.PixelData[:40]


def test_samples_that_share_bytes():
    array = smooth((5, 6), 12)
    bits = ((array.reshape(-1, 1) >> np.arange(12)) & 1).astype(bool)
    ds = made(array, bits_stored=12)
    ds.BitsAllocated = 12
    ds.PixelData = np.packbits(bits, bitorder="little").tobytes() + b"\0"
    np.testing.assert_array_equal(pixels.decode(ds), array)
    for keyword in ("RLELossless", "JPEGLSLossless", "EncapsulatedUncompressedExplicitVRLittleEndian"):
        new = transcode(ds, keyword)
        assert (new.BitsAllocated, new.BitsStored) == (16, 12)
        np.testing.assert_array_equal(pixels.decode(transcode(new, "ExplicitVRLittleEndian")), array)


def test_numpy_is_loaded_for_pixels_only(pydicom_files, tmp_path):
    path = next(path for path in pydicom_files if path.name == "MR_small_implicit.dcm")
    program = (
        "import sys, filmless; ds = filmless.read(sys.argv[1]);"
        "filmless.write(ds, sys.argv[2], transfer_syntax='ExplicitVRLittleEndian'); assert 'numpy' not in sys.modules;"
        "filmless.write(ds, sys.argv[2], transfer_syntax='RLELossless'); assert 'numpy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, path, tmp_path / "out.dcm"], check=True)


# -- real files and peers ----------------------------------------------------------------------------------------------


def _sample(files: list[Path]) -> list[Path]:
    """Of the smaller real files with pixels, one for each transfer syntax and kind of samples."""
    found: dict[tuple[Any, ...], Path] = {}
    for path in files:
        if path.stat().st_size > 400_000:
            continue
        try:
            ds = read(path)
            key = tuple(
                str(ds.get(keyword))
                for keyword in ("PhotometricInterpretation", "BitsAllocated", "BitsStored", "PixelRepresentation")
            )
            syntax = str(ds.file_meta.get("TransferSyntaxUID"))
            if "PixelData" in ds:
                found.setdefault((syntax, *key, (ds.get("NumberOfFrames") or 1) > 1), path)
        except (filmless.errors.DicomError, TypeError):
            continue
    return sorted(found.values())


@pytest.mark.usefixtures("corpus")  # whose files are counted
def test_real_files(all_files):
    count = 0
    lossless = ("ExplicitVRLittleEndian", "RLELossless", "JPEGLSLossless", "JPEG2000Lossless", "JPEGLosslessSV1")
    for number, path in enumerate(_sample(all_files)):
        ds = read(path)
        try:
            expected = pixels.decode(ds)
        except (filmless.errors.DicomError, ValueError):
            continue
        for keyword in {lossless[number % 5], lossless[(number + 3) % 5]}:
            try:
                new = transcode(ds, keyword)
            except UnsupportedError:
                continue
            count += 1
            back = read(encode(new))
            np.testing.assert_array_equal(pixels.decode(back), expected, err_msg=f"{path.name} {keyword}")
            lost = {name for name in _LOSS if name.startswith("Lossy")}
            overlays = (
                {name for name in changed(ds, back) if name.startswith("Overlay")} if _has_embedded(ds) else set()
            )
            assert changed(ds, back) <= _PIXEL_ATTRIBUTES | lost | overlays, path.name
    assert count > 100


def _has_embedded(ds: Dataset) -> bool:
    return any((group, 0x0102) in ds and (group, 0x3000) not in ds for group in range(0x6000, 0x6020, 2))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Dataset, str], Path]:
    def written(ds: Dataset, keyword: str) -> Path:
        path = tmp_path / f"{keyword}.dcm"
        filmless.write(transcode(ds, keyword), path)
        return path

    return written


_PEERS = [
    ("dcmdrle", "RLELossless"),
    ("dcmdjpeg", "JPEGLosslessSV1"),
    ("dcmdjpeg", "JPEGLossless"),
    ("dcmdjpls", "JPEGLSLossless"),
    ("gdcmconv", "RLELossless"),
    ("gdcmconv", "JPEGLosslessSV1"),
    ("gdcmconv", "JPEGLSLossless"),
    ("gdcmconv", "JPEG2000Lossless"),
]
# GDCM refuses odd numbers of pixels in RLE, and to write several signed frames.
_GDCM_REFUSES = {"u8", "s12", "s16 frames"}


@pytest.mark.parametrize(
    ("name", "program", "keyword"),
    [
        (name, *peer)
        for name in ("u8", "u12 frames", "u16", "s12", "s16 frames", "RGB frames")
        for peer in _PEERS
        if peer[0] != "gdcmconv" or name not in _GDCM_REFUSES
    ],
)
def test_peers_decode_to_the_same_bytes(peer, name, program, keyword, written, tmp_path):
    ds = _IMAGES[name]()
    source, target = written(ds, keyword), tmp_path / "peer.dcm"
    options = ["--raw", "--explicit"] if program == "gdcmconv" else []
    subprocess.run([peer(program), *options, source, target], check=True, capture_output=True)
    np.testing.assert_array_equal(pixels.decode(read(target)), pixels.decode(ds))


@pytest.mark.parametrize("name", ["u8", "u12 frames", "RGB frames", "u16"])
def test_pydicom_decodes_the_same(name, written):
    ds = _IMAGES[name]()
    for keyword in _LOSSLESS:
        path = written(ds, keyword)
        if keyword.startswith(("JPEGXL", "HTJ2K", "DeflatedImage", "EncapsulatedUn")):
            continue  # which pydicom, or the plug-ins that are installed, do not know
        theirs = pydicom.dcmread(path)
        np.testing.assert_array_equal(theirs.pixel_array, pixels.decode(ds), err_msg=keyword)


@pytest.mark.parametrize("keyword", [*_LOSSLESS, *_LOSSY])
def test_dcmdump_and_dciodvfy_accept(peer, keyword, written, tmp_path, pydicom_files):
    ds = read(next(path for path in pydicom_files if path.name == "SC_rgb_small_odd.dcm"))
    path = written(ds, keyword)
    dump = subprocess.run([peer("dcmdump"), "-q", path], capture_output=True, text=True, check=False)
    unknown = keyword.startswith(("JPEGXL", "HTJ2K", "DeflatedImage", "EncapsulatedUn"))  # to DCMTK 3.6.7
    assert (dump.returncode, dump.stderr) == (0, "") or unknown

    def errors(file: Path) -> set[str]:
        run = subprocess.run([peer("dciodvfy"), file], capture_output=True, text=True, check=False)
        return {line for line in run.stderr.splitlines() if line.startswith("Error")}

    if not unknown and keyword != "DeflatedExplicitVRLittleEndian":
        filmless.write(ds, tmp_path / "before.dcm")
        assert errors(path) - errors(tmp_path / "before.dcm") == set()


@pytest.mark.parametrize("keyword", ["JPEG2000", "HTJ2K"])
def test_quality_is_of_the_range_that_is_used(keyword):
    array = smooth((1, 64, 64), 12).astype(np.int16)[0]
    narrow, wide = filmless.Dataset(), filmless.Dataset()
    pixels.set_pixels(narrow, array, bits_stored=13)
    pixels.set_pixels(wide, array)  # 16 bits, of which a sixteenth is used
    errors = [
        np.abs(pixels.decode(transcode(ds, keyword, quality=90)).astype(int) - array).mean() for ds in (narrow, wide)
    ]
    assert max(errors) < 4
    assert errors[1] < 2 * errors[0] + 1
