"""MP4, read back by FFmpeg."""

import io
import sys

import av
import numpy as np
import pytest

from filmless.convert import from_dicom, to_dicom
from filmless.errors import UnsupportedError
from filmless.pixels import render


def _read(data: bytes) -> tuple[list[np.ndarray], list[float], dict[str, object]]:
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        about = {
            "codec": stream.codec_context.name,
            "format": stream.codec_context.pix_fmt,
            "seconds": container.duration / 1e6,
        }
        about |= {"size": (stream.height, stream.width), "rate": stream.average_rate, "tags": stream.metadata}
        times = [float(frame.pts * frame.time_base) for frame in frames]
        return [frame.to_ndarray(format="rgb24") for frame in frames], times, about


def test_frames_times_and_sides(moving_grey):
    ds = moving_grey(FrameTime=40)
    frames, times, about = _read(from_dicom(ds, "mp4", quality=90))
    assert times == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert about["seconds"] == pytest.approx(0.2)
    assert (about["codec"], about["format"], about["size"], about["rate"]) == ("h264", "yuv420p", (32, 18), 25)
    for number, frame in enumerate(frames):
        picture = render(ds, number).astype(int)
        assert np.abs(frame[:31, :17, 1] - picture).mean() < 2
        assert np.abs(frame[31, :17, 1] - picture[30]).mean() < 3  # made even by repeating


def test_times_of_their_own(moving_grey):
    ds = moving_grey(FrameTimeVector=[0, 100, 300, 50, 20])
    _, times, about = _read(from_dicom(ds, "mp4"))
    assert times == pytest.approx([0, 0.1, 0.4, 0.45, 0.47], abs=1e-4)
    assert about["seconds"] == pytest.approx(0.49, abs=1e-3)


def test_colours_are_those_of_the_picture():
    colours = np.array([(255, 0, 0), (0, 255, 0), (10, 20, 250), (128, 64, 32)], np.uint8)
    ds = to_dicom(np.broadcast_to(colours[:, None, None], (4, 32, 32, 3)).copy())
    frames, _, _ = _read(from_dicom(ds, "mp4", fps=10))
    for frame, colour in zip(frames, colours, strict=True):
        assert np.abs(frame[16, 16].astype(int) - colour).max() <= 4


def test_quality_is_size(moving_colours):
    sizes = [len(from_dicom(moving_colours(), "mp4", quality=quality)) for quality in (10, 65, 100)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3


def test_the_same_frames_give_the_same_file(moving_grey):
    data = from_dicom(moving_grey(), "mp4")
    assert b"Lavf" not in data  # nor a time
    assert data == from_dicom(moving_grey(), "mp4")


def test_without_pyav(moving_grey, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UnsupportedError, match=r"hint: pip install filmless\[video\]"):
        from_dicom(moving_grey(), "mp4", tmp_path / "out.mp4")
    assert not list(tmp_path.iterdir())


def test_a_video_is_decoded_once(encapsulated, film, monkeypatch):
    from filmless.pixels.codecs.video import VideoStream

    opened = []
    plain = VideoStream._open
    monkeypatch.setattr(VideoStream, "_open", lambda self, frame: opened.append(frame) or plain(self, frame))
    ds = encapsulated("1.2.840.10008.1.2.4.102", [film("libx264", "mp4")], NumberOfFrames=6)
    ds.PhotometricInterpretation = "YBR_PARTIAL_420"
    notices = []
    frames, _, _ = _read(from_dicom(ds, "mp4", fps=25, notices=notices))
    assert opened == [0]
    assert [notice.code for notice in notices] == ["encoded-again"]
    assert [round(float(frame.mean()), -1) for frame in frames] == [0, 30, 60, 90, 120, 150]
