"""Videos: which transfer syntax carries them, that not a bit of a coded picture changes, and what becomes of others."""

import io
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pydicom
import pydicom.encaps
import pytest

from filmless import pixels, read
from filmless.convert import to_dicom
from filmless.convert.video.ending import check_last_picture
from filmless.errors import ConversionError, LimitError

_UID = "1.2.840.10008.1.2.4."
_NATIVE = "1.2.840.10008.1.2.1"

_AS_THE_FILE_IS = [
    ("mpeg2video", "mpeg2video", {"bf": 2}, "100"),
    ("mpeg2video", "mpegts", {"bf": 2}, "100"),
    ("mpeg2video", "vob", {}, "100"),
    ("mpeg2video", "mp4", {}, "100"),
    ("mpeg2video", "mpegts", {"rows": 720, "columns": 1280, "count": 3}, "101"),
    ("libx264", "mp4", {"bf": 2}, "102"),
    ("libx264", "mpegts", {"bf": 2}, "102"),
    ("libx264", "mp4", {"profile": "baseline"}, "102"),
    ("libx264", "mp4", {"profile": "main"}, "102"),
    ("libx264", "mp4", {"rows": 50, "columns": 66}, "102"),
    ("libx264", "mp4", {"level": "4.2"}, "104"),
    ("libx264", "mp4", {"x264-params": "frame-packing=3"}, "105"),
    ("libx264", "mp4", {"sound": "aac"}, "102"),
    ("libx264", "mpegts", {"sound": "ac3"}, "102"),
    ("libx265", "mp4", {}, "107"),
    ("libx265", "mpegts", {}, "107"),
]
_REMUXED = [
    ("libx264", "matroska", {"bf": 2}, "102", "mov"),
    ("libx264", "mov", {"bf": 2}, "102", "mov"),
    ("libx264", "h264", {"bf": 2}, "102", "mov"),
    ("libx264", "h264", {"bf": 0}, "102", "mov"),
    ("libx264", "avi", {"bf": 2}, "102", "mov"),
    ("libx265", "hevc", {}, "107", "mov"),
    ("libx265", "matroska", {}, "107", "mov"),
    ("mpeg2video", "matroska", {"bf": 2}, "100", "mpegts"),
    ("mpeg2video", "avi", {"bf": 2}, "100", "mpegts"),
    ("mpeg2video", "mov", {}, "100", "mpegts"),
]


def _told(notices) -> list[str]:
    """Codes of what is told of the stream; that the header assumes a region is another matter."""
    return [notice.code for notice in notices if notice.code != "region-assumed"]


def _embedded(ds):
    """Return the stream of a data set, after checks of how it lies there."""
    fragments = list(pydicom.encaps.generate_fragments(ds.PixelData))
    assert fragments[0] == b""  # PS3.5 8.2.5: no offset table
    assert len(fragments) == 2
    return fragments[1]


def _check(ds, syntax, data, count, decoded):
    assert ds.file_meta.TransferSyntaxUID == _UID + syntax
    assert ds.PhotometricInterpretation == "YBR_PARTIAL_420"
    assert ds.LossyImageCompression == "01"
    assert int(ds.NumberOfFrames) == count
    np.testing.assert_array_equal(pixels.decode(ds), decoded(data))


@pytest.mark.parametrize(("codec", "form", "options", "syntax"), _AS_THE_FILE_IS)
def test_goes_in_as_the_file_is(codec, form, options, syntax, video, decoded, tmp_path):
    data = video(codec, form, **options)
    notices = []
    ds = to_dicom(data, notices=notices)
    assert _told(notices) == []
    if options.get("rows", 48) < 720:  # from where FFmpeg's own colours are others
        _check(ds, syntax, data, options.get("count", 12), decoded)
    assert (ds.Rows, ds.Columns) == (options.get("rows", 48), options.get("columns", 64))
    ds.save_as(tmp_path / "video.dcm")
    written = pydicom.dcmread(tmp_path / "video.dcm")
    assert written.file_meta.TransferSyntaxUID == _UID + syntax
    assert _embedded(written) == data + b"\0" * (len(data) % 2)


