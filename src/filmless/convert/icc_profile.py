"""ICC profiles, as far as their first bytes say what they are of."""

__all__ = ["rgb_profile"]

_HEADER_BYTES = 128


def rgb_profile(data: bytes) -> bytes | None:
    """Return a profile when it is whole and describes RGB, as PS3.3 C.11.15 wants it, without what pads it."""
    size = int.from_bytes(data[:4], "big")
    is_rgb = data[16:20] == b"RGB " and data[36:40] == b"acsp"
    return data[:size] if is_rgb and _HEADER_BYTES + 4 <= size <= len(data) else None
