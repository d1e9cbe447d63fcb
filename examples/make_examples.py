"""Draws the pictures beside this file, one of each format that filmless converts; none shows a real person.

Run it as ``python examples/make_examples.py``; the same libraries make the same bytes.
"""

import struct
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
MOST_BYTES = 60_000

Field = NDArray[np.float64]  # on the pixel grid


def grid(rows: int, columns: int) -> tuple[Field, Field]:
    """x to the right and y downward, the shorter side from -1 to 1."""
    scale = 2 / min(rows, columns)
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    return (x - (columns - 1) / 2) * scale, (y - (rows - 1) / 2) * scale


def soft(distance: Field, edge: float) -> Field:
    """From 1 inside (negative distance) to 0 outside, over an edge of this width."""
    return 1 / (1 + np.exp(np.clip(distance / edge, -40, 40)))


def ellipse(x: Field, y: Field, at: Sequence[float], edge: float = 0.008) -> Field:
    """A filled ellipse: centre, half axes, angle in degrees."""
    cx, cy, a, b, degrees = at
    angle = np.radians(degrees)
    u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
    v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
    return soft((np.hypot(u / a, v / b) - 1) * min(a, b), edge)


def line(x: Field, y: Field, points: Field, width: float) -> Field:
    """A soft line through points (n, 2)."""
    distance = np.full(x.shape, np.inf)
    for (x0, y0), (x1, y1) in pairwise(points):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
        distance = np.minimum(distance, np.hypot(x - x0 - along * dx, y - y0 - along * dy))
    return soft(distance - width, width / 3)


def grain(shape: tuple[int, int], seed: int) -> Field:
    """Noise, the same on every machine, from -1 to 1."""
    return np.random.Generator(np.random.PCG64(seed)).random(shape) * 2 - 1


def blur(field: Field, times: int) -> Field:
    """Smooth with a box of three, repeatedly."""
    for _ in range(times):
        for axis in (0, 1):
            field = (np.roll(field, 1, axis) + field + np.roll(field, -1, axis)) / 3
    return field


def caption(shape: tuple[int, int], text: str, size: int = 13, at: tuple[int, int] = (8, 6)) -> Field:
    """The coverage of a line of text, 0 to 1."""
    image = Image.new("L", shape[::-1])
    ImageDraw.Draw(image).text(at, text, fill=255, font=ImageFont.load_default(size))
    return np.asarray(image) / 255


def grey8(field: Field) -> NDArray[np.uint8]:
    """8-bit samples of a field from 0 to 1."""
    return np.round(np.clip(field, 0, 1) * 255).astype(np.uint8)


def head(path: Path) -> None:
    """PNG, 8-bit grey: the phantom of Shepp and Logan with Toft's contrasts."""
    x, y = grid(448, 448)
    x, y = x * 1.08, y * 1.08
    ellipses = [
        (1.0, 0, 0, 0.69, 0.92, 0), (-0.8, 0, 0.0184, 0.6624, 0.874, 0), (-0.2, 0.22, 0, 0.11, 0.31, 18),
        (-0.2, -0.22, 0, 0.16, 0.41, -18), (0.1, 0, -0.35, 0.21, 0.25, 0), (0.1, 0, -0.1, 0.046, 0.046, 0),
        (0.1, 0, 0.1, 0.046, 0.046, 0), (0.1, -0.08, 0.605, 0.046, 0.023, 0), (0.1, 0, 0.606, 0.023, 0.023, 0),
        (0.1, 0.06, 0.605, 0.023, 0.046, 0),
    ]  # fmt: skip
    field = np.clip(np.sum([0.95 * value * ellipse(x, y, at, 0.004) for value, *at in ellipses], 0), 0, 1)
    Image.fromarray(grey8(np.maximum(field, caption(field.shape, "HEAD PHANTOM  8-bit PNG")))).save(path, optimize=True)


