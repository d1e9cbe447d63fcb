"""`filmless show`: a picture in the terminal."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from filmless.cli.pictures import rendering_given, rendering_options, strangeness
from filmless.cli.reporting import Batch, printable, say
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
#: Columns that can be asked for, and pixels of a side: of more, writing them takes longer than anybody waits.
_MOST_COLUMNS = 2000
_MOST_PIXELS = 4000


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
@click.option(
    "--width", type=click.IntRange(1, _MOST_COLUMNS), metavar="N", help="Columns to fill; all of them otherwise."
)
def show(
    files: tuple[str, ...],
    frame: int | None,
    window: str | None,
    voi: str | None,
    state: str | None,
    plain: bool,
    icc: bool,
    protocol: str,
    width: int | None,
) -> None:
    """Show a frame of FILEs in the terminal; - is standard input.

    Pixels by the protocol of kitty or sixel where the terminal says it can, else half blocks in its colours, or letters
    where there are none (NO_COLOR, TERM=dumb). The line above a picture says nothing of the patient.
    """
    from filmless.pixels import render

    rendering = rendering_given(window=window, voi=voi, state=state, plain=plain, icc=icc)
    chosen: Protocol | None = next((name for name in get_args(Protocol) if name == protocol), None)
    screen: Screen | None = None
    batch = Batch()
    for path in files:
        with batch.file(path):
            dataset = read_source(path)
            number, title = _described(dataset, frame)
            screen = screen or screen_of(sys.stdout, protocol=chosen)
            picture = render(dataset, number, size=_box(screen, width), **rendering)
            # Cut: a second line would push the picture out of the screen.
            sys.stdout.write(f"{printable(Path(path).name)}: {title}"[: screen.columns] + "\n")
            for part in _shown(picture, screen):
                sys.stdout.write(part)
            if strange := strangeness(rendering, dataset, number):
                say(f"{path}: {strange}")
    batch.finish()


def _described(dataset: Dataset, frame: int | None) -> tuple[int, str]:
    """Return the frame to show, and a title."""
    from filmless.pixels.description import described

    description, _ = described(dataset)
    number = description.frames // 2 if frame is None else frame
    parts = [f"{description.columns} × {description.rows}"]
    modality = dataset.get("Modality")
    if isinstance(modality, str) and modality:
        parts.insert(0, printable(modality)[:16])
    if description.frames > 1:
        parts.append(f"frame {number} of 0-{description.frames - 1}")
    return number, ", ".join(parts)


def _box(screen: Screen, width: int | None) -> tuple[int, int]:
    """Return the rows and columns of pixels that there is room for."""
    columns, rows = width or screen.columns, max(1, screen.rows - _LEFT)
    if sys.stdout.isatty():
        columns = min(columns, screen.columns)
    elif width:
        rows = _MOST_PIXELS
    # A cell is about twice as high as wide, and holds two pixels of half blocks.
    wide, high = (1, 2) if screen.protocol == "blocks" else screen.cell
    return min(rows * high, _MOST_PIXELS), min(columns * wide, _MOST_PIXELS)


def _shown(picture: "Picture", screen: Screen) -> Iterator[str]:
    if screen.protocol == "blocks":
        from filmless.cli.blocks import ascii_lines, block_lines

        lines = ascii_lines(picture) if screen.colours == "none" else block_lines(picture, screen.colours)
        for line in lines:
            yield line + "\n"
        return
    from filmless.cli.graphics import kitty, past_tmux, sixel

    if screen.protocol == "sixel":
        yield sixel(picture) + "\n"
        return
    from filmless.convert.out.png import encode_png

    rows, columns = (
        max(1, round(side / cell)) for side, cell in zip(picture.shape, reversed(screen.cell), strict=False)
    )
    for command in kitty(encode_png(picture, level=1), columns=columns, rows=rows):
        yield past_tmux(command) if screen.in_tmux else command
    yield "\n"
