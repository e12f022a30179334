#!/usr/bin/python3
"""A results file is data: whatever it says of other files, none is opened, and the file is refused as it stands."""
import contextlib
import ctypes
import io
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import unittest

import h5py
import numpy as np

from support import BINARY, LONG, ROOT, Folder

sys.path.insert(0, str(ROOT / "analysis"))
import symsweep  # noqa: E402
from symsweep import figures, report  # noqa: E402

SWEEP = {"name": "base",
         "run": {"task": {"kind": "modular", "operation": "add", "p": 5}, "model": {"d_model": 8, "heads": 2},
                 "train_fraction": 0.6, "steps": 20, "evaluate": {"every": 10},
                 "symmetry": {"commutativity": {"weight": 0.1}}},
         "grid": {"seed": [0, 1], "optimizer.weight_decay": [0.5, 1]}}
SECRET = b"CANARY-6f1d-must-not-be-seen "


# ---- who opens what ----

class Watch:
    """Which of some files are opened by anybody, by inotify."""
    EVENTS = 0x1 | 0x2 | 0x20 | 0x400 | 0x800  # ACCESS, MODIFY, OPEN, DELETE_SELF, MOVE_SELF

    def __init__(self, paths):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for path in paths:
            if self.libc.inotify_add_watch(self.descriptor, os.fsencode(path), self.EVENTS) < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch")

    def events(self):
        """Masks of what happened since the last call."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.descriptor, 1 << 16):
                while data:
                    _, mask, _, length = struct.unpack_from("iIII", data)
                    found.append(mask)
                    data = data[16 + length:]
        return found

    def close(self):
        os.close(self.descriptor)


def state(path):
    info = os.lstat(path)
    return info.st_ino, info.st_mtime_ns, info.st_size, path.read_bytes()


# ---- hostile files ----

class Old:
    """A dataset that is about to be replaced."""

    def __init__(self, file, name):
        item = file[name]
        self.type, self.shape = item.id.get_type(), item.shape
        self.text = h5py.check_string_dtype(item.dtype) is not None and self.type.is_variable_str()
        self.space = item.id.get_space()
        self.chunks = item.chunks
        self.lists = [item.dims[i][0].name if len(item.dims[i]) else None for i in range(len(item.shape))]
        self.is_scale = "/" not in name


def create(file, name, old, plist, space=None):
    dataset = h5py.Dataset(h5py.h5d.create(file.id, name.encode(), old.type, space or old.space, plist))
    for i, scale in enumerate(old.lists):
        if scale:
            dataset.dims[i].attach_scale(file[scale])
    if old.is_scale:
        dataset.make_scale(name)


def fixed(old):
    return h5py.h5s.create_simple(old.shape) if old.shape else h5py.h5s.create(h5py.h5s.SCALAR)


def external(file, name, old, victims):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_external(str(victims["text"]).encode(), 0, 1 << 40)
    create(file, name, old, plist, fixed(old))


def external_relative(file, name, old, victims):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_external(victims["text"].name.encode(), 0, 1 << 40)
    create(file, name, old, plist, fixed(old))


def virtual(file, name, old, victims):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_virtual(fixed(old), str(victims["hdf5"]).encode(), b"x", fixed(old))
    create(file, name, old, plist, fixed(old))


def virtual_unlimited(file, name, old, victims):
    """Its extent is that of a dataset of the other file."""
    if not old.shape:
        return virtual(file, name, old, victims)
    most = (h5py.h5s.UNLIMITED,) + old.shape[1:]
    space, source = h5py.h5s.create_simple(old.shape, most), h5py.h5s.create_simple(old.shape, most)
    for s in (space, source):
        s.select_hyperslab((0,) * len(most), (1,) * len(most), block=(h5py.h5s.UNLIMITED,) + old.shape[1:])
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_virtual(space, str(victims["hdf5"]).encode(), b"x", source)
    create(file, name, old, plist, h5py.h5s.create_simple(old.shape, most))


def external_link(file, name, old, victims):
    file[name] = h5py.ExternalLink(str(victims["hdf5"]), "/x")


def soft_link(file, name, old, victims):
    file[name] = h5py.SoftLink("/run")


def dangling_link(file, name, old, victims):
    file[name] = h5py.SoftLink("/nowhere")


def linked_name(name):
    return "/" + (name.split("/")[0] if "/" in name else "more")


def linked_group(file, name, old, victims):
    """The dataset is where it was, but its group is reached by an external link."""
    group = linked_name(name)
    with contextlib.suppress(KeyError):
        del file[group]
    file[group] = h5py.ExternalLink(str(victims["hdf5"]), "/")


def user_link(file, name, old, victims):
    """A link of a class that only its maker knows."""
    maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
    library = ctypes.CDLL([line.split()[-1] for line in maps if "libhdf5" in line and "_hl" not in line][0])
    traverse = ctypes.CFUNCTYPE(ctypes.c_int64)(lambda *_: -1)

    class Class(ctypes.Structure):
        _fields_ = [("version", ctypes.c_int), ("id", ctypes.c_int), ("comment", ctypes.c_char_p)] + [
            (f, ctypes.c_void_p) for f in ("create", "move", "copy", "traverse", "delete", "query")]

    known = Class(1, 187, b"hostile", None, None, None, ctypes.cast(traverse, ctypes.c_void_p), None, None)
    assert library.H5Lregister(ctypes.byref(known)) >= 0
    library.H5Lcreate_ud.argtypes = [ctypes.c_int64, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t,
                                     ctypes.c_int64, ctypes.c_int64]
    target = str(victims["hdf5"]).encode()
    assert library.H5Lcreate_ud(file.id.id, name.encode(), 187, target, len(target), 0, 0) >= 0
    library.H5Lunregister(187)


def strange_filter(file, name, old, victims):
    """A filter that would be loaded from a shared library (blosc's number)."""
    return filtered(file, name, old, lambda plist: plist.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1, 2)))