def chest(path: Path) -> None:
    """TIFF, 16-bit grey: a chest radiograph, drawn."""
    x, y = grid(288, 264)
    body = ellipse(x, y, (0, 0.35, 0.96, 1.15, 0), 0.03) + 0.5 * ellipse(x, y, (0, -0.9, 0.24, 0.5, 0), 0.03)
    field = 0.62 * np.clip(body, 0, 1)
    for side in (-1, 1):
        lung = ellipse(x, y, (side * 0.43, 0.06, 0.3, 0.68, side * -7), 0.03)
        field -= 0.44 * lung
        for rib in range(8):
            t = np.linspace(0, 1, 24)
            bow = np.stack([side * (0.1 + 0.72 * np.sin(t * 2.1)), -0.62 + rib * 0.185 + 0.5 * t**1.6 - 0.12 * t], -1)
            field += 0.085 * line(x, y, bow, 0.024) * np.clip(body, 0, 1)
        collar = np.array([[side * 0.06, -0.66], [side * 0.4, -0.74], [side * 0.84, -0.82]])
        field += 0.16 * line(x, y, collar, 0.035) * np.clip(body, 0, 1)
        for branch in range(7):
            tip = np.radians(-70 + branch * 24)
            reach = 0.2 + 0.07 * (branch % 3)
            root = np.array([side * 0.17, 0.02])
            end = root + reach * np.array([side * np.cos(tip), np.sin(tip)])
            field += 0.07 * line(x, y, np.stack([root, end]), 0.014) * lung
    field += 0.2 * ellipse(x, y, (0.13, 0.38, 0.3, 0.38, 35), 0.03)
    field += 0.22 * ellipse(x, y, (0, 0.95, 0.92, 0.36, 0), 0.03)
    field += 0.16 * soft(np.abs(x) - 0.075, 0.012) * (0.75 + 0.25 * np.cos(y * 42))
    samples = np.round(np.clip(blur(field, 2), 0.02, 0.98) * 4095) * 16  # 12 bits of signal
    samples = np.maximum(samples, np.round(caption(field.shape, "CHEST  16-bit TIFF") * 4000) * 16)
    tifffile.imwrite(
        path,
        samples.astype(np.uint16),
        compression="deflate",
        predictor=True,
        metadata=None,
        photometric="minisblack",
        resolution=(50, 50),
        resolutionunit="CENTIMETER",
        software=False,
    )


def vessel(
    x: Field, y: Field, start: tuple[float, float], heading: float, bend: float, width: float, depth: int
) -> Field:
    """A vessel of the retina with its branches."""
    points = [np.array(start)]
    for step in range(14):
        angle = heading + bend * step / 14 + 0.1 * np.sin(step * 1.3 + depth * 2 + heading)
        points.append(points[-1] + 0.05 * (0.6 + 0.4 * depth / 3) * np.array([np.cos(angle), np.sin(angle)]))
    field = line(x, y, np.array(points), width)
    if depth > 0:
        for at, turn in ((5, 0.7), (9, -0.65), (13, 0.3)):
            begin = (float(points[at][0]), float(points[at][1]))
            field = np.maximum(
                field, vessel(x, y, begin, heading + bend * at / 14 + turn, bend, width * 0.62, depth - 1)
            )
    return field


def retina(path: Path) -> None:
    """JPEG, baseline, colour: the fundus of an eye, drawn."""
    x, y = grid(420, 480)
    radius = np.hypot(x, y)
    eye = soft(radius - 0.94, 0.008)
    shade = 1.05 - 0.45 * radius**2 + 0.04 * blur(grain(x.shape, 7), 6) * 4
    red, green, blue = 0.86 * shade, 0.40 * shade, 0.17 * shade
    disc = (0.47, -0.03)
    macula = np.exp(-(((x + 0.3) ** 2 + (y - 0.03) ** 2) / 0.045))
    red, green, blue = red - 0.25 * macula, green - 0.19 * macula, blue - 0.09 * macula
    vessels = np.zeros(x.shape)
    for heading, bend, width in ((-2.0, -0.75, 0.017), (2.0, 0.75, 0.017), (-1.1, 0.5, 0.012), (1.1, -0.5, 0.012)):
        vessels = np.maximum(vessels, vessel(x, y, disc, heading, bend, width, 3))
    vessels *= 1 - np.exp(-((((x + 0.3) ** 2 + (y - 0.03) ** 2) / 0.05) ** 2))  # the macula has none
    red, green, blue = red - 0.34 * vessels, green - 0.27 * vessels, blue - 0.1 * vessels
    glow, cup = ellipse(x, y, (*disc, 0.125, 0.145, 0), 0.012), ellipse(x, y, (*disc, 0.06, 0.07, 0), 0.02)
    pale = 1 - 0.55 * vessels
    red = red * (1 - glow) + glow * pale * (0.97 + 0.03 * cup)
    green = green * (1 - glow) + glow * pale * (0.74 + 0.18 * cup)
    blue = blue * (1 - glow) + glow * pale * (0.42 + 0.3 * cup)
    text = caption(x.shape, "FUNDUS  baseline JPEG")
    picture = np.stack([np.maximum(channel * eye, text) for channel in (red, green, blue)], -1)
    Image.fromarray(grey8(picture)).save(path, quality=88, subsampling="4:2:0", optimize=True)


