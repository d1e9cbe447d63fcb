"""Pictures of six formats become DICOM, DICOM becomes pictures, and an archive serves it: what ``make demo`` runs.

Everything is written into ``out/demo`` of the folder it is run in. At a terminal the archive serves until Ctrl-C, and
its viewer is opened in a browser; without one it is tried and stopped.
"""

import re
import sys
import threading
import time
import webbrowser
from dataclasses import replace
from itertools import islice
from pathlib import Path

import httpx
from PIL import Image, ImageDraw, ImageFont

import filmless
from filmless import dimse
from filmless.cli.tree import lines, printer
from filmless.convert import ConversionNotice, from_dicom, to_dicom
from filmless.convert.out.formats import format_named
from filmless.dataset import UID
from filmless.dicomweb import BlockingClient
from filmless.dimse.contexts import uncompressed
from filmless.errors import DicomError
from filmless.file.media import create_fileset
from filmless.server import Addresses, Server, Settings, read_settings

EXAMPLES = Path(__file__).parent
OUT = Path("out/demo")
PICTURES = {  # and the modality that each is drawn after
    "retina.jpg": "OP",
    "head.png": "MR",
    "chest.tif": "DX",
    "doppler.bmp": "US",
    "heart.gif": "MR",
    "ecg.emf": "ECG",
}
HEADER_LINES = 24
DIMSE_PORT = 11112
QUERY = ["StudyRootQueryRetrieveInformationModelFind", "StudyRootQueryRetrieveInformationModelGet"]
TRANSCODED = "chest.tif"
LOSSLESS = ["RLELossless", "JPEGLosslessSV1", "JPEGLSLossless", "JPEG2000Lossless", "HTJ2KLossless", "JPEGXLLossless"]

INK, FAINT, ACCENT = "#e8edf2", "#8b98a5", "#5cc8ff"
PAPER, CARD = "#0e1216", "#171d23"
MARGIN, GAP, TITLE = 32, 20, 92
CARD_WIDTH, PICTURE_HEIGHT, CAPTION_HEIGHT = 320, 240, 84


def convert(name: str) -> tuple[filmless.Dataset, list[ConversionNotice]]:
    """Convert one picture to DICOM and back to PNG."""
    notices: list[ConversionNotice] = []
    dataset = to_dicom(
        EXAMPLES / name,
        PatientName="Example^Picture",
        PatientID="DEMO",
        Modality=PICTURES[name],
        SeriesDescription=f"converted from {name}",
        notices=notices,
    )
    target = OUT / name
    filmless.write(dataset, target.with_suffix(".dcm"))
    from_dicom(target.with_suffix(".dcm"), "png", target.with_suffix(".png"))
    return filmless.read(target.with_suffix(".dcm")), notices


def transcode(name: str) -> None:
    """Write a picture's DICOM in lossless transfer syntaxes, each frame verified, and say what they take."""
    path = OUT / Path(name).with_suffix(".dcm")
    dataset = filmless.read(path)
    print(f"\n{path} in other transfer syntaxes, the same pixels in each\n")
    print(f"  {UID(dataset.file_meta.TransferSyntaxUID).keyword:<24} {path.stat().st_size:>9,} bytes")
    for keyword in LOSSLESS:
        target = path.with_stem(f"{path.stem}-{keyword}")
        filmless.write(dataset, target, transfer_syntax=keyword)
        print(f"  {keyword:<24} {target.stat().st_size:>9,} bytes")


def give_back() -> None:
    """Make other things of the DICOM files: an animation, a sheet of paper, arrays; and a medium with its DICOMDIR."""
    print("\nDICOM becomes what people use, and a medium to hand out\n")
    heart, chest = OUT / "heart.dcm", OUT / "chest.dcm"
    for source, name, options in (
        (heart, "apng", {}),
        (heart, "pdf", {"sheet": (4, 4)}),
        (chest, "tiff", {"depth": 16}),
        (chest, "npz", {}),
    ):
        row = format_named(name)
        target = source.with_suffix(row.suffixes[0])
        from_dicom(source, name, target, **options)
        print(f"  {target.name:<24} {target.stat().st_size:>9,} bytes")
    disc = OUT / "disc"
    if not disc.exists():
        report = create_fileset([OUT / Path(name).with_suffix(".dcm") for name in PICTURES], disc, profile="general")
        print(f"  {disc.name + '/DICOMDIR':<24} {report.written} instances")


