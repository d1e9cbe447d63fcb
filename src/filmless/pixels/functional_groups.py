"""Multi-frame functional groups: what is said of each frame of an enhanced image (PS3.3 C.7.6.16)."""

from filmless.dataset import Dataset

__all__ = ["frame_group"]


def frame_group(ds: Dataset, keyword: str, frame: int) -> Dataset | None:
    """Return a frame's item of a functional group macro, the frame's own before the shared one.

    Parameters
    ----------
    ds
        An image; one without functional groups has none.
    keyword
        The macro's sequence: ``"FrameVOILUTSequence"``.
    frame
        Which frame, from 0.

    DICOM
    -----
    PS3.3 C.7.6.16.1.1
    """
    per_frame = ds.get("PerFrameFunctionalGroupsSequence") or ()
    own = per_frame[frame].get(keyword) if frame < len(per_frame) else None
    if own:
        return own[0]  # type: ignore[no-any-return]
    shared = ds.get("SharedFunctionalGroupsSequence")
    common = shared[0].get(keyword) if shared else None
    return common[0] if common else None