@pytest.mark.parametrize(("codec", "form", "options", "syntax", "target"), _REMUXED)
def test_coded_pictures_move_bit_for_bit(codec, form, options, syntax, target, video, decoded, packets):
    data = video(codec, form, **options)
    notices = []
    ds = to_dicom(data, notices=notices)
    assert _told(notices) == ["remuxed"]
    _check(ds, syntax, data, 12, decoded)
    stream = _embedded(ds)
    with av.open(io.BytesIO(stream)) as container:
        assert container.format.name.startswith(target)
        assert len(container.streams) == 1
    assert packets(stream) == packets(data)


def test_sound_goes_along_where_it_may(video):
    def sounds(*arguments, **options):
        notices = []
        ds = to_dicom(video(*arguments, **options), notices=notices)
        with av.open(io.BytesIO(_embedded(ds))) as container:
            found = [stream.codec_context.name for stream in container.streams.audio]
        return found, _told(notices)

    assert sounds("libx264", "matroska", sound="aac") == (["aac"], ["remuxed"])
    assert sounds("libx264", "matroska", sound="ac3") == ([], ["audio-left-out", "remuxed"])
    assert sounds("libx264", "mp4", sound="aac", sound_rate=44_100) == ([], ["audio-left-out", "remuxed"])
    assert sounds("mpeg2video", "mpegts", sound="mp2") == ([], ["audio-left-out", "remuxed"])


def test_metadata_is_told_and_stripped(video, packets):
    data = video("libx264", "mp4", metadata={"title": "SECRET"})
    notices = []
    assert b"SECRET" in _embedded(to_dicom(data, notices=notices))
    assert _told(notices) == ["embedded-metadata"]
    stripped = _embedded(to_dicom(data, strip_metadata=True))
    assert b"SECRET" not in stripped
    assert packets(stripped) == packets(data)


@pytest.mark.parametrize("kind", [b"uuid", b"free", b"meta"])
@pytest.mark.parametrize("inside", [False, True], ids=["outermost", "of the track"])
def test_boxes_that_ffmpeg_does_not_read_are_stripped(kind, inside, video, packets):
    """XMP is in such."""
    data = video("libx264", "mp4", bf=2)
    box = (24).to_bytes(4, "big") + (b"XMP_" if inside and kind == b"meta" else kind) + b"SECRET".ljust(16, b".")
    if inside:
        at = data.index(b"moov") - 4
        end = at + int.from_bytes(data[at : at + 4], "big")
        user = (8 + len(box)).to_bytes(4, "big") + b"udta" + box
        size = end - at + len(user)
        data = data[:at] + size.to_bytes(4, "big") + data[at + 4 : end] + user + data[end:]
    else:
        data += box
    notices = []
    assert b"SECRET" in _embedded(to_dicom(data, notices=notices))
    assert _told(notices) == ["embedded-metadata"]
    stripped = _embedded(to_dicom(data, strip_metadata=True))
    assert b"SECRET" not in stripped
    assert packets(stripped) == packets(data)


def test_rotation_is_told(video):
    notices = []
    to_dicom(video("libx264", "mp4", rotation=90), notices=notices)
    assert _told(notices) == ["rotation"]


@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts"])
@pytest.mark.parametrize("rate", [25, 30])
def test_an_even_rate(form, rate, video):
    from filmless.convert.options import ReadOptions
    from filmless.convert.reading import contents

    (picture,) = contents(video("libx264", form, rate=rate), ReadOptions())
    assert picture.frame_times_ms == (1000 / rate,) * 12
    assert picture.facts["FrameTime"] == f"{1000 / rate:.10g}"
    ds = to_dicom(video("libx264", form, rate=rate))
    assert ds.CineRate == ds.RecommendedDisplayFrameRate == rate


@pytest.mark.parametrize(
    ("codec", "form", "rate"),
    [
        *(("libx264", "h264", 50), ("libx265", "hevc", 30), ("mpeg2video", "mpeg2video", 30)),
        *(("libx264", "h264", Fraction(1, 2)), ("libx264", "mp4", Fraction(1, 2))),
    ],
)
def test_the_rate_of_the_stream_itself(codec, form, rate, video):
    """FFmpeg says 25 of every stream without a container."""
    notices = []
    ds = to_dicom(video(codec, form, rate=rate), notices=notices)
    assert "no-frame-rate" not in _told(notices)
    assert float(ds.FrameTime) == pytest.approx(1000 / rate)
    assert ds.get("CineRate") == ds.get("RecommendedDisplayFrameRate") == (rate if rate >= 1 else None)