def caption(name: str, dataset: filmless.Dataset) -> list[str]:
    """Say in three lines what became of a picture, in letters that Pillow's own font has."""
    stem = Path(name).stem
    syntax = UID(dataset.file_meta.TransferSyntaxUID).name
    jpeg = syntax.startswith("JPEG Baseline")
    frames = f"{dataset.NumberOfFrames} frames of " if "NumberOfFrames" in dataset else ""
    size = f"{frames}{dataset.Columns} x {dataset.Rows}"
    what = f"{size}, {dataset.PhotometricInterpretation}, {dataset.BitsStored} bits"
    how = "JPEG Baseline, the stream bit for bit" if jpeg else syntax
    return [f"{name}  >  {stem}.dcm  >  {stem}.png", what, how]


def contact_sheet(datasets: dict[str, filmless.Dataset]) -> Image.Image:
    """Draw the exported pictures with their captions."""
    columns = 3
    rows = -(-len(datasets) // columns)
    width = 2 * MARGIN + columns * CARD_WIDTH + (columns - 1) * GAP
    card_height = PICTURE_HEIGHT + CAPTION_HEIGHT
    height = TITLE + rows * card_height + (rows - 1) * GAP + MARGIN
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, 58), "filmless", INK, ImageFont.load_default(30), anchor="ls")
    subtitle = "pictures of six formats, each converted to DICOM and exported again"
    draw.text((MARGIN + 124, 58), subtitle, FAINT, ImageFont.load_default(16), anchor="ls")
    for number, (name, dataset) in enumerate(datasets.items()):
        x = MARGIN + number % columns * (CARD_WIDTH + GAP)
        y = TITLE + number // columns * (card_height + GAP)
        draw.rounded_rectangle((x, y, x + CARD_WIDTH, y + card_height), 8, CARD)
        draw_card(sheet, (x, y), name, dataset)
    return sheet