def fletcher(file, name, old, victims):
    return filtered(file, name, old, lambda plist: plist.set_fletcher32())


def filtered(file, name, old, add):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(old.chunks or (1,))
    add(plist)
    space = old.space if old.chunks else h5py.h5s.create_simple((1,))
    create(file, name, old, plist, space)


def contiguous(file, name, old, victims, layout=h5py.h5d.CONTIGUOUS):
    """What h5repack -l CONTI makes of it: harmless, but nothing can be added, so it is refused too."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(layout)
    create(file, name, old, plist, h5py.h5s.create_simple(old.shape or (1,)))


def compact(file, name, old, victims):
    return contiguous(file, name, old, victims, h5py.h5d.COMPACT)


def second_name(file, name, old, victims):
    """Two names of one dataset: what is written to one is read from the other."""
    file[name] = file["curves/step" if name != "curves/step" else "runs/id"]


def circle(file, name, old, victims):
    """A group that is a member of itself."""
    file[name] = file["runs"]


def abyss(file, name, old, victims):
    group = file.create_group(name)
    for _ in range(40):
        group = group.create_group("g")


KINDS = [external, external_relative, virtual, virtual_unlimited, external_link, soft_link, dangling_link, linked_group,
         user_link, strange_filter, fletcher, contiguous, compact, second_name, circle, abyss]
# Texts of any length in fixed storage or with a checksum; more than the 64 kB that fit an object's head.
IMPOSSIBLE = {external: lambda old: old.text, external_relative: lambda old: old.text, fletcher: lambda old: old.text,
              compact: lambda old: old.type.get_size() * int(np.prod(old.shape or (1,))) > 60000}


def make(out, source, name, kind, victims):
    """`source` with the dataset `name` made hostile; None when HDF5 has no such thing."""
    shutil.copy(source, out)
    with h5py.File(out, "r+", libver="latest") as file:
        old = Old(file, name)
        if kind in IMPOSSIBLE and IMPOSSIBLE[kind](old):
            return None
        if not (old.is_scale and kind is linked_group):
            del file[name]
        kind(file, name, old, victims)
    return out


def names(path):
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def named(name, kind):
    """What the message names: of several names of one object the first that is met."""
    return {"linked_group": linked_name(name), "second_name": "has several names",
            "circle": "has several names"}.get(kind, "/" + name)


# ---- every command ----

def commands(sweep, good, bad, out):
    csv, h5 = out / "out.csv", out / "out.h5"
    return [[sweep, "-o", bad], ["recover", bad], ["status", bad], ["status", "--json", bad], ["show", bad, "--run", "0"],
            ["show", bad, "--run", "0", "--json"], ["export", bad], ["export", bad, "--curves", "-o", csv],
            ["export", bad, "--compact", h5], ["merge", "-o", h5, bad], ["merge", "-o", h5, good, bad],
            ["draws", bad, "--run", "0", "--steps", "1:2"]]


def analysis(bad, out):
    """The Python tools, in this process: (what was printed, refused)."""
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        try:
            symsweep.load(bad)
            yield "load", 0, said.getvalue()
        except symsweep.ResultsError as error:
            yield "load", 3, str(error)
        yield "report", report.main([str(bad), "-o", str(out / "page.html")]), said.getvalue()
        yield "figures", figures.main([str(bad), "--figure", "all", "-o", str(out / "figure")]), said.getvalue()


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keeper = Folder()
        cls.folder = cls.keeper.__enter__()
        cls.sweep, cls.good = cls.folder / "sweep.json", cls.folder / "good.h5"
        cls.sweep.write_text(json.dumps(SWEEP))
        subprocess.run([BINARY, cls.sweep, "-o", cls.good], check=True, capture_output=True)
        (cls.folder / "place").mkdir()
        cls.victims = {"text": cls.folder / "place/diary.txt", "hdf5": cls.folder / "place/thesis.h5"}
        cls.victims["text"].write_bytes(SECRET * 4000)
        with h5py.File(cls.victims["hdf5"], "w") as file:
            file.create_dataset("x", data=np.full((4, 4), 0.123456789), maxshape=(None, 4))
            file.attrs["format"] = SECRET.decode()

    @classmethod
    def tearDownClass(cls):
        cls.keeper.__exit__()

    def refuse(self, bad, what):
        """Every command refuses the file by name of the object, and opens no victim."""
        out = bad.parent
        listed, before = sorted(os.listdir(out)), state(bad)
        victims = {path: state(path) for path in self.victims.values()}
        watch = Watch(self.victims.values())
        said = []
        for command in commands(self.sweep, self.good, bad, out):
            done = subprocess.run([BINARY, *map(str, command)], capture_output=True, timeout=120)
            said.append((command, done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")))
        said += analysis(bad, out)
        opened = watch.events()
        watch.close()
        for command, code, text in said:
            self.assertEqual(code, 3, (what, command, text))
            self.assertIn(named(*what), text, (what, command))
            self.assertNotIn(SECRET.decode(), text, (what, command))
            self.assertNotIn("0.123456789", text, (what, command))
        self.assertEqual(opened, [], what)
        for path, was in victims.items():
            self.assertEqual(state(path), was, what)
        self.assertEqual(state(bad), before, what)
        self.assertEqual(sorted(os.listdir(out)), listed, what)

    def test_every_kind(self):
        found = names(self.good)
        # One of each shape and type in short; in full every dataset with its turn of two kinds.
        few = ["run", "runs/attempts", "runs/config", "runs/error", "curves/train_loss", "symmetry/commutativity/max",
               "sweep/config"]
        self.assertTrue(set(few) <= set(found), set(few) - set(found))
        if LONG:
            pairs = [(name, kind) for name in few for kind in KINDS]
            pairs += [(name, KINDS[(i + k * 7) % len(KINDS)]) for i, name in enumerate(found) for k in (0, 1)]
        else:
            pairs = [(few[(i + k) % len(few)], kind) for i, kind in enumerate(KINDS) for k in (0, 3)[:2 - i % 2]]
        made = 0
        for name, kind in dict.fromkeys(pairs):
            if kind in (contiguous, compact) and name == "sweep/config":
                continue
            bad = make(self.folder / "place/bad.h5", self.good, name, kind, self.victims)
            if bad:
                made += 1
                self.refuse(bad, (name, kind.__name__))
                bad.unlink()
        self.assertGreater(made, 300 if LONG else 12)

    def test_what_symsweep_makes_is_read(self):
        """The rule holds for what the program writes itself, compressed or not, and for a plain copy by h5py."""
        out = self.folder / "place"
        for command in (["export", self.good, "--compact", out / "small.h5"], ["merge", "-o", out / "one.h5", self.good]):
            subprocess.run([BINARY, *map(str, command)], check=True, capture_output=True)
        shutil.copy(self.good, out / "copy.h5")
        for path in (out / "small.h5", out / "one.h5", out / "copy.h5"):
            subprocess.run([BINARY, "status", path], check=True, capture_output=True)
            self.assertEqual(len(symsweep.load(path)), 4)
            path.unlink()

    def test_fresh_leaves_it_whole(self):
        """--fresh moves the file aside as it stands and trains anew beside it."""
        bad = make(self.folder / "place/bad.h5", self.good, "runs/attempts", external, self.victims)
        before, watch = bad.read_bytes(), Watch(self.victims.values())
        subprocess.run([BINARY, self.sweep, "--fresh", "-o", bad], check=True, capture_output=True)
        self.assertEqual(watch.events(), [])
        watch.close()
        moved = bad.with_name("bad.h5.1")
        self.assertEqual(moved.read_bytes(), before)
        self.assertEqual(len(symsweep.load(bad)), 4)
        for path in out_files(bad):
            path.unlink()

    def test_references_stay_behind(self):
        """Attributes that refer to other places mean nothing in a copy."""
        bad = self.folder / "place/bad.h5"
        shutil.copy(self.good, bad)
        with h5py.File(bad, "r+", libver="latest") as file:
            file.attrs["object"] = file["runs/id"].ref
            file["runs/id"].attrs["region"] = file["runs/seed"].regionref[0:2]
        out = bad.with_name("small.h5")
        subprocess.run([BINARY, "export", bad, "--compact", out], check=True, capture_output=True)
        with h5py.File(out) as file:
            self.assertNotIn("object", file.attrs)
            self.assertNotIn("region", file["runs/id"].attrs)
        bad.unlink()
        out.unlink()


def out_files(path):
    return [path.parent / name for name in os.listdir(path.parent) if name.startswith(pathlib.Path(path).name)]


if __name__ == "__main__":
    unittest.main()