def test_a_stream_that_says_no_rate(video):
    data = video("libx265", "hevc", rate=50, **{"x265-params": "log-level=none:vui-timing-info=0"})
    notices = []
    ds = to_dicom(data, notices=notices)
    assert _told(notices) == ["no-frame-rate", "remuxed"]
    assert (ds.FrameTime, ds.CineRate) == (40, 25)
    ds = to_dicom(data, FrameTime="20")
    assert (ds.FrameTime, ds.CineRate) == (20, 50)


_STREAMS = [("libx264", "h264"), ("libx265", "hevc"), ("mpeg2video", "mpeg2video")]


@pytest.mark.parametrize("form", ["mpegts", "vob", "bare"])
@pytest.mark.parametrize(("codec", "bare"), _STREAMS)
@pytest.mark.parametrize("verify", [False, True])
def test_a_picture_that_is_cut(codec, bare, form, verify, video):
    """Streams say nowhere how long they are; the cut is in the midst of the last picture but two."""
    data = video(codec, bare if form == "bare" else form, rows=96, columns=128, noise=True, count=8)
    with av.open(io.BytesIO(data)) as container:
        found = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    start, size = found[-3][0], found[-3][1]
    at = start + size // 2 if start is not None and start >= 0 else len(data) * 2 // 3
    at -= at % 188 if form == "mpegts" else 0
    to_dicom(data, verify=verify)
    with pytest.raises(ConversionError, match=r"ends early|damaged|coded frames"):
        to_dicom(data[:at], verify=verify)


@pytest.mark.parametrize("form", ["mpegts", "vob", "bare"])
@pytest.mark.parametrize(
    ("codec", "bare", "options"),
    [
        ("libx264", "h264", {"x264-params": "open-gop=1:bframes=5:b-pyramid=normal"}),
        ("libx264", "h264", {"x264-params": "slices=4:cabac=0"}),
        ("libx264", "h264", {"x264-params": "interlaced=1:bframes=3"}),
        ("libx264", "h264", {"x264-params": "intra-refresh=1"}),
        ("libx265", "hevc", {"x265-params": "log-level=none:open-gop=1:bframes=5"}),
        ("mpeg2video", "mpeg2video", {"bf": 2, "flags": "+ildct+ilme"}),
    ],
)
def test_a_whole_last_picture_is_not_taken_for_a_cut_one(codec, bare, options, form, video):
    for count in (7, 14):
        data = video(codec, bare if form == "bare" else form, count=count, **options)
        check_last_picture(data, always=True)
        if form == "mpegts":  # from the midst of the stream on
            check_last_picture(data[: 3 * 188] + data[len(data) // 188 // 3 * 188 :], always=True)


def test_times_that_vary(video):
    from filmless.convert.options import ReadOptions
    from filmless.convert.reading import contents

    times = [0, 40, 80, 200, 240, 280, 320, 1000, 1040, 1080, 1120, 1160]
    (picture,) = contents(video("libx264", "matroska", times=times, bf=2), ReadOptions())
    expected = (*np.diff(times), 40)
    assert picture.frame_times_ms == pytest.approx(expected)
    assert "FrameTime" not in picture.facts


@pytest.mark.parametrize(
    ("codec", "form", "options"),
    [
        ("libvpx-vp9", "webm", {}),
        ("libsvtav1", "mp4", {"count": 4}),
        ("mpeg4", "avi", {}),
        ("prores_ks", "mov", {"pixel_format": "yuv422p10le"}),
        ("libx264", "mp4", {"pixel_format": "yuv422p"}),
        ("libx264", "mp4", {"pixel_format": "yuv444p"}),
        ("libx264", "mp4", {"level": "5.1"}),
        ("mpeg1video", "mpeg", {}),
        ("wmv2", "asf", {}),
        ("libx264", "mp4", {"x264-params": "sar=2/1"}),
        ("mpeg2video", "mpegts", {"rows": 720, "columns": 960, "count": 2}),
    ],
)
def test_what_no_transfer_syntax_carries_is_decoded(codec, form, options, video, decoded, through_file):
    data = video(codec, form, **options)
    notices = []
    ds = through_file(data, notices=notices)
    assert notices[0].code == "decoded"
    assert (ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation) == (_NATIVE, "RGB")
    assert (ds.NumberOfFrames, ds.LossyImageCompression) == (options.get("count", 12), "01")
    if ds.Rows < 720:
        np.testing.assert_array_equal(ds.pixel_array, decoded(data))


def test_grey_keeps_all_its_bits(video, decoded, through_file):
    for form, bits in (("gray", 8), ("gray16le", 16), ("gray10le", 10)):
        data = video("ffv1", "matroska", pixel_format=form)
        ds = through_file(data)
        assert (ds.PhotometricInterpretation, ds.BitsStored) == ("MONOCHROME2", bits)
        assert "LossyImageCompression" not in ds
        np.testing.assert_array_equal(ds.pixel_array, decoded(data, form))


def test_motion_jpeg_frames_go_in_as_they_are(video, through_file, packets):
    for form in ("avi", "mov", "matroska"):
        data = video("mjpeg", form, pixel_format="yuvj420p")
        ds = through_file(data)
        assert (ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation) == (f"{_UID}50", "YBR_FULL_422")
        found = list(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=12))
        coded = packets(data)
        assert len(coded) == 12
        for frame, packet in zip(found, coded, strict=True):
            assert packet.startswith(frame.rstrip(b"\0")[:-1])
        assert pixels.decode(to_dicom(data)).shape == (12, 48, 64, 3)
        assert b"AVI1" not in b"".join(
            pydicom.encaps.generate_frames(to_dicom(data, strip_metadata=True).PixelData, number_of_frames=12)
        )


def test_hevc_of_10_bits(video, packets):
    from filmless.convert.options import ReadOptions
    from filmless.convert.reading import contents

    for form, target in (("mp4", None), ("matroska", "mov")):
        data = video("libx265", form, pixel_format="yuv420p10le")
        (picture,) = contents(data, ReadOptions(verify=True))
        assert picture.stream.transfer_syntax == f"{_UID}108"
        assert (picture.bits_allocated, picture.bits_stored, picture.frames) == (16, 10, 12)
        assert (picture.stream.frames[0] == data) == (target is None)
        assert packets(picture.stream.frames[0]) == packets(data)
        ds = to_dicom(data)
        assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit) == (16, 10, 9)
        assert pixels.decode(ds).dtype == "uint16"


