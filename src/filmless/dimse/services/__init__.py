"""Services on the archive: what `filmless serve` answers over DIMSE (PS3.4)."""
