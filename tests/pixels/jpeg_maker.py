"""JPEG streams that no encoder at hand makes: lossless with any predictor and point transform, spectral selection.

Plain readings of ISO/IEC 10918-1, so that what is decoded is compared with another reading of it.
"""

import io

import numpy as np
from PIL import Image

_ZIGZAG = sorted(range(64), key=lambda at: (sum(divmod(at, 8)), (at // 8 if sum(divmod(at, 8)) % 2 else at % 8)))


class _Writer:
    def __init__(self):
        self.text = []

    def put(self, value, count):
        if count:
            self.text.append(format(value, f"0{count}b"))

    def signed(self, value, size):
        self.put(value if value > 0 else value + (1 << size) - 1, size)

    def data(self):
        text = "".join(self.text)
        text += "1" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0") if text else b""


def segment(marker, content):
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _table(kind, count, length):
    """Give each of the symbols a code of the same length, the symbol itself: F.2.2.3."""
    lengths = bytes([count if at == length else 0 for at in range(1, 17)])
    return segment(0xC4, bytes([kind << 4]) + lengths + bytes(range(count)))


def _frame(process, bits, shape):
    return segment(
        0xC0 + process, bytes([bits, *shape[0].to_bytes(2, "big"), *shape[1].to_bytes(2, "big"), 1, 1, 0x11, 0])
    )


def _predicted(samples, predictor, start):
    """H.1.2.1: the first sample from half the range, the first row from the left, the first column from above."""
    a = np.pad(samples, ((0, 0), (1, 0)))[:, :-1]
    b = np.pad(samples, ((1, 0), (0, 0)))[:-1]
    c = np.pad(samples, ((1, 0), (1, 0)))[:-1, :-1]
    out = [None, a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][predictor].copy()
    out[0] = a[0]
    out[:, 0] = b[:, 0]
    out[0, 0] = start
    return out


def lossless(samples, bits, *, predictor=1, point_transform=0):
    """Encode a grey picture by process 14."""
    shifted = samples.astype(np.int64) >> point_transform
    difference = (shifted - _predicted(shifted, predictor, 1 << bits - point_transform - 1)) & 0xFFFF
    difference = np.where(difference > 0x8000, difference - 0x10000, difference)
    writer = _Writer()
    for value in difference.ravel().tolist():
        size = abs(value).bit_length()
        writer.put(size, 5)
        if size < 16:  # of the difference 32768 nothing follows
            writer.signed(value, size)
    scan = segment(0xDA, bytes([1, 1, 0, predictor, 0, point_transform]))
    return b"\xff\xd8" + _frame(3, bits, samples.shape) + _table(0, 17, 5) + scan + writer.data() + b"\xff\xd9"


def _coefficients(samples, bits):
    """Cosine transform of each block, quantised by 1, in zigzag order: A.3.3."""
    rows, columns = samples.shape
    padded = np.pad(samples, ((0, -rows % 8), (0, -columns % 8)), mode="edge") - float(1 << bits - 1)
    blocks = padded.reshape(padded.shape[0] // 8, 8, -1, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
    at = np.arange(8)
    basis = np.cos((2 * at[None] + 1) * at[:, None] * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    return np.rint(basis @ blocks @ basis.T).astype(int).reshape(-1, 64)[:, _ZIGZAG]


def _first(blocks):
    writer, last = _Writer(), 0
    for value in blocks[:, 0].tolist():
        difference, last = value - last, value
        size = abs(difference).bit_length()
        writer.put(size, 5)
        writer.signed(difference, size)
    return writer.data()


def _band(blocks, start, end):
    """Run and size of each coefficient, symbols of 8 bits: run * 15 + size; G.1.2.2 with symbols of our own order."""
    writer = _Writer()
    for block in blocks[:, start : end + 1].tolist():
        run = 0
        for value in block:
            if value == 0:
                run += 1
                continue
            while run > 15:
                writer.put(_SYMBOLS.index(0xF0), 8)
                run -= 16
            size = abs(value).bit_length()
            writer.put(_SYMBOLS.index(run << 4 | size), 8)
            writer.signed(value, size)
            run = 0
        if run:
            writer.put(_SYMBOLS.index(0), 8)
    return writer.data()


_SYMBOLS = [0, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 15))]


def spectral(samples, bits=8):
    """Encode a grey picture by spectral selection: the first coefficients, then two bands of the others."""
    blocks = _coefficients(samples, bits)
    lengths = bytes([len(_SYMBOLS) if at == 8 else 0 for at in range(1, 17)])
    out = b"\xff\xd8" + segment(0xDB, bytes([0, *[1] * 64])) + _frame(2, bits, samples.shape)
    out += _table(0, 16, 5) + segment(0xC4, b"\x10" + lengths + bytes(_SYMBOLS))
    out += segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + _first(blocks)
    for start, end in ((1, 5), (6, 63)):
        out += segment(0xDA, bytes([1, 1, 0, start, end, 0])) + _band(blocks, start, end)
    return out + b"\xff\xd9"


def progressive(samples, *, successive=True):
    """Encode a grey picture of 8 bits by spectral selection, with successive approximation or without."""
    if not successive:
        return spectral(samples)
    target = io.BytesIO()
    Image.fromarray(samples).save(target, "JPEG", quality=100, progressive=True)
    return target.getvalue()
