"""Results files for the tests: small real sweeps, and files bent into what a sweep may leave behind."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "analysis"))
sys.path.insert(0, str(TOP / "tests" / "support"))
import facts  # noqa: E402,F401
from symsweep import checksums, hdf5  # noqa: E402

BINARY = os.environ.get("SYMSWEEP_BINARY", str(TOP / "build" / "symsweep"))
REPORT, FIGURES = TOP / "analysis" / "report", TOP / "analysis" / "figures"

TINY = {"d_model": 16, "heads": 2, "d_mlp": 32}


def sweep(name, **keys):
    """A sweep of seconds: addition modulo 7, two interventions, three seeds."""
    content = {
        "name": name,
        "description": "Addition modulo 7, for a test.",
        "run": {
            "task": {"kind": "modular", "operation": "add", "p": 7},
            "train_fraction": 0.6,
            "model": TINY,
            "optimizer": {"learning_rate": 0.003},
            "steps": 800,
            "evaluate": {"every": 20, "snapshots": 6},
            "stop": {"test_accuracy": 1.0, "for_steps": 100},
        },
        "cases": [{"label": "baseline"}, {"label": "commutativity", "symmetry.commutativity.weight": 1.0}],
        "grid": {"seed": {"range": [0, 3]}},
    }
    content.update(keys)
    return content


def write_sweep(folder, content):
    path = Path(folder, content["name"] + ".json")
    path.write_text(json.dumps(content))
    return path


def command(path, *options):
    return [BINARY, "--quiet", "--no-progress", *map(str, options), str(path)]


PLANE_AXES = ["train_fraction", "optimizer.weight_decay"]


def plane(name, **keys):
    """5 x 5 points with 3 seeds, in two planes."""
    content = {
        "name": name,
        "run": {
            "task": {"kind": "modular", "operation": "add", "p": 11},
            "model": {"d_model": 16, "heads": 1, "d_mlp": 32},
            "optimizer": {"learning_rate": 0.01},
            "steps": 200,
            "evaluate": {"every": 20, "snapshots": 0, "tuples": 16, "spectra_every": 1000},
            "stop": {"test_accuracy": 0.9, "for_steps": 20},
            "phase": {"accuracy": 0.9},
        },
        "cases": [{"label": "alone"}, {"label": "mirrored", "symmetry.commutativity.weight": 1.0}],
        "grid": {
            "train_fraction": {"linspace": [0.5, 0.95, 5]},
            "optimizer.weight_decay": {"logspace": [0.01, 10, 5]},
            "seed": {"range": [0, 3]},
        },
    }
    content.update(keys)
    return content


def train(folder, content, *options):
    """Trains a sweep; the results file."""
    path = write_sweep(folder, content)
    output = path.with_suffix(".h5")
    done = subprocess.run(command(path, "--output", output, *options), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError("symsweep returned %d: %s" % (done.returncode, done.stderr))
    return output


def copy(source, name):
    target = Path(source).with_name(name)
    shutil.copy(source, target)
    return target


def _clear_row(file, row):
    """A row as it is before its run starts: missing values in everything that training writes."""
    def visit(name, item):
        known = ("runs/id", "runs/config", "runs/label", "runs/task", "runs/seed", "runs/parameters", "runs/train_inputs",
                 "runs/test_inputs", "runs/majority")
        facts = ("tuples", "enumerated", "holds", "prompted", "leak")
        if not isinstance(item, h5py.Dataset) or item.ndim == 0 or item.shape[0] != file["runs/status"].shape[0]:
            return
        if name in known or name.startswith("runs/axes/") or name.rsplit("/", 1)[-1] in facts or name == "run":
            return
        if item.dtype.kind in "fi":
            item[row] = np.nan if item.dtype.kind == "f" else -1
        elif item.dtype.kind == "S" and item.ndim == 2:
            _put_text(item, row, "")

    file.visititems(visit)
    file["runs/status"][row] = 0
    file["runs/phase"][row] = 5
    file["runs/written"][row] = file["runs/attempts"][row] = 0


def _put_text(dataset, row, text):
    # Single characters are null-terminated in the file; written as anything else they would be converted to nothing.
    padded = np.frombuffer(text.encode().ljust(dataset.shape[1], b"\0"), dtype="S1")
    place = dataset.id.get_space()
    place.select_hyperslab((row, 0), (1, dataset.shape[1]))
    memory = h5py.h5s.create_simple((1, dataset.shape[1]))
    dataset.id.write(memory, place, padded.reshape(1, -1), mtype=dataset.id.get_type())


def renew(file, rows=slice(None)):
    """Gives rows that were bent the checksums that they would have, had symsweep written them."""
    count = file["runs/status"].shape[0]
    file["runs/checksum"][rows] = checksums.of_rows(hdf5.tables(file), np.ones(count, dtype=bool))[rows]


def bend(source, name, pending=(), failed=(), diverged=(), running=(), delete=()):
    """A copy of a results file in which the given rows have another state and the given groups are missing."""
    target = copy(source, name)
    with h5py.File(target, "r+") as file:
        for row in list(pending) + list(failed):
            _clear_row(file, row)
        for row in failed:
            file["runs/status"][row] = 4
            file["runs/attempts"][row] = 3
            _put_text(file["runs/error"], row, "trainer killed by signal 9 (out of memory?) <b>&amp;")
        for row in diverged:
            file["runs/status"][row], file["runs/phase"][row] = 3, 4
            _put_text(file["runs/error"], row, "train_loss is not finite at step 40")
        for row in running:
            file["runs/status"][row], file["runs/phase"][row] = 1, 5
            file["runs/written"][row] = 2
        for path in delete:
            del file[path]
        renew(file)
    return target


def datasets(file):
    """The paths of all datasets."""
    found = []
    file.visititems(lambda path, item: found.append(path) if isinstance(item, h5py.Dataset) else None)
    return found


def keep_runs(source, name, count):
    """The first `count` runs only."""
    target = copy(source, name)
    with h5py.File(target, "r+") as file:
        runs = file["runs/status"].shape[0]
        for path in datasets(file):
            dataset = file[path]
            if dataset.ndim and dataset.shape[0] == runs and not path.startswith(("evaluation", "token", "component")):
                dataset.resize((count,) + dataset.shape[1:])
    return target


def repeat_runs(source, name, times):
    """Every run `times` times over under other seeds and identities: the size of a large sweep."""
    target = copy(source, name)
    with h5py.File(target, "r+") as file:
        runs = file["runs/status"].shape[0]
        for path in datasets(file):
            dataset = file[path]
            if not dataset.ndim or dataset.shape[0] != runs or dataset.maxshape[0] is not None:
                continue
            if "/" not in path and path != "run":
                continue
            values = dataset[:]
            dataset.resize((runs * times,) + dataset.shape[1:])
            for k in range(1, times):
                dataset[k * runs:(k + 1) * runs] = values
        ids = file["runs/id"][:runs]
        configs = [json.loads(text) for text in file["runs/config"][:runs]]
        for k in range(1, times):
            rows = slice(k * runs, (k + 1) * runs)
            file["runs/seed"][rows] = file["runs/seed"][:runs] + 1000 * k
            if "runs/axes/seed" in file:
                file["runs/axes/seed"][rows] = file["runs/seed"][rows]
            file["runs/config"][rows] = [json.dumps({**c, "seed": c["seed"] + 1000 * k, "data_seed": c["data_seed"] + 1000 * k})
                                         for c in configs]
            file["runs/id"][rows] = [b"%04d" % k + name[4:] for name in ids]
        renew(file)
    return target
