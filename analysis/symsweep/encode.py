"""Arrays of the page: packed small, unpacked by page/core.js.

A curve goes as 16-bit numbers on a linear or logarithmic scale between its metric's extremes; both extremes and zero
come back exactly, anything else within 1/65533 of the scale."""

import base64
import gzip

import numpy as np

MISSING, ZERO, LARGEST = 65535, 65534, 65533


def quantize(values):
    """(uint16 codes, scale). The scale is logarithmic where the positive values span more than three decades."""
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values)
    known = values[finite]
    codes = np.full(values.shape, MISSING, dtype=np.uint16)
    if known.size == 0:
        return codes, {"scale": "linear", "min": 0, "max": 0}
    positive = known[known > 0]
    if known.min() >= 0 and positive.size and positive.max() / positive.min() > 1e3:
        low, high = np.log10(positive.min()), np.log10(positive.max())
        with np.errstate(divide="ignore"):
            scaled = (np.log10(known) - low) / (high - low) * LARGEST
        codes[finite] = np.where(known > 0, np.rint(np.maximum(scaled, 0)), ZERO).astype(np.uint16)
        return codes, {"scale": "log", "min": float(low), "max": float(high)}
    low, high = known.min(), known.max()
    width = high - low if high > low else 1.0
    codes[finite] = np.rint((known - low) / width * LARGEST).astype(np.uint16)
    return codes, {"scale": "linear", "min": float(low), "max": float(high)}


class Container:
    """Arrays one after the other; `directory` says where each lies. 16-bit arrays go as all low bytes, then all high
    ones, which compresses better."""

    def __init__(self):
        self.directory = {}
        self._parts = []
        self._size = 0

    def add(self, name, values):
        values = np.ascontiguousarray(values)
        if values.dtype == np.uint16:
            flat = values.ravel()
            raw = (flat & 0xFF).astype(np.uint8).tobytes() + (flat >> 8).astype(np.uint8).tobytes()
            kind = "u16"
        else:
            raw, kind = values.astype("<i4").tobytes(), "i32"
        self.directory[name] = {"type": kind, "offset": self._size, "count": int(values.size)}
        self._parts.append(raw)
        self._size += len(raw)
        padding = -self._size % 4
        self._parts.append(b"\0" * padding)
        self._size += padding

    def bytes(self):
        return b"".join(self._parts)


def pack(raw):
    """Compressed, as text."""
    return base64.b64encode(gzip.compress(raw, 6, mtime=0)).decode("ascii")
