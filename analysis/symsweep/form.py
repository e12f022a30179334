"""The form that a results file must have before anything of it is used."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from .hdf5 import ResultsError

MOST_RUNS = 10_000_000
# No run takes less: its identity alone has 64 letters.
LEAST_BYTES_A_RUN = 64
# zlib packs no better than 1032 to 1.
MOST_PACKED = 1100

NEEDED = ("runs/id", "runs/status", "runs/checksum")
TEXT, REAL, WHOLE, NUMBER, ANY = "text", "real numbers", "integers", "numbers", "numbers or text"
KINDS = {TEXT: "T", REAL: "f", WHOLE: "i", NUMBER: "fi", ANY: "fiT"}
# What a dataset holds and how many dimensions it has (None: two or more); the first pattern that fits. Others are free.
FORMS = [(re.compile(pattern), kind, rank) for pattern, kind, rank in (
    (r"runs/(id|config|label|task)", TEXT, 1),
    (r"runs/(error|host|blas_core)", TEXT, None),
    (r"runs/(status|phase|planned|seed|rank|attempts|written|checksum|steps|stopped_early|parameters|\w+_inputs)", WHOLE, 1),
    (r"runs/(onset/.+|refine/(round|class|decided|reached))", WHOLE, 1),
    (r"runs/(final/.+|refine/(low|high)|wall_seconds|steps_per_second|measure_share|majority)", REAL, 1),
    (r"runs/axes/.+", ANY, 1),
    (r"symmetry/[^/]+/(tuples|enumerated|holds|prompted)", WHOLE, 1),
    (r"symmetry/[^/]+/(leak|coverage)", REAL, 1),
    (r"(curves|snapshots)/step", WHOLE, 2),
    (r"(curves|geometry|interpretability)/.+", REAL, 2),
    (r"symmetry/[^/]+/(null_|ratio_)?(mean|max)|symmetry/[^/]+/(disagreement|agreement_wrong|agreement_chance|wrong_tuples|gradient_cosine)", REAL, 2),
    (r"symmetry/automorphism/generators", TEXT, 1),
    (r"symmetry/automorphism/by_generator", REAL, 3),
    (r"symmetry/automorphism/order_log10", REAL, 1),
    (r"snapshots/(explained_variance|singular_values|fourier_power|parameters|optimizer)", REAL, 3),
    (r"snapshots/(pca|embedding)", REAL, 4),
    (r"snapshots/parameter_layout", TEXT, 1),
    (r"data/(split|label|clean_label)", WHOLE, 2),
    (r"data/inputs", WHOLE, 3),
)]


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value < 2**53 and value == int(value)


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) < np.inf


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, (int, float, str)) for part in value)


def _is_changes(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, dict) and _is_whole(entry.get("at", -1)) and
        all(_is_real(part) or (_is_list(part) and key == "freeze") for key, part in entry.items()) for entry in value)


# What the package reads of a configuration, and what it must be where it is there.
CONFIG = {
    "": {"steps": _is_whole, "seed": _is_whole, "data_seed": _is_whole, "changes": _is_changes},
    "task": {**{name: _is_text for name in ("kind", "graph", "group", "operation", "form", "file", "scramble", "expression")},
             **{name: _is_whole for name in ("p", "n", "nodes", "dimension", "branching", "depth", "symmetry_order", "bits", "relevant")},
             "sides": lambda value: _is_list(value) and all(_is_whole(part) for part in value), "factors": _is_list},
    "phase": {"accuracy": _is_real, "tau": _is_real, "gap": _is_real, "family": _is_text},
}


def is_config(value: Any) -> bool:
    """Is this a resolved configuration, as far as the package reads one?"""
    if not isinstance(value, dict):
        return False
    for name, keys in CONFIG.items():
        part = value.get(name, {}) if name else value
        if not isinstance(part, dict):
            return False
        if not all(part.get(key) is None or is_right(part[key]) for key, is_right in keys.items()):
            return False
    return True


def kind_of(dataset: Any) -> str:
    """"T", "f" or "i"; "" for what no results file holds."""
    kind = dataset.dtype.kind
    if kind == "O":
        return "T" if h5py.check_string_dtype(dataset.dtype) and dataset.ndim == 1 else ""
    if kind == "S":
        return "T" if dataset.dtype.itemsize == 1 and dataset.ndim == 2 else ""
    return kind if kind in "fi" and dataset.ndim and dataset.dtype.names is None else ""


def check(found: Mapping[str, Any], path: str) -> None:
    """Raises ResultsError unless all datasets that belong to runs have the form that symsweep gives them."""
    for name in NEEDED:
        if name not in found:
            raise ResultsError("%s: no dataset /%s" % (path, name))
    runs = found["runs/id"].shape[0] if found["runs/id"].ndim else 0
    size = os.path.getsize(path)
    if runs > min(MOST_RUNS, size // LEAST_BYTES_A_RUN):
        raise ResultsError("%s: /runs/id has %d rows, more than a file of %d bytes can hold" % (path, runs, size))
    room = 0
    for name, dataset in found.items():
        _check_dataset(name, dataset, runs, path)
        room += int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    if room > MOST_PACKED * size:
        raise ResultsError("%s: its datasets would fill %.3g bytes, more than a file of %d bytes can hold" % (path, room, size))


def _check_dataset(name: str, dataset: Any, runs: int, path: str) -> None:
    held = kind_of(dataset)
    here = "dtype %s, shape %s" % (dataset.dtype, dataset.shape)
    if not held:
        raise ResultsError("%s: /%s: expected numbers or text, a row a run; found %s" % (path, name, here))
    for pattern, kind, rank in FORMS:
        if pattern.fullmatch(name):
            if held not in KINDS[kind] or (rank is not None and dataset.ndim != rank):
                raise ResultsError("%s: /%s: expected %s%s; found %s" % (
                    path, name, kind, " in %d dimensions" % rank if rank else "", here))
            break
    if dataset.shape[0] != runs:
        raise ResultsError("%s: /%s has %d rows where /runs/id has %d" % (path, name, dataset.shape[0], runs))