def draw_card(sheet: Image.Image, at: tuple[int, int], name: str, dataset: filmless.Dataset) -> None:
    """Draw one picture and its caption."""
    x, y = at
    draw = ImageDraw.Draw(sheet)
    with Image.open(OUT / f"{Path(name).stem}.png") as exported:
        picture = exported.convert("RGB")
    room = (CARD_WIDTH - 16, PICTURE_HEIGHT - 16)
    scale = min(room[0] / picture.width, room[1] / picture.height)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    sheet.paste(picture, (x + (CARD_WIDTH - picture.width) // 2, y + 8 + (room[1] - picture.height) // 2))
    title, *details = caption(name, dataset)
    draw.text((x + 12, y + PICTURE_HEIGHT + 4), title, ACCENT, ImageFont.load_default(15))
    for line, text in enumerate(details):
        draw.text((x + 12, y + PICTURE_HEIGHT + 28 + 20 * line), text, FAINT, ImageFont.load_default(13))


def main() -> None:
    """Convert, dump, export, draw, and say where everything is."""
    start = time.perf_counter()
    OUT.mkdir(parents=True, exist_ok=True)
    print("Pictures become DICOM, and DICOM becomes pictures\n")
    datasets = {}
    for name in PICTURES:
        datasets[name], notices = convert(name)
        _, what, how = caption(name, datasets[name])
        print(f"  {name:<12} {what:<36} {how}")
        for notice in notices:
            print(f"  {'':<12} ({notice})")

    first = next(iter(PICTURES))
    path = OUT / Path(first).with_suffix(".dcm")
    print(f"\nThe header of {path} begins\n")
    write, width = printer(long=False)
    for line in islice(lines(datasets[first], width=width), HEADER_LINES):
        write(line)

    transcode(TRANSCODED)
    give_back()

    sheet = OUT / "contact-sheet.png"
    contact_sheet(datasets).quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(sheet, optimize=True)
    print(f"\nAll of it is in {OUT.resolve()}, after {time.perf_counter() - start:.1f} s:\n")
    print(f"  DICOM          {', '.join(sorted(file.name for file in OUT.glob('*.dcm')))}")
    print(f"  pictures       {', '.join(sorted(Path(name).stem + '.png' for name in PICTURES))}")
    print(f"  contact sheet  {sheet}")
    program = Path(sys.executable).with_name("filmless")
    print(f"\nThe rest of the header: {program} dump {path}")
    print(f"Its picture, in this terminal: {program} show {path}")
    serve(program)


def serve(program: Path) -> None:
    """Put the converted examples into an archive and serve it: until Ctrl-C, or until it was tried."""
    is_watched = sys.stdin.isatty() and sys.stdout.isatty()
    given = {"data": OUT / "archive", "logs.level": "warning", "dimse.port": DIMSE_PORT if is_watched else 0}
    server = server_of(read_settings(given=given), is_watched=is_watched)
    if not is_watched:
        with server:
            fill(server.addresses)
            try_out(server.addresses)
            try_out_viewer(server.addresses)
            try_out_dimse(server.addresses)
        print("  stopped")
        return

    def ready(addresses: Addresses) -> None:
        fill(addresses)
        print(f"\nThe archive is at {addresses.urls[0]}/ and stays until Ctrl-C\n")
        print(f"  its studies   {program} find {addresses.dicom_web}")
        print(f"  over DIMSE    {program} find {addresses.dimse[0]}")
        print(f"  in a browser  {addresses.urls[0]}/")
        # Some browsers run in the terminal, until they are left.
        threading.Thread(target=webbrowser.open, args=(f"{addresses.urls[0]}/",), daemon=True).start()

    server.run(ready=ready)


def server_of(settings: Settings, *, is_watched: bool) -> Server:
    """Make the server: at its usual port for a person, unless somebody has that."""
    if is_watched:
        try:
            return Server(settings)
        except DicomError as error:
            if "in use" not in error.message or "port" not in error.message:
                raise
    free = replace(settings, http=replace(settings.http, port=0), dimse=replace(settings.dimse, port=0))
    return Server(free)


def fill(addresses: Addresses) -> None:
    """Store the converted examples; what an earlier demo left goes before."""
    with BlockingClient(addresses.dicom_web) as client:
        for study in list(client.search_studies()):
            client.delete(str(study.StudyInstanceUID))
        report = client.store([OUT / Path(name).with_suffix(".dcm") for name in PICTURES])
        if report.failed:
            raise SystemExit(f"{report.failed[0].source} was not stored: {report.failed[0].error}")
        print(f"\nAn archive at {addresses.dicom_web} took {len(report.stored)} instances")


def try_out(addresses: Addresses) -> None:
    """Find, and fetch what was stored in every form."""
    first = OUT / Path(next(iter(PICTURES))).with_suffix(".dcm")
    stored = filmless.read(first)
    uids = (str(stored.StudyInstanceUID), str(stored.SeriesInstanceUID), str(stored.SOPInstanceUID))
    with BlockingClient(addresses.dicom_web) as client:
        found = list(client.search_studies(PatientName="example*"))
        print(f"  search        {len(found)} studies of Example^Picture")
        (header,) = client.retrieve_metadata(*uids)
        print(f"  metadata      {len(header)} elements of {first.name}")
        (frame,) = client.retrieve_frames(*uids, media_type="image/jpeg")
        print(f"  frame         {len(frame):,} bytes, as they are in the file")
        picture = client.rendered(*uids, media_type="image/png")
        print(f"  rendered      {len(picture):,} bytes of PNG")
        (file,) = client.retrieve_to(OUT / "retrieved", *uids)
        if file.read_bytes() != first.read_bytes():
            raise SystemExit(f"{file} is not what was stored")
        print("  retrieved     byte for byte what was stored")
    if (
        len(found) != len(PICTURES)
        or header.SOPInstanceUID != stored.SOPInstanceUID
        or not picture.startswith(b"\x89PNG")
    ):
        raise SystemExit("the archive did not answer as it should")


def try_out_viewer(addresses: Addresses) -> None:
    """Load the viewer's page, the script in it, and what it asks for of a study, as a browser does."""
    stored = filmless.read(OUT / Path(next(iter(PICTURES))).with_suffix(".dcm"))
    with httpx.Client(base_url=addresses.urls[0]) as client:
        page = client.get(f"/view/{stored.StudyInstanceUID}").raise_for_status().text
        script = re.search(r'<script[^>]* src="([^"]+)"', page)
        if script is None:
            raise SystemExit("the viewer's page has no script: was the viewer built?")
        code = client.get(script[1]).raise_for_status().content
        study = client.get(f"/viewer/studies/{stored.StudyInstanceUID}").raise_for_status().json()
    print(f"  viewer        {addresses.urls[0]}/: its page, {len(code):,} bytes of script, a study as it shows it")
    if study["uid"] != stored.StudyInstanceUID or not study["series"]:
        raise SystemExit("the viewer is not told of the study as it should be")


def try_out_dimse(addresses: Addresses) -> None:
    """Send, find and fetch as a workstation of a hospital does."""
    first = OUT / Path(next(iter(PICTURES))).with_suffix(".dcm")
    stored = filmless.read(first)
    [planned] = dimse.plan([first])
    with dimse.connect_blocking(addresses.dimse[0], contexts=[*planned.contexts, *uncompressed(QUERY)]) as peer:
        is_sent = len(peer.store(first).stored) == 1
        studies = list(peer.find(PatientName="EXAMPLE*"))
        (fetched,) = peer.get(str(stored.StudyInstanceUID))
    print(f"  over DIMSE    {addresses.dimse[0]}: stored, {len(studies)} studies found, one fetched as it is")
    if not is_sent or len(studies) != len(PICTURES) or fetched != stored:
        raise SystemExit("the archive did not answer over DIMSE as it should")


if __name__ == "__main__":
    main()
