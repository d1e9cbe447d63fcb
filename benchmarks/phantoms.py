"""Pictures with the statistics of real ones, made of ellipses and noise: nobody was ever scanned for them.

What matters to a codec is how smooth a picture is and how much noise lies on it. The noise is set so that lossless
codecs reach what they reach on such images of patients: 2 to 3 to 1 on a CT, 3 to 4 to 1 on a mammogram.
"""

import numpy as np
from numpy.typing import NDArray

CT_SHAPE = (512, 512)
MAMMOGRAM_SHAPE = (4096, 3328)
BITS_STORED = 12
_CT_NOISE = 46.0  # HU, before the kernel smooths it to less than half
_FILM = 4095


def ct(number: int = 0) -> NDArray[np.int16]:
    """Give a slice through a chest of 512x512 in HU, -1024 to 3071; slices of other numbers differ in all pixels."""
    y, x = np.mgrid[-1:1:512j, -1:1:512j].astype(np.float32)
    swing = float(np.sin(number / 40))
    hu = np.full(CT_SHAPE, -1000, np.float32)
    for (row, column), (height, width), value in (
        ((0.0, 0.0), (0.62, 0.86), -95),  # fat
        ((0.0, 0.0), (0.56, 0.80), 45),  # muscle
        ((-0.05, -0.38), (0.40 + 0.04 * swing, 0.27), -860),  # lungs
        ((-0.05, 0.38), (0.38 - 0.03 * swing, 0.26), -850),
        ((-0.12, 0.06), (0.22, 0.20 + 0.02 * swing), 55),  # heart
        ((0.36, 0.0), (0.11, 0.10), 320),  # vertebra
        ((0.38, 0.0), (0.04, 0.035), 20),
        ((0.14, -0.08), (0.045, 0.045), 180),  # aorta
        ((0.82, 0.0), (0.03, 0.95), -420),  # table
    ):
        hu[((y - row) / height) ** 2 + ((x - column) / width) ** 2 < 1] = value
    random = np.random.default_rng(1000 + number)
    texture = _cloud(random, CT_SHAPE, slope=1.6)
    lung = (hu < -700) & (hu > -900)
    hu += np.where(lung, 70, 9) * texture
    hu += np.where(hu < -950, 32, _CT_NOISE) * _grain(random, CT_SHAPE)
    return np.clip(np.rint(_blurred(hu)), -1024, 3071).astype(np.int16)


def mammogram() -> NDArray[np.uint16]:
    """Give a breast of 4096x3328 pixels of 12 bits; the background is black, as images for presentation have it."""
    rows, columns = MAMMOGRAM_SHAPE
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, columns, dtype=np.float32)[None, :]
    inside = np.clip(1 - (y / 0.86) ** 2 - (x / 0.88) ** 2, 0, 1)
    random = np.random.default_rng(7)
    thickness = np.minimum(1, inside * 6) ** 0.7
    tissue = 1500 + 1300 * inside + 330 * _cloud(random, MAMMOGRAM_SHAPE, slope=1.5)
    picture = thickness * (tissue + 31 * _grain(random, MAMMOGRAM_SHAPE))
    film: NDArray[np.uint16] = np.clip(np.rint(picture), 0, _FILM).astype(np.uint16)
    return film


def photograph(number: int = 0, shape: tuple[int, int] = (3000, 4000)) -> NDArray[np.uint8]:
    """Give a colour picture as cameras make them: smooth parts, edges, and a little noise."""
    rows, columns = shape
    random = np.random.default_rng(500 + number)
    y, x = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j].astype(np.float32)
    light = 130 + 60 * x - 40 * y
    for _ in range(12):
        row, column = random.uniform(0, 1, 2).tolist()
        radius = float(random.uniform(0.03, 0.2))
        light[(y - row) ** 2 + (x - column) ** 2 < radius**2] += float(random.uniform(-50, 50))
    picture = np.stack([light + 9 * _cloud(random, shape, slope=1.4) for _ in range(3)], axis=-1)
    picture += 2.2 * random.standard_normal(picture.shape, dtype=np.float32)
    colours: NDArray[np.uint8] = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return colours


def _grain(random: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float32]:
    return random.standard_normal(shape, dtype=np.float32)


def _cloud(random: np.random.Generator, shape: tuple[int, int], *, slope: float) -> NDArray[np.float32]:
    """Noise whose amplitude falls with frequency, as that of tissue does; mean 0, deviation 1."""
    rows, columns = (length // 4 for length in shape)
    spectrum = np.fft.rfft2(_grain(random, (rows, columns)))
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None] * rows, np.fft.rfftfreq(columns)[None, :] * columns)
    coarse = np.fft.irfft2(spectrum / np.maximum(frequency, 1) ** slope, s=(rows, columns))
    coarse = (coarse - coarse.mean()) / coarse.std()
    return np.repeat(np.repeat(coarse.astype(np.float32), 4, axis=0), 4, axis=1)


def _blurred(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spread each pixel over its neighbours, as the kernel of a reconstruction does."""
    for axis in (0, 1):
        picture = 0.6 * picture + 0.2 * (np.roll(picture, 1, axis) + np.roll(picture, -1, axis))
    return picture