@pytest.mark.parametrize(("codec", "syntax"), [("libx264", "102.1"), ("mpeg2video", "100.1"), ("libx265", "107")])
def test_longer_than_a_fragment(codec, syntax, video, monkeypatch):
    """MPEG-2 and H.264 have transfer syntaxes of their own for it, HEVC may have fragments anyway."""
    from filmless.convert.options import ReadOptions
    from filmless.convert.reading import contents
    from filmless.convert.video import reading

    monkeypatch.setattr(reading, "LONGEST_FRAGMENT", 100)
    (picture,) = contents(video(codec, "mpegts"), ReadOptions())
    assert picture.stream.transfer_syntax == _UID + syntax


def test_frames_apart(video, decoded):
    from filmless.convert.options import ReadOptions
    from filmless.convert.reading import contents

    data = video("libx264", "mp4", pixel_format="yuv444p")
    found = contents(data, ReadOptions(apart=True))
    np.testing.assert_array_equal(np.concatenate([picture.pixels for picture in found]), decoded(data))
    assert all(picture.frames == 1 and picture.lossy_bytes == len(data) // 12 for picture in found)
    found = contents(video("mjpeg", "avi", pixel_format="yuvj420p"), ReadOptions(apart=True))
    assert len({picture.stream.frames for picture in found}) == 12
    assert len(contents(video("libx264", "mp4"), ReadOptions(apart=True))) == 1


def test_transport_stream_with_time_codes(video, decoded):
    """As cameras write it: remuxed, for it is none of the containers that are allowed."""
    plain = video("libx264", "mpegts", count=40)
    data = b"".join(b"\0\0\0\0" + plain[at : at + 188] for at in range(0, len(plain), 188))
    notices = []
    ds = to_dicom(data, notices=notices)
    assert _told(notices) == ["remuxed"]
    np.testing.assert_array_equal(pixels.decode(ds), decoded(plain))


def test_fields_are_counted_as_frames(video, decoded):
    data = video("libx264", "mp4", flags="+ildct+ilme", **{"x264-params": "tff=1"})
    ds = to_dicom(data)
    assert ds.NumberOfFrames == len(decoded(data)) == 12


def test_the_bound_is_for_what_is_decoded(video):
    to_dicom(video("libx264", "mp4"), max_pixels=48 * 64)
    with pytest.raises(LimitError, match="max_pixels") as caught:
        to_dicom(video("libx264", "mp4", pixel_format="yuv444p"), max_pixels=48 * 64 * 12 - 1)
    assert "H.264" in caught.value.hint
    with pytest.raises(LimitError):
        to_dicom(video("libx264", "mp4"), max_pixels=48 * 64 - 1)


@pytest.mark.parametrize(
    ("codec", "form"),
    [("libx264", "mp4"), ("libx265", "mp4"), ("libx264", "mov"), ("libx264", "matroska"), ("mpeg2video", "avi")],
)
def test_a_truncated_file_is_an_error(codec, form, video):
    data = video(codec, form)
    for size in (*range(8, 200, 17), *range(200, len(data), 97), len(data) - 1):
        with pytest.raises(ConversionError):
            to_dicom(data[:size])


def test_truncated_windows_media(video):
    """Its index, behind the pictures, may be missing."""
    data = video("wmv2", "asf")
    header = int.from_bytes(data[16:24], "little")
    end = header + int.from_bytes(data[header + 16 : header + 24], "little")
    for size in (*range(8, end, 97), end - 1):
        with pytest.raises(ConversionError):
            to_dicom(data[:size])
    assert to_dicom(data[:end]).NumberOfFrames == to_dicom(data).NumberOfFrames == 12


def test_verify_decodes_all(video):
    data = bytearray(video("libx264", "mp4", bf=0))
    to_dicom(bytes(data), verify=True)
    start = data.index(b"mdat") + 700
    data[start : start + 200] = b"\xff" * 200
    try:
        to_dicom(bytes(data))
    except ConversionError:
        return
    with pytest.raises(ConversionError):
        to_dicom(bytes(data), verify=True)


@pytest.mark.parametrize("seed", range(4))
def test_damage_is_read_or_a_typed_error(seed, video):
    from filmless.errors import DicomError

    chance = np.random.default_rng(seed)
    for arguments in (("libx264", "mp4"), ("mpeg2video", "mpegts"), ("libx265", "matroska"), ("mjpeg", "avi")):
        options = {"pixel_format": "yuvj420p"} if arguments[0] == "mjpeg" else {}
        data = bytearray(video(*arguments, **options))
        for at in chance.integers(0, min(len(data), 3000), 12):
            data[at] = chance.integers(0, 256)
        try:
            to_dicom(bytes(data), max_pixels=1 << 22)
        except DicomError:
            continue


def test_without_pyav(video, monkeypatch):
    data = video("libx264", "mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ConversionError, match="PyAV") as caught:
        to_dicom(data)
    assert caught.value.hint == "pip install filmless[video]"


def test_no_other_file_is_opened(tmp_path):
    """A playlist that names a file, in the clothes of a video, is not followed."""
    secret = tmp_path / "secret.ts"
    secret.write_bytes(b"\x47" + bytes(187))
    playlist = f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode()
    with pytest.raises(ConversionError):
        to_dicom(playlist)
    with pytest.raises(ConversionError, match="damaged or of a kind"):
        to_dicom(b"\0\0\1\xba" + playlist)


def test_dciodvfy_and_dcmtk(video, peer, tmp_path):
    path = tmp_path / "video.dcm"
    to_dicom(video("libx264", "mp4"), PatientName="A^B").save_as(path)
    told = subprocess.run([peer("dciodvfy"), path], capture_output=True, text=True, check=False)
    errors = [line for line in told.stderr.splitlines() if line.startswith("Error")]
    assert errors == []
    dump = subprocess.run([peer("dcmdump"), path], capture_output=True, text=True, check=True)
    assert "MPEG4HighProfile" in dump.stdout
    assert pixels.decode(read(path)).shape == (12, 48, 64, 3)
