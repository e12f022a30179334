"""Checksums of rows: what docs/file-format.md says of /runs/checksum."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import facts, hdf5

# Where and how fast a run was trained, what refine makes of it, whether the plan still has it: no part of what it found.
LEFT_OUT = {"runs/" + name for name in ("checksum", "host", "rank", "attempts", "wall_seconds", "steps_per_second",
                                        "measure_share", "planned", "shared_with",
                                        "shared_steps")}
BLOCK = 1 << 25  # bytes of a dataset that are read at a time


def of_rows(found: Mapping[str, Any], wanted: np.ndarray) -> np.ndarray:
    """The checksum of each row where `wanted`, else 0; `found` is path -> dataset."""
    rows, sums = np.nonzero(wanted)[0], np.zeros(len(wanted), dtype=np.int64)
    narrow = _Narrow(sums, rows)
    for path, dataset in sorted(found.items(), key=lambda entry: entry[0].encode()):
        if path in LEFT_OUT or path.startswith("runs/refine/"):
            continue
        name = ("/" + path).encode() + b"\0"
        if hdf5.is_text(dataset) and dataset.ndim == 1:
            narrow.flush()
            values = dataset[:]
            for row in rows:
                value = values[row].encode() if isinstance(values[row], str) else values[row]
                if value:
                    sums[row] = zlib.crc32(name + value + b"\0", sums[row])
        elif dataset.ndim == 1:
            narrow.add(name, dataset[:])
        else:
            narrow.flush()
            _add_wide(sums, rows, name, dataset)
    narrow.flush()
    return sums


def damaged(found: Mapping[str, Any]) -> np.ndarray:
    """True for each run that is over and whose row does not fit its checksum."""
    # The state first: what is over when it is read is complete in what is read after it.
    over = np.isin(found["runs/status"][:], [code for code, state in enumerate(facts.STATES) if state in facts.OVER])
    return over & (of_rows(found, over) != found["runs/checksum"][:])


def _little(values: Any) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))


def _present(values: Any) -> Any:
    if values.dtype.kind == "f":
        return ~np.isnan(values)
    return values != (0 if values.dtype == np.uint8 else -1)


class _Narrow:
    """Datasets of one number a run that follow each other: one step for all of them."""

    def __init__(self, sums: Any, rows: Any) -> None:
        self._sums, self._rows = sums, rows
        self._parts: list[np.ndarray] = []
        self._kept: list[np.ndarray] = []

    def add(self, name: bytes, values: Any) -> None:
        values = _little(values[self._rows])
        number = values.view(np.uint8).reshape(len(values), values.itemsize)
        prefix = np.broadcast_to(np.frombuffer(name, dtype=np.uint8), (len(values), len(name)))
        self._parts += [prefix, number]
        self._kept.append(np.repeat(_present(values)[:, None], len(name) + number.shape[1], axis=1))

    def flush(self) -> None:
        if self._parts and len(self._rows):
            bytes_of, kept = np.hstack(self._parts), np.hstack(self._kept)
            for k, row in enumerate(self._rows):
                self._sums[row] = zlib.crc32(bytes_of[k][kept[k]], self._sums[row])
        self._parts, self._kept = [], []


def _add_wide(sums: Any, rows: Any, name: bytes, dataset: Any) -> None:
    """A dataset of several values a run."""
    width = max(int(np.prod(dataset.shape[1:])) * dataset.dtype.itemsize, 1)
    count = max(BLOCK // width, 1)
    for first in range(0, len(sums), count):
        mine = rows[(rows >= first) & (rows < first + count)]
        if not len(mine):
            continue
        block = dataset[first:first + count][mine - first]
        block = np.ascontiguousarray(block).view(np.uint8) if block.dtype.kind == "S" else _little(block)
        block = block.reshape(len(mine), int(np.prod(block.shape[1:])))
        if not block.shape[1]:
            continue
        there = _present(block)
        counts = there.sum(axis=1)
        ends = np.where(counts > 0, block.shape[1] - there[:, ::-1].argmax(axis=1), 0)
        for k, row in enumerate(mine):
            if counts[k]:
                values = block[k, :ends[k]] if ends[k] == counts[k] else block[k][there[k]]
                sums[row] = zlib.crc32(values, zlib.crc32(name, sums[row]))
