"""A sweep is edited and started again, over and over, into one file. After each start the planned rows are those of a
fresh sweep bit for bit, former rows are as they were and in no table, and no finished run is trained again."""

import copy
import csv
import io
import json
import os
import random
import unittest

import h5py
import numpy as np

from support import LONG, PROVENANCE, STATE, Folder, run, same_bits

SEQUENCES = int(os.environ.get("EDITS", 200 if LONG else 2))
EDITS = 5
# The checksum is over all columns, and a file that was edited may have more axes than a fresh one.
BESIDES = PROVENANCE | {"/runs/checksum", "/runs/attempts"}


def beginning(dice):
    return {
        "name": "edited",
        "run": {
            "task": {"kind": "modular", "operation": "add", "p": 5},
            "train_fraction": 0.5,
            "model": {"d_model": 8},
            "steps": 8,
            "evaluate": {"every": 4, "snapshots": 0, "tuples": 16},
            "save": {"parameters": dice.random() < 0.5, "split": True},
            "checkpoint": {"every_seconds": 0, "keep": dice.random() < 0.5},
        },
        "grid": {"seed": {"range": [0, 2]}},
    }


# ---- edits: each changes the sweep in place ----

VALUES = {
    "optimizer.weight_decay": [0, 0.1, 1.0, 2.5],
    "optimizer.learning_rate": [1e-3, 3e-3, 1e-2],
    "symmetry.commutativity.weight": [0, 0.5, 1],
    "symmetry.commutativity.inputs": ["all", "train"],
    "geometry.nuclear.weight": [0, 0.01],
    "task.operation": ["add", "sub", "mul"],
    "task.p": [5, 7],
    "model.kind": ["transformer", "mlp"],
    "train_fraction": [0.4, 0.5, 0.7],
    "data_seed": [0, 3],
    "phase.tau": [0.1, 0.2],
}


# Decides nothing that makes a run another one, so that it can be no axis.
NO_AXIS = {"phase.tau"}


def axes_of(sweep):
    return [key for key in sweep["grid"] if key != "seed"]


def free_keys(sweep):
    taken = set(sweep["grid"]) | {key for case in sweep.get("cases", []) for key in case}
    return sorted(set(VALUES) - taken)


def axis_keys(sweep):
    return [key for key in free_keys(sweep) if key not in NO_AXIS]


def change_value(sweep, dice):
    key = dice.choice(free_keys(sweep))
    *path, last = key.split(".")
    place = sweep["run"]
    for name in path:
        place = place.setdefault(name, {})
    place[last] = dice.choice(VALUES[key])


def add_axis(sweep, dice):
    if len(axes_of(sweep)) == 2:
        return remove_axis(sweep, dice)
    key = dice.choice(axis_keys(sweep))
    sweep["grid"][key] = dice.sample(VALUES[key], 2)


def remove_axis(sweep, dice):
    keys = axes_of(sweep)
    if not keys:
        return add_axis(sweep, dice)
    del sweep["grid"][dice.choice(keys)]


def reorder_axes(sweep, dice):
    items = list(sweep["grid"].items())
    dice.shuffle(items)
    sweep["grid"] = dict(items)


def change_seeds(sweep, dice):
    sweep["grid"]["seed"] = {"range": [dice.choice((0, 0, 0, 1)), dice.choice((2, 3, 4))]}


def raise_steps(sweep, dice):
    sweep["run"]["steps"] = min(32, sweep["run"]["steps"] + dice.choice((4, 8)))


def change_cases(sweep, dice):
    cases = sweep.setdefault("cases", [])
    if not cases:
        key = dice.choice(axis_keys(sweep))
        cases += [{"label": "one", key: VALUES[key][0]}, {"label": "two", key: VALUES[key][1]}]
    elif dice.random() < 0.7:
        case = dice.choice(cases)
        names = {other.get("label") for other in cases}
        case["label"] = dice.choice([name for name in ("one", "two", "three", "four", "five") if name not in names])
    elif len(cases) > 1:
        cases.pop(dice.randrange(len(cases)))
    else:
        del sweep["cases"]


def change_exclusion(sweep, dice):
    keys = axes_of(sweep)
    if "exclude" in sweep or not keys:
        sweep.pop("exclude", None)
    else:
        key = dice.choice(keys)
        sweep["exclude"] = [{key: sweep["grid"][key][0], "seed": {"above": 0}}]


EDIT = (change_value, change_value, add_axis, remove_axis, reorder_axes, change_seeds, raise_steps, change_cases,
        change_exclusion)


def edited(sweep, dice):
    after = copy.deepcopy(sweep)
    names = []
    for _ in range(dice.choice((1, 1, 2))):
        edit = dice.choice(EDIT)
        edit(after, dice)
        names.append(edit.__name__)
    # An exclusion goes with the axis that it names.
    if "exclude" in after and not set(after["exclude"][0]) <= set(after["grid"]):
        del after["exclude"]
    return after, " and ".join(names)


