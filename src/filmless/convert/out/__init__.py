"""What DICOM becomes: a table of formats, and a module for each kind of them.

PS3.3 C.7.6.3, PS3.18 8.7.
"""
