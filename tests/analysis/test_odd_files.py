"""Odd files: every reader of the package on what a disk, another program or a hand may make of a good one. Each ends
with a result or with one line of what is wrong; never with a traceback, and in bounded time."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import warnings
from pathlib import Path

import h5py
import numpy as np

import fixtures
import symsweep
from symsweep import command, figures, generators, lattice, payload, report, statistics

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")
LONG = os.environ.get("SYMSWEEP_LONG") == "1"

# Datasets that some reader names; of the others one of each kind.
DATASETS = (
    "runs/id", "runs/config", "runs/label", "runs/task", "runs/status", "runs/seed", "runs/error", "runs/host", "runs/attempts",
    "runs/written", "runs/checksum", "runs/steps", "runs/stopped_early", "runs/wall_seconds", "runs/phase", "runs/parameters",
    "runs/majority", "runs/train_inputs", "runs/axes/seed", "runs/axes/train_fraction", "runs/onset/t_mem", "runs/onset/t_gen",
    "runs/onset/t_sym", "runs/onset/t_geo", "runs/onset/lead_time", "runs/final/test_accuracy", "runs/final/reflexivity_max",
    "runs/final/test_loss", "curves/step", "curves/train_accuracy", "curves/test_accuracy", "curves/weight_norm",
    "geometry/effective_dimension", "symmetry/reflexivity/max", "symmetry/reflexivity/mean", "symmetry/reflexivity/tuples",
    "symmetry/reflexivity/prompted", "symmetry/reflexivity/leak", "symmetry/distance_symmetry/agreement_wrong",
    "symmetry/distance_symmetry/wrong_tuples", "symmetry/automorphism/generators", "symmetry/automorphism/by_generator", "snapshots/step", "snapshots/pca", "snapshots/explained_variance",
    "snapshots/fourier_power", "snapshots/singular_values", "runs/refine/class", "runs/refine/decided", "runs/refine/low", "runs/refine/round")
GROUPS = ("runs", "runs/axes", "runs/onset", "runs/final", "runs/refine", "curves", "geometry", "symmetry", "symmetry/reflexivity", "snapshots", "sweep")
AXES = ["train_fraction"]

# Loads a file; 3 = refused.
READ = """
import sys; sys.path.insert(0, sys.argv[1])
import symsweep
try:
    symsweep.load(sys.argv[2], wait=0)
except symsweep.ResultsError:
    sys.exit(3)