# ---- what is in a file ----

def rows_of(path):
    """id -> dataset -> the run's value, and fill values by dataset."""
    rows, fill = {}, {}
    with h5py.File(path, "r") as file:
        ids = [text.decode() for text in file["/runs/id"][()]]

        def visit(name, item):
            if isinstance(item, h5py.Dataset) and item.shape and item.shape[0] == len(ids) and "/" in name:
                # (h5py crashes when it is asked for the fill value of texts)
                fill["/" + name] = item.fillvalue if item.dtype.kind in "iuf" else None
                for id, value in zip(ids, item[()]):
                    rows.setdefault(id, {})["/" + name] = value

        file.visititems(visit)
    return rows, fill


def is_fill(values, fill):
    values = np.asarray(values)
    if values.dtype.kind == "f":
        return bool(np.isnan(values).all())
    return fill is None and not values.size or bool((values == fill).all())


def same_within(large, small, fill):
    """Is `small` the beginning of `large` in every direction, and nothing behind it?"""
    if isinstance(small, (bytes, str)):
        return large == small
    large, small = np.asarray(large), np.asarray(small)
    if any(a < b for a, b in zip(large.shape, small.shape)):
        return same_within(small, large, fill)
    inside = tuple(slice(0, n) for n in small.shape)
    rest = np.ones(large.shape, bool)
    rest[inside] = False
    return same_bits(np.ascontiguousarray(large[inside]), np.ascontiguousarray(small)) and is_fill(large[rest], fill)


def different(mine, other, fill, besides):
    """Datasets in which two rows differ; what only one file has must be missing there."""
    found = []
    for name in sorted(set(mine) | set(other)):
        if name in besides:
            continue
        if name in mine and name in other:
            if not same_within(mine[name], other[name], fill.get(name)):
                found.append(name)
        elif name in other and not is_fill(other[name], fill.get(name)):
            found.append(name + " (missing)")
    return found


class Edits(unittest.TestCase):
    def start(self, folder, output, *more):
        done = run(0, "--no-progress", "-o", output, *more, folder.sweep)
        self.assertEqual(done.returncode, 0, folder.sweep.read_text() + done.stderr)
        return done

    def tables(self, folder, output):
        """Ids that status and export show."""
        status = run(0, "status", "--json", output)
        self.assertEqual(status.returncode, 0, status.stderr)
        export = run(0, "export", output)
        self.assertEqual(export.returncode, 0, export.stderr)
        return json.loads(status.stdout), [row["id"] for row in csv.DictReader(io.StringIO(export.stdout))]

    def check_after(self, folder, before, what):
        output, fresh = folder / "out.h5", folder / "fresh.h5"
        fresh.unlink(missing_ok=True)
        self.start(folder, output)
        self.start(folder, fresh)
        rows, fill = rows_of(output)
        wanted, fresh_fill = rows_of(fresh)
        fill = {**fresh_fill, **fill}
        planned = {id for id, row in rows.items() if row["/runs/planned"] == 1}
        self.assertEqual(planned, set(wanted), what)
        for id in planned:
            self.assertEqual(different(rows[id], wanted[id], fill, BESIDES), [], "%s: planned row %s" % (what, id))
        trained = 0
        for id, row in before.items():
            self.assertIn(id, rows, what)
            if id not in planned:
                besides = {"/runs/planned", "/runs/checksum"} | {name for name in rows[id] if "/runs/axes/" in name}
                self.assertEqual(different(rows[id], row, fill, besides), [], "%s: former row %s" % (what, id))
            elif row["/runs/status"] == STATE["done"]:
                self.assertEqual(rows[id]["/runs/wall_seconds"], row["/runs/wall_seconds"], what + ": trained again")
        trained = len(set(rows) - set(before))
        status, exported = self.tables(folder, output)
        self.assertEqual(sorted(exported), sorted(planned), what)
        self.assertEqual(status["former"], len(rows) - len(planned), what)
        return rows, trained

    def sequence(self, number):
        dice = random.Random(number)
        sweep = beginning(dice)
        history, former = [], 0
        with Folder(sweep) as folder:
            rows, _ = self.check_after(folder, {}, "sequence %d" % number)
            for _ in range(EDITS):
                sweep, name = edited(sweep, dice)
                history.append(name)
                folder.sweep.write_text(json.dumps(sweep))
                what = "sequence %d, %s" % (number, ", then ".join(history))
                rows, _ = self.check_after(folder, rows, what)
        former = sum(row["/runs/planned"] == 0 for row in rows.values())
        return len(rows), former

    def test_sequences(self):
        total = former = 0
        for number in range(SEQUENCES):
            rows, gone = self.sequence(number)
            total += rows
            former += gone
        print("summary: job.edits: %d sequences of %d edits: %d rows, %d of them former at the end" % (SEQUENCES, EDITS, total, former))
        self.assertGreater(former, SEQUENCES)  # the edits do make former rows


if __name__ == "__main__":
    unittest.main(verbosity=2)
