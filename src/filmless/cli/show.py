"""`filmless show`: a picture in the terminal."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from filmless.cli.pictures import rendering_given, rendering_options
from filmless.cli.reporting import Batch
from filmless.cli.screen import Protocol, Screen, screen_of
from filmless.cli.sources import read_source
from filmless.dataset import Dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

__all__ = ["show"]

#: Rows of the screen that a picture leaves: its title, and the prompt behind it.
_LEFT = 2


@click.command(short_help="Show pictures in the terminal.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--frame", type=click.IntRange(min=0), metavar="N", help="Which frame, from 0; the middle one otherwise.")
@rendering_options
@click.option(
    "--protocol",
    type=click.Choice(["auto", *get_args(Protocol)]),
    default="auto",
    help="How: half blocks, or pixels where the terminal says it can.",
)
@click.option("--width", type=click.IntRange(1, 10_000), metavar="N", help="Columns to fill; all of them otherwise.")
def show(
    files: tuple[str, ...],
    frame: int | None,
    window: str | None,
    voi: str | None,
    state: str | None,
    plain: bool,
    protocol: str,
    width: int | None,
) -> None:
    """Show a frame of FILEs in the terminal; - is standard input.

    Pixels by the protocol of kitty or sixel where the terminal says it can, else half blocks in its colours, or letters
    where there are none (NO_COLOR, TERM=dumb). The line above a picture says nothing of the patient.
    """
    rendering = rendering_given(window=window, voi=voi, state=state, plain=plain)
    chosen: Protocol | None = next((name for name in get_args(Protocol) if name == protocol), None)
    screen: Screen | None = None
    batch = Batch()
    for path in files:
        with batch.file(path):
            dataset = read_source(path)
            title, picture = _rendered(dataset, frame, rendering)
            screen = screen or screen_of(sys.stdout, protocol=chosen)
            # Cut: a second line would push the picture out of the screen.
            sys.stdout.write(f"{_printable(Path(path).name)}: {title}"[: screen.columns] + "\n")
            for part in _shown(picture, screen, width):
                sys.stdout.write(part)
    batch.finish()


def _rendered(dataset: Dataset, frame: int | None, rendering: dict[str, Any]) -> tuple[str, "Picture"]:
    from filmless.pixels import PixelDescription, render

    description = PixelDescription.of(dataset)
    number = description.frames // 2 if frame is None else frame
    picture = render(dataset, number, **rendering)
    parts = [f"{description.columns} × {description.rows}"]
    modality = dataset.get("Modality")
    if isinstance(modality, str) and modality:
        parts.insert(0, _printable(modality)[:16])
    if description.frames > 1:
        parts.append(f"frame {number} of 0-{description.frames - 1}")
    return ", ".join(parts), picture


def _shown(picture: "Picture", screen: Screen, width: int | None) -> Iterator[str]:
    columns = min(width, screen.columns) if width else screen.columns
    rows = max(1, screen.rows - _LEFT)
    if screen.protocol != "blocks":
        yield from _in_pixels(picture, screen, columns, rows)
        return
    from filmless.cli.blocks import ascii_lines, block_lines

    # A cell is about twice as high as wide: half of one is a pixel, a letter two of them.
    high, wide = _fitted(picture.shape, (2 * rows, columns))
    if screen.colours == "none":
        lines = ascii_lines(_scaled(picture, -(-high // 2), wide))
    else:
        lines = block_lines(_scaled(picture, high, wide), screen.colours)
    for line in lines:
        yield line + "\n"


def _in_pixels(picture: "Picture", screen: Screen, columns: int, rows: int) -> Iterator[str]:
    from filmless.cli.graphics import kitty, past_tmux, sixel

    cell_width, cell_height = screen.cell
    high, wide = _fitted(picture.shape, (rows * cell_height, columns * cell_width))
    if screen.protocol == "sixel":
        yield sixel(_scaled(picture, high, wide)) + "\n"
        return
    from filmless.convert.png import encode_png

    # The terminal enlarges by itself: more pixels than there are need not be sent.
    sent = _scaled(picture, high, wide) if wide < picture.shape[1] else picture
    cells = {"columns": max(1, round(wide / cell_width)), "rows": max(1, round(high / cell_height))}
    for command in kitty(encode_png(sent, level=1), **cells):
        yield past_tmux(command) if screen.in_tmux else command
    yield "\n"


def _fitted(shape: tuple[int, ...], box: tuple[int, int]) -> tuple[int, int]:
    """Return the largest rows and columns of the same shape that fit."""
    rows, columns = shape[:2]
    scale = min(box[0] / rows, box[1] / columns)
    return max(1, min(box[0], round(rows * scale))), max(1, min(box[1], round(columns * scale)))


def _scaled(picture: "Picture", rows: int, columns: int) -> "Picture":
    import numpy as np
    from PIL import Image

    if picture.shape[:2] == (rows, columns):
        return picture
    return np.asarray(Image.fromarray(picture).resize((columns, rows), Image.Resampling.BICUBIC))


def _printable(text: str) -> str:
    """Text of a file or a name of one moves no cursor."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)
