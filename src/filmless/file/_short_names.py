"""Short names of transfer syntaxes, as people say and type them."""

__all__ = ["SHORT_NAMES", "keyword_of"]

SHORT_NAMES = {
    "implicit": "ImplicitVRLittleEndian",
    "explicit": "ExplicitVRLittleEndian",
    "big-endian": "ExplicitVRBigEndian",
    "deflated": "DeflatedExplicitVRLittleEndian",
    "encapsulated": "EncapsulatedUncompressedExplicitVRLittleEndian",
    "rle": "RLELossless",
    "deflated-frame": "DeflatedImageFrameCompression",
    "jpeg": "JPEGBaseline8Bit",
    "jpeg-12": "JPEGExtended12Bit",
    "jpeg-lossless": "JPEGLosslessSV1",
    "jpeg-lossless-14": "JPEGLossless",
    "jpeg-ls": "JPEGLSLossless",
    "jpeg-ls-lossy": "JPEGLSNearLossless",
    "j2k": "JPEG2000Lossless",
    "j2k-lossy": "JPEG2000",
    "htj2k": "HTJ2KLossless",
    "htj2k-rpcl": "HTJ2KLosslessRPCL",
    "htj2k-lossy": "HTJ2K",
    "jxl": "JPEGXLLossless",
    "jxl-lossy": "JPEGXL",
    "jxl-jpeg": "JPEGXLJPEGRecompression",
}
"""Short names of all transfer syntaxes that are written, and their keywords."""

_KEYWORDS = frozenset(SHORT_NAMES.values())


def keyword_of(name: str) -> str:
    """Return the keyword for a short name or a keyword in any case; all else, as a UID, as it is.

    Examples
    --------
    >>> keyword_of("jpeg-ls"), keyword_of("1.2.840.10008.1.2.5")
    ('JPEGLSLossless', '1.2.840.10008.1.2.5')
    """
    if name in _KEYWORDS:  # before short names: HTJ2K is the keyword of the lossy one
        return name
    small = name.lower()
    return SHORT_NAMES.get(small) or next((one for one in _KEYWORDS if one.lower() == small), name)
