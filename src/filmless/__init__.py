"""DICOM for Python, whole: read, write, convert, view, de-identify, store and distribute medical images."""
