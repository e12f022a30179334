"""Opening results files and reading their datasets, whoever may be writing them."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import h5py
import numpy as np

FORMAT, FORMAT_VERSION = "symsweep", 1


class ResultsError(Exception):
    """A results file that cannot be used; the message names the file and the reason."""


# Of a file under a writer the library reads torn metadata again, after sleeps that double from a nanosecond; its hundred
# tries would last for ever on a damaged file. The program has the same number.
_READ_ATTEMPTS = 24


def _is_written(path: str) -> bool:
    """Does the file say that a writer has it? One that was killed leaves it so."""
    with open(path, "rb") as file:
        start = file.read(12)
    return len(start) == 12 and start[8] >= 2 and start[11] != 0


def _limit_attempts(access: Any) -> None:
    # h5py has no name for this property; the library that it has loaded does.
    with contextlib.suppress(OSError, AttributeError):
        with open("/proc/self/maps") as maps:
            library = next(line.split(maxsplit=5)[5].strip() for line in maps if "/libhdf5" in line and "_hl" not in line)
        set_attempts = ctypes.CDLL(library).H5Pset_metadata_read_attempts
        set_attempts.argtypes = [ctypes.c_int64, ctypes.c_uint]
        set_attempts(access.id, _READ_ATTEMPTS)


def _open_once(path: str) -> Any:
    # A file under a writer, or left by one that was killed, opens for SWMR reading only; one that this process has open
    # already opens as that did. Locks are the writer's business: a reader that took one could stop it.
    refusals: list[Exception] = []
    plain, live = h5py.h5f.ACC_RDONLY, h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ
    for flags in (live, plain) if _is_written(path) else (plain, live):
        for locking in (False, None):
            access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
            if locking is not None:  # else as everybody opens files, which one that is open already may be
                access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
                access.set_file_locking(locking, True)
            if flags == live:
                access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_LATEST)
                _limit_attempts(access)
            try:
                return h5py.File(h5py.h5f.open(os.fsencode(path), flags, access))
            except (OSError, ValueError, RuntimeError) as error:
                refusals.append(error)
    raise refusals[0]


def _check_format(file: Any, path: str) -> None:
    name = file.attrs.get("format")
    name = name.decode() if isinstance(name, bytes) else name
    if name != FORMAT:
        raise ResultsError("%s: not a results file of symsweep (no attribute format = %s)" % (path, FORMAT))
    version = file.attrs.get("format_version", 0)
    if not isinstance(version, (int, np.integer)):
        raise ResultsError("%s: its attribute format_version is no integer" % path)
    if version > FORMAT_VERSION:
        raise ResultsError("%s: format_version %d, this package reads up to %d" % (path, version, FORMAT_VERSION))


def _fault_of_dataset(dataset: Any) -> str | None:
    """How a dataset is stored that symsweep does not write like this; None where it does. Extents of a virtual dataset
    are looked up in the files that it is made of, so its layout is asked for first."""
    create = dataset.get_create_plist()
    layout = create.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        return "is a virtual dataset, whose values lie in other files"
    if create.get_external_count():
        return "has external storage: its values lie in another file"
    filters = {create.get_filter(i)[0] for i in range(create.get_nfilters())}
    if not filters <= {h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE}:
        return "is stored through a filter other than shuffle and deflate"
    if layout != h5py.h5d.CHUNKED and dataset.get_space().get_simple_extent_type() != h5py.h5s.SCALAR:
        return "is stored in one piece (contiguous or compact)"
    return None


# More than any results file has: a walk through a file that was made to be endless ends here.
_OBJECTS_MAX, _DEPTH_MAX = 16384, 16
_DAMAGED = "cannot be opened: it is damaged"
_LINKS = {h5py.h5l.TYPE_SOFT: "is a soft link", h5py.h5l.TYPE_EXTERNAL: "is an external link, to an object of another file"}


def _check_inside(file: Any, path: str) -> None:
    """A results file is data and never trusted: all that it holds must lie in the file itself. Links are not followed
    before each is seen to be a hard one, and no value is read before each dataset is seen to be stored as the program
    stores it (src/store/inside.c is the same for the program)."""
    count = itertools.count(1)

    def visit(name: Any, info: Any) -> Any:
        if info.type != h5py.h5l.TYPE_HARD:
            return name, _LINKS.get(info.type, "is a user-defined link")
        if next(count) > _OBJECTS_MAX or name.count(b"/") > _DEPTH_MAX:
            return name, "is one object, or one group in another, more than any results file has"
        try:  # what is raised here does not reach the caller of visit
            found = h5py.h5o.open(file.id, name)
            fault = _fault_of_dataset(found) if isinstance(found, h5py.h5d.DatasetID) else None
            if h5py.h5o.get_info(found).rc != 1:
                fault = "has several names (hard links)"
        except (KeyError, OSError, RuntimeError, ValueError):
            return name, _DAMAGED
        return (name, fault) if fault else None

    refused = file.id.links.visit(visit, info=True)
    if refused and refused[1] == _DAMAGED:
        raise ResultsError("%s: /%s %s" % (path, text(refused[0]), _DAMAGED))
    if refused:
        raise ResultsError("%s: /%s %s; a results file holds all its data itself, in chunks, as symsweep wrote it. Use the "
                           "file that symsweep wrote, or a copy of it as it stands" % (path, text(refused[0]), refused[1]))


@contextlib.contextmanager
def open_results(path: str | os.PathLike[str], wait: float = 10.0) -> Iterator[Any]:
    """The file, open for reading. A writer that starts or ends keeps a file closed to others for a moment: while the file
    says that it has a writer the attempt is repeated for `wait` seconds. Nothing else gets better by waiting."""
    path = os.fspath(path)
    if not os.path.exists(path):
        raise ResultsError("%s: no such file" % path)
    if os.path.isdir(path):
        raise ResultsError("%s: a folder, not a results file" % path)
    if not os.path.isfile(path):
        raise ResultsError("%s: not a regular file" % path)
    if os.path.getsize(path) == 0:
        raise ResultsError("%s: an empty file" % path)
    if not os.access(path, os.R_OK):
        raise ResultsError("%s: no permission to read it" % path)
    if not h5py.is_hdf5(path):
        raise ResultsError("%s: not an HDF5 file" % path)
    deadline = time.monotonic() + wait
    while True:
        written = _is_written(path)
        try:
            file = _open_once(path)
            break
        except (OSError, ValueError, RuntimeError) as error:
            if time.monotonic() > deadline or not (written or _is_written(path)):
                raise ResultsError("%s: %s" % (path, error)) from None
            time.sleep(0.1)
    try:
        _check_format(file, path)
        _check_inside(file, path)
        yield file
    except (OSError, KeyError, RuntimeError) as error:
        raise ResultsError("%s: %s" % (path, error)) from error
    finally:
        file.close()


def text(value: Any) -> str:
    """Text of an attribute or a variable-length string."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def texts(dataset: Any, rows: Any = slice(None)) -> list[str]:
    """The rows of a dataset of texts: variable-length strings, or char[R, L] padded with zero bytes."""
    values = dataset[rows]
    if dataset.dtype.kind == "S" and dataset.dtype.itemsize == 1 and dataset.ndim == 2:
        return [bytes(row.tobytes()).rstrip(b"\0").decode("utf-8", "replace") for row in values]
    return [text(value) for value in values]


