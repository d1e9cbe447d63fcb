"""The program of `drawing`: reads what to draw and a PDF, and writes the pixels of its pages, four bytes each."""

import json
import sys

from pypdfium2 import PdfBitmap, PdfDocument, raw  # type: ignore[import-untyped]


def _draw() -> None:
    request = json.loads(sys.stdin.buffer.readline())
    pdf = PdfDocument(sys.stdin.buffer.read())
    pdf.init_forms()  # what is filled in is drawn, too
    for number, (columns, rows) in enumerate(request["sizes"]):
        page = pdf[number]
        bitmap = PdfBitmap.new_native(columns, rows, raw.FPDFBitmap_BGRx, rev_byteorder=True)
        bitmap.fill_rect((*request["colour"], 255), 0, 0, columns, rows)
        where = (0, 0, columns, rows, 0, raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER)
        raw.FPDF_RenderPageBitmap(bitmap, page, *where)
        if pdf.formenv:
            raw.FPDF_FFLDraw(pdf.formenv, bitmap, page, *where)
        sys.stdout.buffer.write(bitmap.buffer)
        sys.stdout.buffer.flush()
        bitmap.close()
        page.close()


if __name__ == "__main__":
    _draw()
