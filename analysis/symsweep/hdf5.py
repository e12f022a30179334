"""Opening results files and reading their datasets, whoever may be writing them."""

import contextlib
import itertools
import os
import time

import h5py
import numpy as np

FORMAT, FORMAT_VERSION = "symsweep", 1


class ResultsError(Exception):
    """A results file that cannot be used; the message names the file and the reason."""


def _open_once(path):
    # A file under a writer, or left by one that was killed, opens for SWMR reading only; one that this process has open
    # already opens as that did. Locks are the writer's business: a reader that took one could stop it.
    refusal = None
    for options in ({"swmr": True, "locking": False}, {"locking": False}, {"swmr": True}, {}):
        try:
            return h5py.File(path, "r", **options)
        except (OSError, ValueError) as error:
            refusal = refusal or error
    raise refusal


def _check_format(file, path):
    name = file.attrs.get("format")
    name = name.decode() if isinstance(name, bytes) else name
    if name != FORMAT:
        raise ResultsError("%s: not a results file of symsweep (no attribute format = %s)" % (path, FORMAT))
    version = int(file.attrs.get("format_version", 0))
    if version > FORMAT_VERSION:
        raise ResultsError("%s: format_version %d, this package reads up to %d" % (path, version, FORMAT_VERSION))


def _fault_of_dataset(dataset):
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
_LINKS = {h5py.h5l.TYPE_SOFT: "is a soft link", h5py.h5l.TYPE_EXTERNAL: "is an external link, to an object of another file"}


def _check_inside(file, path):
    """A results file is data and never trusted: all that it holds must lie in the file itself. Links are not followed
    before each is seen to be a hard one, and no value is read before each dataset is seen to be stored as the program
    stores it (src/store/inside.c is the same for the program)."""
    count = itertools.count(1)

    def visit(name, info):
        if info.type != h5py.h5l.TYPE_HARD:
            return name, _LINKS.get(info.type, "is a user-defined link")
        if next(count) > _OBJECTS_MAX or name.count(b"/") > _DEPTH_MAX:
            return name, "is one object, or one group in another, more than any results file has"
        found = h5py.h5o.open(file.id, name)
        fault = _fault_of_dataset(found) if isinstance(found, h5py.h5d.DatasetID) else None
        if h5py.h5o.get_info(found).rc != 1:
            fault = "has several names (hard links)"
        return (name, fault) if fault else None

    refused = file.id.links.visit(visit, info=True)
    if refused:
        raise ResultsError("%s: /%s %s; a results file holds all its data itself, in chunks, as symsweep wrote it. Use the "
                           "file that symsweep wrote, or a copy of it as it stands" % (path, text(refused[0]), refused[1]))


@contextlib.contextmanager
def open_results(path, wait=10.0):
    """The file, open for reading. A writer that starts or ends keeps a file closed to others for a moment: the
    attempt is repeated for `wait` seconds."""
    path = os.fspath(path)
    if not os.path.exists(path):
        raise ResultsError("%s: no such file" % path)
    if os.path.isdir(path):
        raise ResultsError("%s: a folder, not a results file" % path)
    if not os.path.isfile(path):
        raise ResultsError("%s: not a regular file" % path)
    if not os.access(path, os.R_OK):
        raise ResultsError("%s: no permission to read it" % path)
    if not h5py.is_hdf5(path):
        raise ResultsError("%s: not an HDF5 file" % path)
    deadline = time.monotonic() + wait
    while True:
        try:
            file = _open_once(path)
            break
        except (OSError, ValueError) as error:
            if time.monotonic() > deadline:
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


def text(value):
    """Text of an attribute or a variable-length string."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def texts(dataset, rows=slice(None)):
    """The rows of a dataset of texts: variable-length strings, or char[R, L] padded with zero bytes."""
    values = dataset[rows]
    if dataset.dtype.kind == "S" and dataset.dtype.itemsize == 1 and dataset.ndim == 2:
        return [bytes(row.tobytes()).rstrip(b"\0").decode("utf-8", "replace") for row in values]
    return [text(value) for value in values]


def is_text(dataset):
    return dataset.dtype.kind in "OSU"


def _names(group):
    """Names of a group's members in the order they were made, where the file keeps that; else by name."""
    tracked = group.id.get_create_plist().get_link_creation_order() & h5py.h5p.CRT_ORDER_INDEXED
    found = []
    group.id.links.iterate(found.append, idx_type=h5py.h5.INDEX_CRT_ORDER if tracked else h5py.h5.INDEX_NAME)
    return [text(name) for name in found]


def datasets(file, folder):
    """name -> dataset below a group, nested names joined by '/', in the order they were made; empty when there is no
    such group."""
    found = {}

    def visit(group, prefix):
        for name in _names(group):
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item, prefix + name + "/")
            elif isinstance(item, h5py.Dataset):
                found[prefix + name] = item

    group = file.get(folder)
    if isinstance(group, h5py.Group):
        visit(group, "")
    return found


def attribute(dataset, name, default=""):
    return text(dataset.attrs[name]) if name in dataset.attrs else default


def meanings(dataset):
    """Words of a code, in order of the code."""
    return attribute(dataset, "flag_meanings").split()


def missing_like(shape, dtype):
    """An array of missing values: NaN for floats, -1 for integers."""
    return np.full(shape, np.nan if np.issubdtype(dtype, np.floating) else -1, dtype=dtype)