def is_text(dataset: Any) -> bool:
    return dataset.dtype.kind in "OSU"


def names(group: Any) -> list[str]:
    """Names of a group's members in the order they were made, where the file keeps that; else by name."""
    tracked = group.id.get_create_plist().get_link_creation_order() & h5py.h5p.CRT_ORDER_INDEXED
    found: list[bytes] = []
    group.id.links.iterate(found.append, idx_type=h5py.h5.INDEX_CRT_ORDER if tracked else h5py.h5.INDEX_NAME)
    return [text(name) for name in found]


def datasets(file: Any, folder: str) -> dict[str, Any]:
    """name -> dataset below a group, nested names joined by '/', in the order they were made; empty when there is no
    such group."""
    found = {}

    def visit(group: Any, prefix: str) -> None:
        for name in names(group):
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item, prefix + name + "/")
            elif isinstance(item, h5py.Dataset):
                found[prefix + name] = item

    group = file.get(folder)
    if isinstance(group, h5py.Group):
        visit(group, "")
    return found


def tables(file: Any) -> dict[str, Any]:
    """path -> dataset of everything that has a row for each run."""
    return {folder + "/" + name: dataset for folder in names(file) if folder != "sweep"
            for name, dataset in datasets(file, folder).items()}


def below(found: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """name -> dataset of those of tables() that lie in a folder."""
    return {path[len(folder) + 1:]: dataset for path, dataset in found.items() if path.startswith(folder + "/")}


def attribute(dataset: Any, name: str, default: str = "") -> str:
    if name not in dataset.attrs:
        return default
    try:
        return text(dataset.attrs[name])
    except (OSError, TypeError, ValueError) as error:
        raise ResultsError("%s: attribute %s of %s: %s" % (dataset.file.filename, name, dataset.name, error)) from None


def meanings(dataset: Any) -> list[str]:
    """Words of a code, in order of the code."""
    return attribute(dataset, "flag_meanings").split()


def missing_like(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array of missing values: NaN for floats, -1 for integers."""
    return np.full(shape, np.nan if np.issubdtype(dtype, np.floating) else -1, dtype=dtype)