def doppler(path: Path) -> None:
    """BMP, 8 bits with a palette: ultrasound, with flow in red and blue."""
    rows, columns = 230, 250
    x, y = grid(rows, columns)
    depth, angle = np.hypot(x, y + 1.3), np.arctan2(x, y + 1.3)
    fan = (np.abs(angle) < 0.62) & (depth > 0.42) & (depth < 2.22)
    speckle = blur(grain(x.shape, 3), 1) * 1.6
    tissue = 0.34 + 0.16 * np.sin(depth * 9 + 1.5 * np.sin(angle * 5)) - 0.1 * depth
    u, v = x - 0.02, y - 0.18
    turn = np.arctan2(v, u)
    swirl = np.hypot(u / 0.52, v / 0.42)
    flow = np.sin(turn + 3.2 * swirl) * np.exp(-((swirl - 0.45) ** 2) / 0.16)
    wall = np.exp(-((swirl - 1.12) ** 2) / 0.012)
    grey = np.clip(tissue * (1 + speckle) * (swirl > 1) + 0.55 * wall + 0.05, 0, 1)
    # Palette: 0-127 grey, 128-255 velocity from blue over black to red and yellow.
    speed = np.linspace(-1, 1, 128)
    warm, cool = np.clip(speed, 0, 1), np.clip(-speed, 0, 1)
    colours = np.stack([warm**0.6, np.clip(warm * 1.7 - 0.7, 0, 1) + np.clip(cool * 1.6 - 0.7, 0, 1), cool**0.6], -1)
    palette = np.concatenate([np.repeat(np.linspace(0, 1, 128)[:, None], 3, 1), colours])
    index = np.round(grey * 127)
    moving = (swirl < 1) & (np.abs(flow) > 0.1)
    index = np.where(moving, 128 + np.round((np.clip(flow * 1.1, -1, 1) + 1) / 2 * 127), index) * fan
    bar = (x > 1.0) & (x < 1.05) & (np.abs(y) < 0.5)
    index = np.where(bar, 128 + np.round((0.5 - y) * 127), index)
    index = np.where(caption((rows, columns), "DOPPLER  8-bit BMP", 12, (8, rows - 22)) > 0.4, 127, index)
    image = Image.fromarray(index.astype(np.uint8), "P")
    image.putpalette(grey8(palette).tobytes())
    image.save(path)


def heart(path: Path) -> None:
    """GIF, 16 frames: the short axis of a beating heart."""
    x, y = grid(200, 200)
    frames = []
    speckle = blur(grain(x.shape, 11), 2)
    for number in range(16):
        squeeze = 0.5 - 0.5 * np.cos(2 * np.pi * number / 16)
        inner, outer = 0.34 - 0.13 * squeeze, 0.5 - 0.04 * squeeze
        chest_wall = 0.4 * (ellipse(x, y, (0, 0, 1.05, 0.95, 0), 0.02) - ellipse(x, y, (0, 0, 0.93, 0.82, 0), 0.02))
        right = ellipse(x, y, (-0.42, -0.02, 0.34 - 0.06 * squeeze, 0.5 - 0.06 * squeeze, 12), 0.02)
        left = ellipse(x, y, (0.13, 0.05, outer, outer * 0.97, 0), 0.02)
        blood = ellipse(x, y, (0.13, 0.05, inner, inner, 0), 0.02)
        field = 0.08 + chest_wall + 0.62 * right * (1 - left) + 0.27 * left * (1 - blood) + 0.85 * blood
        for turn in (2.3, 0.6):
            at = (0.13 + 0.6 * inner * np.cos(turn), 0.05 + 0.6 * inner * np.sin(turn), 0.06, 0.06, 0)
            field -= 0.5 * ellipse(x, y, at, 0.015)
        field = np.maximum(field + 0.05 * speckle * (field > 0.1), caption(field.shape, "CINE  GIF, 16 frames", 12))
        frames.append(Image.fromarray((grey8(field) >> 4) * 17))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=60, loop=0, optimize=True)


def beat(t: Field) -> Field:
    """The voltage of one lead over a heartbeat, t from 0 to 1: P, Q, R, S and T."""
    waves = [(0.12, 0.18, 0.025), (-0.13, 0.29, 0.008), (1.0, 0.32, 0.0115), (-0.28, 0.35, 0.01), (0.28, 0.55, 0.042)]
    total: Field = np.sum([size * np.exp(-(((t - at) / width) ** 2)) for size, at, width in waves], axis=0)
    return total


def record(kind: int, content: bytes) -> bytes:
    """One record of an Enhanced Metafile ([MS-EMF] 2.3): its kind, its size, and what it holds."""
    return struct.pack("<II", kind, 8 + len(content)) + content


