"""The program of `drawing`: reads what to draw and a PDF, and writes the pixels of its pages, four bytes each."""

import faulthandler
import json
import sys

#: Shows that Python runs this, and not another program: all that comes after it is pixels.
GREETING = b"pages follow\n"


def _draw() -> None:
    from pypdfium2 import PdfBitmap, PdfDocument, raw  # type: ignore[import-untyped]

    request = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    sys.stdout.buffer.write(GREETING)
    sys.stdout.buffer.flush()
    faulthandler.dump_traceback_later(request["seconds"], exit=True)
    pdf = PdfDocument(data)
    pdf.init_forms()  # what is filled in is drawn, too
    for number, (columns, rows) in enumerate(request["sizes"]):
        # Who waits for a page ends this; when nobody is there any more to do that, this ends itself.
        faulthandler.dump_traceback_later(request["seconds"], exit=True)
        page = pdf[request["first"] + number]
        bitmap = PdfBitmap.new_native(columns, rows, raw.FPDFBitmap_BGRx, rev_byteorder=True)
        bitmap.fill_rect((*request["colour"], 255), 0, 0, columns, rows)
        where = (0, 0, columns, rows, 0, raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER)
        raw.FPDF_RenderPageBitmap(bitmap, page, *where)
        if pdf.formenv:
            raw.FPDF_FFLDraw(pdf.formenv, bitmap, page, *where)
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.buffer.write(bitmap.buffer)
        sys.stdout.buffer.flush()
        bitmap.close()
        page.close()


if __name__ == "__main__":
    _draw()