"""


def setUpModule():
    global GOOD
    GOOD = fixtures.train(FOLDER, {
        "name": "good",
        "run": {"task": {"kind": "graph", "graph": "cycle", "nodes": 5}, "model": {"d_model": 8, "heads": 1, "d_mlp": 8},
                "steps": 60, "evaluate": {"every": 20, "snapshots": 1, "tuples": 16}, "phase": {"family": "reflexivity"}},
        "cases": [{"label": "a"}, {"label": "b", "symmetry.reflexivity.weight": 1.0}],
        "grid": {"train_fraction": [0.5, 0.75], "seed": [0, 1]},
        "refine": {"axes": AXES}})


def tearDownModule():
    shutil.rmtree(FOLDER)


# ---- files ----

def put(file, path, values, **options):
    facts = {name: value for name, value in file[path].attrs.items() if name not in ("DIMENSION_LIST", "_FillValue")}
    del file[path]
    values = np.asarray(values) if not isinstance(values, np.ndarray) else values
    file.create_dataset(path, data=values, chunks=True if values.ndim and values.size else None, **options).attrs.update(facts)


def texts_of(values):
    return np.array(["x%d" % k for k in range(len(values))], dtype=h5py.string_dtype())


def fill(value):
    def change(file, path):
        dataset = file[path]
        if dataset.dtype.kind == "O":
            dataset[:] = [value if isinstance(value, str) else str(value)] * dataset.shape[0]
        elif dataset.dtype.kind == "S":
            for row in range(dataset.shape[0]):
                fixtures._put_text(dataset, row, str(value))
        elif dataset.dtype.kind == "f":
            dataset[...] = np.float64(value) if not isinstance(value, str) else np.inf
        else:
            span = np.iinfo(dataset.dtype)
            dataset[...] = span.max if isinstance(value, str) else span.min if value == value else -1
    return change


CHANGES = {
    "deleted": lambda file, path: file.__delitem__(path),
    "a group": lambda file, path: (file.__delitem__(path), file.create_group(path)),
    "real": lambda file, path: put(file, path, np.linspace(-1, 1e300, file[path].shape[0])),
    "whole": lambda file, path: put(file, path, np.arange(file[path].shape[0], dtype=np.int64) - 2),
    "text": lambda file, path: put(file, path, texts_of(file[path])),
    "unsigned": lambda file, path: put(file, path, np.ones(file[path].shape, dtype=np.uint16)),
    "compound": lambda file, path: put(file, path, np.zeros(file[path].shape, dtype=[("a", "i4"), ("b", "f4")])),
    "scalar": lambda file, path: put(file, path, 1.5),
    "one more dimension": lambda file, path: put(file, path, np.zeros(file[path].shape + (2,), dtype=np.float32)),
    "no row": lambda file, path: file[path].resize((0,) + file[path].shape[1:]),
    "one row less": lambda file, path: file[path].resize((file[path].shape[0] - 1,) + file[path].shape[1:]),
    "no column": lambda file, path: file[path].resize(file[path].shape[:1] + (0,) * (file[path].ndim - 1)),
    "missing": fill(np.nan),
    "extreme": fill("\u202e\x1b[31m $\\frac{</script>"),
    "negative": fill(-1e30),
}


def root(name, value):
    def change(file):
        if value is None:
            del file.attrs[name]
        else:
            file.attrs[name] = value
    return change


def shape_all(count):
    """All datasets as long as `count`: a plan of that many runs of which nothing is written."""
    def change(file):
        for path, dataset in fixtures.hdf5.tables(file).items():
            dataset.resize((count,) + dataset.shape[1:])
    return change


def config(change):
    def edit(file):
        texts = [json.loads(text) for text in file["runs/config"][:]]
        file["runs/config"][:] = [change(found) for found in texts]
    return edit


def states(*codes):
    def change(file):
        file["runs/status"][:] = np.resize(np.array(codes, dtype=np.int8), file["runs/status"].shape)
    return change


def whole_files():
    """name -> change of an open file."""
    found = {"%s %s" % (path, name): (lambda file, path=path, change=change: change(file, path))
             for path in DATASETS for name, change in CHANGES.items()}
    found.update({"group %s deleted" % path: (lambda file, path=path: file.__delitem__(path)) for path in GROUPS})
    for name in ("format", "format_version", "symsweep_version", "git_commit", "created_utc", "sweep_name", "blas", "mpi"):
        for what, value in (("deleted", None), ("number", 7.5), ("array", np.arange(3)), ("text", "\x1b]0;x\x07</script>"), ("empty", h5py.Empty("f4"))):
            found["attribute %s %s" % (name, what)] = root(name, value)
    for path in ("runs/status", "runs/phase", "curves/test_accuracy"):
        for name in ("flag_meanings", "units", "long_name", "definition"):
            for what, value in (("number", 3), ("array", np.zeros(4)), ("text", "$\\a$ </script>")):
                found["%s@%s %s" % (path, name, what)] = lambda file, p=path, n=name, v=value: file[p].attrs.__setitem__(n, v)
    for name, text in (("empty", ""), ("no JSON", "{{{"), ("a list", "[1]"), ("deep", "[" * 100000), ("surrogate", '{"name":"\\ud800","description":"\\ud800"}'),
                       ("refine a number", '{"refine":3}'), ("axes a number", '{"refine":{"axes":7}}'), ("axes nested", '{"refine":{"axes":[["a"]]}}')):
        found["sweep text %s" % name] = lambda file, t=text: file["sweep/config"].__setitem__((), t)
    for what, values in (("task", (None, 3, "x", [1], {})), ("phase", (None, 3, [], {"accuracy": "x"}, {"family": 3}, {"accuracy": []})), ("steps", ("x", None, [1], 1e400)),
                         ("model", (1, [])), ("seed", ("x", [2]))):
        for value in values:
            found["config %s %r" % (what, value)] = config(lambda c, w=what, v=value: json.dumps({**c, w: v}))
    for key, values in (("kind", (3, None, "alien", [1])), ("sides", (3, "ab", ["a"], [1e9, 1e9], [-1])), ("nodes", ("x", -3)), ("graph", (["x"], "grid", "tree", "hypercube")),
                        ("branching", ("x", 0, 1e30)), ("factors", (1,))):
        for value in values:
            found["config task.%s %r" % (key, value)] = config(lambda c, k=key, v=value: json.dumps({**c, "task": {**c["task"], "graph": "tree", k: v}}))
    found["configs that are no objects"] = config(lambda c: "[1, 2]")
    found["config surrogate"] = config(lambda c: json.dumps({**c, "task": {"kind": "\ud800"}}))
    found["no runs"] = shape_all(0)
    found["one run"] = shape_all(1)
    found["a thousand empty runs"] = shape_all(1000)
    found["ten million runs"] = shape_all(10_000_000)
    found["endless evaluations"] = lambda file: file["curves/test_loss"].resize((8, 1 << 40))
    found["one evaluation"] = lambda file: [d.resize((8, 1)) for p, d in fixtures.hdf5.tables(file).items() if p.startswith(("curves", "geometry", "symm")) and d.ndim == 2]
    for name, codes in (("pending", (0,)), ("running", (1,)), ("failed", (4,)), ("diverged", (3,)), ("pruned", (6,)), ("not selected", (5,)), ("each", range(7)), ("none", (-1, 7, 100))):
        found["all %s" % name] = states(*codes)
    return found


def soft_nan(file):
    """Not a number everywhere, and nothing reached."""
    for path, dataset in fixtures.hdf5.tables(file).items():
        if dataset.dtype.kind == "f":
            dataset[...] = np.nan
        elif path.startswith("runs/onset/"):
            dataset[...] = -1


def make(name, change, sound):
    """The changed copy; `sound`: with checksums that fit, so that its rows count."""
    path = fixtures.copy(GOOD, "odd.h5")
    with h5py.File(path, "r+") as file:
        change(file)
        if sound:
            with contextlib.suppress(Exception):
                fixtures.renew(file)
    return path


# ---- readers ----

def read_everything(path):
    """load, statistics, lattice, the page and the figures. Returns the errors, which are of the kinds that the tools
    turn into one line."""
    known, errors = (symsweep.ResultsError, command.Refusal), []

    def attempt(work):
        try:
            return work()
        except known as error:
            errors.append(str(error))

    results = attempt(lambda: symsweep.load(path, wait=0))
    if results is None:
        return errors
    attempt(lambda: results.curves), attempt(lambda: results.snapshots), repr(results), list(results.settings)
    attempt(lambda: results.planned.read_snapshots(["pca"]) if "pca" in results.snapshots else None)
    for onset in ("t_gen", "t_geo"):
        if onset in results.runs:
            time, observed = attempt(lambda: statistics.onset_times(results, onset))[1:]
            statistics.bootstrap_median(time, observed, samples=20)
    attempt(lambda: (results.by_generator, generators.acquisition(results)))
    attempt(lambda: [results.generators(run) for run in results.runs.index[:2]])
    attempt(lambda: lattice.lattice(results))
    attempt(lambda: lattice.lattice(results, AXES))
    attempt(lambda: report.build(results, all=True))
    for name, figure in figures.FIGURES.items():
        attempt(lambda: figures.plt.close(figure(results)))
    return errors


class Odd(unittest.TestCase):
    def check(self, name, path):
        begun = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figures.be_quiet()
            errors = read_everything(path)
        self.assertLess(time.monotonic() - begun, 120, name)
        for error in errors:
            self.assertTrue(error and "Traceback" not in error, name)
        return errors

    def test_the_good_one(self):
        self.assertEqual(self.check("good", GOOD), [])

    def test_changed_files(self):
        """Every change with checksums that no longer fit or with ones that do: in turn, both with SYMSWEEP_LONG=1."""
        files = whole_files()
        files["nothing is a number"] = soft_nan
        self.assertGreater(len(files), 700)
        chosen = list(files.items()) if LONG else list(files.items())[::120]
        refused = 0
        for k, (name, change) in enumerate(chosen):
            for sound in (False, True) if LONG else (k % 3 != 0,):
                with self.subTest(name, sound=sound):
                    refused += bool(self.check(name, make(name, change, sound)))
        self.assertGreater(refused, len(chosen) // 4)


class Commands(unittest.TestCase):
    """Each tool says one line and returns 3; nothing that it waits for lasts."""

    def say(self, arguments, tool):
        said = io.StringIO()
        begun = time.monotonic()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = tool.main([*map(str, arguments)])
        self.assertLess(time.monotonic() - begun, 60)
        return code, said.getvalue()

    def refused(self, path, reason, *options):
        for tool, more in ((report, []), (figures, ["--figure", "all"]), (lattice, [GOOD])):
            code, said = self.say([path, *more, *options], tool)
            self.assertEqual(code, 3, (path, said))
            self.assertEqual(said.count("\n"), 1, said)
            self.assertIn(str(path), said)
            self.assertIn(reason, said)

    def place(self, name, data):
        path = Path(FOLDER, name)
        path.write_bytes(data)
        return path

    def test_no_results(self):
        data = GOOD.read_bytes()
        self.refused(self.place("empty.h5", b""), "an empty file")
        self.refused(self.place("text.h5", b"run,status\n0,done\n"), "not an HDF5 file")
        self.refused(self.place("zeros.h5", bytes(4096)), "not an HDF5 file")
        self.refused(self.place("start.h5", data[:8]), "")
        self.refused(Path(FOLDER), "folder")
        self.refused(Path(FOLDER, "absent.h5"), "no such file")
        foreign = Path(FOLDER, "foreign.h5")
        with h5py.File(foreign, "w") as file:
            file["data"] = np.arange(10)
        self.refused(foreign, "not a results file")

    def test_cut_off(self):
        """A file that ends early is refused at once, wherever it ends: nobody writes it."""
        data = GOOD.read_bytes()
        for share in (0.01, 0.3, 0.9, 0.999):
            self.refused(self.place("cut.h5", data[:int(share * len(data))]), "")

    def test_a_writer_that_does_not_come_back_is_waited_for_so_long(self):
        """Flags of a writer in a file that does not open: the wait is the one that was asked for."""
        data = bytearray(GOOD.read_bytes()[:3000])
        data[11] = 5
        path = self.place("flagged.h5", bytes(data))
        begun = time.monotonic()
        with self.assertRaises(symsweep.ResultsError):
            symsweep.load(path, wait=1.5)
        self.assertGreater(time.monotonic() - begun, 1)
        self.refused(path, "", "--wait", "0.5")

    def test_damaged_metadata(self):
        """Bytes of the file's own structure: an error at once, and none that ends the process for the command line."""
        data = GOOD.read_bytes()
        codes = set()
        for k in range(40 if LONG else 3):
            random = np.random.default_rng(k)
            broken = bytearray(data)
            for at in random.integers(48, len(data) // 4, 20):
                broken[at] = random.integers(256)
            path = self.place("broken.h5", bytes(broken))
            done = subprocess.run([str(fixtures.REPORT), str(path)], capture_output=True, text=True, timeout=300)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assertNotIn("Traceback", done.stderr)
            codes.add(done.returncode)
        self.assertIn(3, codes)

    def test_damage_by_kind_of_structure(self):
        """A byte behind the signature of every kind of structure of HDF5: headers of objects, heaps and trees of
        attributes and links, indexes of chunks. Nothing but ResultsError comes out."""
        data = GOOD.read_bytes()
        damaged = 0
        for signature in sorted(set(re.findall(rb"OHDR|OCHK|FRHP|FHDB|FHIB|BTHD|BTLF|BTIN|EAHD|EAIB|FAHD|FADB|GCOL|TREE|SNOD|HEAP", data))):
            places = [match.start() for match in re.finditer(signature, data)]
            for at in places[:: max(1, len(places) // (40 if LONG else 1))]:
                broken = bytearray(data)
                broken[at + 6] ^= 0xff
                path = self.place("broken.h5", bytes(broken))
                done = subprocess.run([sys.executable, "-c", READ, str(fixtures.TOP / "analysis"), str(path)], capture_output=True, text=True)
                self.assertIn(done.returncode, (0, 3, -signal.SIGSEGV, -signal.SIGABRT), "%s at %d: %s" % (signature, at, done.stderr))
                damaged += done.returncode != 0
        self.assertGreater(damaged, 3)

    def test_a_crash_of_the_library_is_one_line(self):
        done = subprocess.run(["/usr/bin/python3", "-c", "import os, signal, sys; sys.path.insert(0, %r); from symsweep.command import guarded; "
                               "sys.exit(guarded(lambda: os.kill(os.getpid(), signal.SIGSEGV)))" % str(fixtures.TOP / "analysis")], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (3, 1), done.stderr)
        self.assertIn("SIGSEGV", done.stderr)

    def test_the_child_ends_with_its_parent(self):
        code = ("import os, sys, time; sys.path.insert(0, %r); from symsweep.command import guarded\n"
                "def work():\n    print(os.getpid(), flush=True)\n    time.sleep(600)\n"
                "guarded(work)") % str(fixtures.TOP / "analysis")
        parent = subprocess.Popen(["/usr/bin/python3", "-c", code], stdout=subprocess.PIPE, text=True)
        child = int(parent.stdout.readline())
        parent.kill()
        parent.communicate()
        deadline = time.monotonic() + 60
        while Path("/proc/%d" % child).exists() and "\nState:\tZ" not in Path("/proc/%d/status" % child).read_text():
            self.assertLess(time.monotonic(), deadline, "the child lives on")
            time.sleep(0.05)

    def test_without_permission(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        path = self.place("secret.h5", GOOD.read_bytes())
        path.chmod(0)
        self.refused(path, "permission")

    def test_a_place_that_cannot_be_written(self):
        for tool, more in ((report, ["-o", "/nowhere/x.html"]), (figures, ["--figure", "fig8", "-o", "/nowhere/x"])):
            code, said = self.say([GOOD, *more], tool)
            self.assertEqual((code, said.count("\n")), (3, 1), said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