def polyline(points: Sequence[tuple[int, int]]) -> bytes:
    """EMR_POLYLINE16, which stays open."""
    flat = [number for point in points for number in point]
    bounds = (min(flat[::2]), min(flat[1::2]), max(flat[::2]), max(flat[1::2]))
    return record(87, struct.pack(f"<4iI{len(flat)}h", *bounds, len(points), *flat))


def pen(index: int, width: int, colour: tuple[int, int, int]) -> bytes:
    """EMR_CREATEPEN of a solid pen, and EMR_SELECTOBJECT of it."""
    return record(38, struct.pack("<IIii3Bx", index, 0, width, 0, *colour)) + record(37, struct.pack("<I", index))


WIDTHS = {"C": 260, "E": 240, "F": 220, "G": 280, "I": 100, "M": 300, " ": 100}


def letters(text: str, at: tuple[int, int]) -> bytes:
    """EMR_EXTTEXTOUTW, each letter as wide as in Arial of 360 units."""
    coded = text.encode("utf-16-le")
    coded += b"\0" * (len(coded) % 4)
    start = 76  # of the text, in the record
    spacing = start + len(coded)
    head = struct.pack("<4iIff", 0, 0, -1, -1, 1, 1.0, 1.0)
    return record(
        84,
        head
        + struct.pack("<2iIII4iI", *at, len(text), start, 0, 0, 0, -1, -1, spacing)
        + coded
        + struct.pack(f"<{len(text)}I", *(WIDTHS[letter] for letter in text)),
    )


def ecg(path: Path) -> None:
    """EMF of lines and letters: an electrocardiogram on its paper, in hundredths of a millimetre."""
    width, height = 11_000, 6_000
    fine, coarse, ink = (250, 218, 210), (236, 160, 150), (24, 24, 48)
    body = record(17, struct.pack("<I", 8))  # MM_ANISOTROPIC
    body += record(9, struct.pack("<2i", width, height)) + record(11, struct.pack("<2i", 440, 240))
    body += record(18, struct.pack("<I", 1))  # transparent behind letters
    for index, (step, thick, colour) in enumerate(((100, 8, fine), (500, 14, coarse)), 1):
        body += pen(index, thick, colour)
        body += b"".join(polyline([(x, 0), (x, height)]) for x in range(0, width + 1, step))
        body += b"".join(polyline([(0, y), (width, y)]) for y in range(0, height + 1, step))
    body += pen(3, 36, ink) + record(24, struct.pack("<3Bx", *ink))
    face = "Arial".encode("utf-16-le").ljust(64, b"\0")
    font = struct.pack("<5i8B", -360, 0, 0, 0, 400, 0, 0, 0, 0, 0, 0, 0, 0) + face
    body += record(82, struct.pack("<I", 4) + font.ljust(320, b"\0")) + record(37, struct.pack("<I", 4))
    for name, base, gain in (("I", 2400, 1100), ("II", 4600, 1650)):
        column = np.arange(0, width + 1, 20)
        row = np.round(base - gain * beat((column / 2625) % 1) - 50 * np.sin(column / 1500)).astype(int)
        body += polyline(list(zip(column.tolist(), row.tolist(), strict=True)))
        body += letters(name, (250, base - 800))
    body += letters("ECG  EMF", (250, 200))
    path.write_bytes(emf(body, width, height))


def emf(body: bytes, width: int, height: int) -> bytes:
    """An Enhanced Metafile ([MS-EMF]) of these records, its size in hundredths of a millimetre."""
    end = struct.pack("<IIIII", 14, 20, 0, 16, 20)
    device = (1920, 1080, 480, 270)  # pixels, mm: 4 pixels a millimetre
    bounds = (0, 0, width // 25 - 1, height // 25 - 1)
    size, records, position = 88 + len(body) + len(end), 2, 0
    while position < len(body):
        position += int.from_bytes(body[position + 4 : position + 8], "little")
        records += 1
    frame = (0, 0, width, height)
    header = struct.pack(
        "<II4i4iIIIIHHIII4i", 1, 88, *bounds, *frame, 0x464D4520, 0x10000, size, records, 5, 0, 0, 0, 0, *device
    )
    return header + body + end


PICTURES: dict[str, Callable[[Path], None]] = {
    "head.png": head,
    "chest.tif": chest,
    "retina.jpg": retina,
    "doppler.bmp": doppler,
    "heart.gif": heart,
    "ecg.emf": ecg,
}


def main() -> None:
    """Draw all, or those named."""
    for name in sys.argv[1:] or PICTURES:
        path = HERE / name
        PICTURES[name](path)
        size = path.stat().st_size
        print(f"{path.name}: {size} bytes")
        if size > MOST_BYTES:
            sys.exit(f"{path.name} is larger than {MOST_BYTES} bytes")


if __name__ == "__main__":
    main()
