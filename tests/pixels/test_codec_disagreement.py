"""A code stream and its data set that do not agree: each case on purpose, with a finding or an error."""

import imagecodecs
import numpy as np
import pytest

from filmless import pixels
from filmless.errors import CodecError, GeometryError

_J2K, _J2K_LOSSY, _SV1, _JPEG_LS = (f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 70, 80))
_VALUES = np.array([[-2048, -1, 0], [1, 100, 2047]])


def _stream(values, bits, dtype):
    return bytes(
        imagecodecs.jpeg2k_encode(values.astype(dtype), 0, codecformat="j2k", reversible=True, bitspersample=bits)
    )


def _found(image, encapsulate, syntax, stream, **attributes):
    ds = image(encapsulate(stream), syntax=syntax, **{"BitsAllocated": 16, "BitsStored": 12} | attributes)
    found = pixels.frames(ds)
    return found[0], [finding.code for finding in found.findings]


def test_signed_streams_of_few_bits_carry_their_sign(image, encapsulate):
    samples, codes = _found(image, encapsulate, _J2K, _stream(_VALUES, 12, np.int16), PixelRepresentation=1)
    assert samples.dtype == "int16"
    assert samples.tolist() == _VALUES.tolist()
    assert codes == []


def test_unsigned_streams_of_signed_data_sets_are_twos_complement(image, encapsulate):
    stream = _stream(_VALUES & 0xFFF, 12, np.uint16)
    for stored in (12, 16):
        attributes = {"PixelRepresentation": 1, "BitsStored": stored}
        samples, codes = _found(image, encapsulate, _J2K, stream, **attributes)
        assert samples.tolist() == _VALUES.tolist()
        assert "code-stream-sign" in codes
        assert ("code-stream-precision" in codes) == (stored == 16)


def test_signed_streams_of_unsigned_data_sets_keep_their_bits(image, encapsulate):
    for syntax in (_J2K, _J2K_LOSSY):
        samples, codes = _found(image, encapsulate, syntax, _stream(_VALUES, 12, np.int16))
        assert samples.dtype == "uint16"
        assert samples.tolist() == (_VALUES & 0xFFF).tolist()
        assert codes == ["code-stream-sign"]


def test_bits_beyond_those_stored(image, encapsulate):
    """Dropped from what is lossless, as from native samples; never from what is lossy, which would wrap around."""
    values = np.array([[0, 1, 4095], [4096, 4100, 0xF123]])
    lossless, codes = _found(image, encapsulate, _J2K, _stream(values, 16, np.uint16))
    assert lossless.tolist() == (values & 0xFFF).tolist()
    assert codes == ["code-stream-precision"]
    lossy, codes = _found(image, encapsulate, _J2K_LOSSY, _stream(values, 16, np.uint16))
    assert lossy.tolist() == values.tolist()
    assert codes == ["code-stream-precision"]


def test_a_high_bit_of_native_samples_is_not_that_of_a_stream(image, encapsulate):
    """Samples of a stream of 12 bits are numbers; those of one of 16 bits are words as they would be stored."""
    values = np.array([[0, 1, 4095], [7, 100, 2048]])
    samples, _ = _found(image, encapsulate, _J2K, _stream(values, 12, np.uint16), HighBit=15)
    assert samples.tolist() == values.tolist()
    words, _ = _found(image, encapsulate, _J2K, _stream(values << 4, 16, np.uint16), HighBit=15)
    assert words.tolist() == values.tolist()


@pytest.mark.parametrize(("syntax", "make"), [
    (_SV1, lambda bits, values: imagecodecs.jpeg8_encode(values, lossless=True, bitspersample=bits,
                                                         colorspace="GRAYSCALE", outcolorspace="GRAYSCALE")),
    (_JPEG_LS, lambda bits, values: __import__("jpeg_ls").encode_buffer(values.tobytes(), *values.shape, 1, bits)),
])  # fmt: skip
def test_what_has_no_sign_of_its_own(syntax, make, image, encapsulate):
    values = np.tile(_VALUES, (8, 8))
    for bits in (12, 16):
        stream = bytes(make(bits, (values & ((1 << bits) - 1)).astype(np.uint16)))
        attributes = {"PixelRepresentation": 1, "Rows": 16, "Columns": 24}
        samples, codes = _found(image, encapsulate, syntax, stream, **attributes)
        assert samples.tolist() == values.tolist()
        assert codes == ([] if bits == 12 else ["code-stream-precision"])


def test_too_many_bits(image, encapsulate):
    stream = _stream(_VALUES & 0xFFF, 12, np.uint16)
    with pytest.raises(CodecError, match="12 bits, expected at most Bits Allocated"):
        _found(image, encapsulate, _J2K, stream, BitsAllocated=8, BitsStored=8)


def test_another_size_or_number_of_components(image, encapsulate):
    stream = _stream(_VALUES & 0xFFF, 12, np.uint16)
    for wrong in ({"Rows": 3}, {"Columns": 2}):
        with pytest.raises(GeometryError, match="has rows, columns and samples"):
            _found(image, encapsulate, _J2K, stream, **wrong)
    colour = {"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_RCT", "PlanarConfiguration": 0}
    with pytest.raises(GeometryError, match=r"\(2, 3, 1\), expected \(2, 3, 3\)"):
        _found(image, encapsulate, _J2K, stream, **colour)
    with pytest.raises(GeometryError, match=r"\(2, 3, 3\), expected \(2, 3, 1\)"):
        _found(image, encapsulate, _J2K, _stream(np.zeros((2, 3, 3)), 8, np.uint8))
