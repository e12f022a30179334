"""Runs on tables from files: the same table under another name is the same run, bit for bit; every format is trained by
both models; a table of the largest size."""

import csv
import io
import itertools
import json
import os
import random
import resource
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

BINARY = os.environ["SYMSWEEP_BINARY"]
SMALL = {"d_model": 8, "heads": 2, "d_mlp": 16, "d_hidden": 16}


class Runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def command(self, *arguments, code=0):
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def sweep(self, name, **sweep):
        path = self.folder / (name + ".json")
        path.write_text(json.dumps({"name": name, **sweep}))
        return path

    def train(self, name, **sweep):
        self.command("--quiet", self.sweep(name, **sweep))
        return h5py.File(self.folder / (name + ".h5"), "r")


def datasets(file):
    found = {}
    file.visititems(lambda name, item: found.__setitem__(name, item) if isinstance(item, h5py.Dataset) else None)
    return found


class Twin(Runs):
    # What a run is called, and how long it took.
    NAMES = {"runs/id", "runs/config", "runs/task", "runs/checksum", "sweep/config", "runs/wall_seconds",
             "runs/steps_per_second", "runs/measure_share"}
    # What a table does not say of itself: the group behind its numbers.
    FOURIER = {prefix + name for prefix in ("geometry/", "runs/final/")
               for name in ("circularity", "fourier_top5", "fourier_gini", "fourier_frequencies90")}

    def test_addition_from_a_file_is_addition(self):
        """p = 113, 100 steps: split, initialization, tuples drawn, every curve and snapshot that both have."""
        p = 113
        rows = [(x, y, (x + y) % p) for x in range(p) for y in range(p)]
        random.Random(1).shuffle(rows)
        pd.DataFrame(rows, columns=["x", "y", "sum"]).to_csv(self.folder / "add.csv", index=False)
        common = {"train_fraction": 0.3, "steps": 100, "seed": 3, "evaluate": {"every": 50, "snapshots": 1},
                  "phase": {"family": "associativity"}, "save": {"embedding": True, "parameters": True, "split": True}}
        cases = [{"label": "transformer"}, {"label": "mlp", "model.kind": "mlp"},
                 {"label": "consistency", "symmetry.commutativity.weight": 1, "symmetry.associativity.weight": 1},
                 {"label": "minibatches", "optimizer.batch_size": 512, "model.operand_embeddings": "separate"}]
        table = self.train("table", run={"task": {"kind": "table", "file": "add.csv"}, **common}, cases=cases)
        modular = self.train("modular", run={"task": {"kind": "modular", "operation": "add", "p": p}, **common}, cases=cases)
        found, wanted = datasets(table), datasets(modular)
        self.assertEqual(set(found) - set(wanted), set())
        different = set()
        for name, item in found.items():
            a, b = item[()], wanted[name][()]
            if name == "frequency":
                self.assertEqual(a.shape, (0,))  # a dimension of Fourier measures
            elif item.dtype.kind == "O":
                if not np.array_equal(a, b):
                    different.add(name)
            else:
                self.assertEqual(a.shape, b.shape, name)
                if a.tobytes() != b.tobytes():
                    different.add(name)
        self.assertLessEqual(different, self.NAMES | self.FOURIER)
        self.assertLessEqual({"runs/id", "runs/config", "geometry/fourier_top5"}, different)
        self.assertEqual(set(table["runs/id"][()]) & set(modular["runs/id"][()]), set())
        for name in self.FOURIER:
            self.assertTrue(np.isnan(found[name][()]).all() and not np.isnan(wanted[name][()]).all(), name)
        for name in ("data/split", "data/inputs", "data/label", "snapshots/parameters", "curves/train_loss",
                     "curves/test_loss", "symmetry/commutativity/max", "symmetry/associativity/mean",
                     "symmetry/automorphism/by_generator", "runs/onset/t_mem", "symmetry/associativity/leak"):
            self.assertIn(name, found)  # these were compared, then
        self.assertEqual(table["curves/train_loss"].shape, (4, 3))
        self.assertFalse(np.isnan(table["curves/test_loss"][()]).any())


def text(rows, separator=",", end="\n"):
    return "".join(separator.join(map(str, row)) + end for row in rows)


class Formats(Runs):
    """What other programs write is trained as it is."""

    def tables(self):
        """Name, content, rows, has it a header that must be named?"""
        add = [(x, y, (x + y) % 5) for x in range(5) for y in range(5)]
        frame = pd.DataFrame(add, columns=["x", "y", "label"])
        yield "pandas", frame.to_csv(index=False), add, False
        yield "pandas, floats, tabs, quotes", frame.astype(float).to_csv(index=False, sep="\t", quoting=csv.QUOTE_ALL), add, False
        for name, options in (("savetxt", {}), ("savetxt, commas", {"fmt": "%d", "delimiter": ",", "header": "x y label"})):
            out = io.StringIO()
            np.savetxt(out, np.array(add), **options)
            yield name, out.getvalue(), add, False
        yield "Excel", "\ufeffx;y;sum\r\n" + text(add, ";", "\r\n"), add, False
        yield "Excel, sep=", "\ufeffsep=;\r\nx;y;sum\r\n" + text(add, ";", "\r\n"), add, False
        colours = [(a, b, a if a == b else "-".join(sorted((a, b)))) for a in ("red", "blue", "grün", "dark red")
                   for b in ("red", "blue", "grün", "dark red")]
        yield "words", pd.DataFrame(colours, columns=["a", "b", "mix"]).to_csv(index=False), colours, True
        yield "words, Excel", "\ufeffFarbe A;Farbe B;Mischung\r\n" + text(colours, ";", "\r\n"), colours, True
        yield "words, comments", "# colours\n\n" + text(colours, "; ").replace("\n", "  # mixed\n"), colours, False
        operators = [(x, op, y, (x + y if op == "+" else x - y if op == "-" else x * y) % 5) for x in range(5) for op in "+-*"
                     for y in range(5)]
        yield "an operator in the middle", text(operators, " "), operators, False
        yield "an operator in the middle, CSV", text(operators), operators, False
        draw = random.Random(1)
        for operands in range(3, 17):
            size = 2 if operands > 5 else 3
            every = list(itertools.product(range(size), repeat=operands))
            inputs = draw.sample(every, min(len(every), 60))
            yield "%d operands" % operands, text((*x, sum(x) % size) for x in inputs), [(*x, sum(x) % size) for x in inputs], False
        yield "one operand", text((x, x * x % 7) for x in range(7)), [(x, x * x % 7) for x in range(7)], False

    def test_every_format_is_trained_by_both_models(self):
        tables = list(self.tables())
        cases = []
        for k, (name, content, _, header) in enumerate(tables):
            path = self.folder / ("table%d.csv" % k)
            path.write_bytes(content.encode())
            cases.append({"label": name, "task.file": path.name, "task.header": header})
        models = [{"kind": "transformer", **SMALL}, {"kind": "mlp", **SMALL}]
        file = self.train("formats", run={"task": {"kind": "table"}, "train_fraction": 0.6, "steps": 4, "model": models[0],
                                          "evaluate": {"every": 2, "snapshots": 0}, "save": {"split": True},
                                          "phase": {"family": "label_pairs"}},
                          cases=cases, grid={"model.kind": ["transformer", "mlp"]})
        labels = file["runs/label"].asstr()[()]
        kinds = [json.loads(c)["model"]["kind"] for c in file["runs/config"].asstr()[()]]
        self.assertEqual(len(set(zip(labels, kinds))), 2 * len(tables))
        self.assertGreater(len(tables), 25)
        for name, _, rows, _ in tables:
            numbers = self.numbered(rows)
            for row in np.flatnonzero(labels == name):
                with self.subTest(name, model=kinds[row]):
                    self.assertEqual(file["runs/status"][row], 2)
                    self.assertEqual(file["curves/step"][row].tolist(), [0, 2, 4])
                    self.assertTrue(np.isfinite(file["curves/train_loss"][row]).all())
                    self.assertTrue(np.isfinite(file["curves/test_loss"][row]).all())
                    self.assertEqual(len(set(file["curves/train_loss"][row])), 3)
                    width = len(rows[0]) - 1
                    inputs = file["data/inputs"][row, :len(rows), :width].tolist()
                    self.assertEqual(list(zip(inputs, file["data/label"][row, :len(rows)])), numbers)
                    self.assertEqual((file["data/split"][row] == 1).sum(), round(0.6 * len(rows)))

    @staticmethod
    def numbered(rows):
        def ids(words):
            seen = list(dict.fromkeys(words))
            return {w: i for i, w in enumerate(sorted(w for w in seen if isinstance(w, int)) +
                                               [w for w in seen if isinstance(w, str)])}
        tokens, labels = ids(w for row in rows for w in row[:-1]), ids(row[-1] for row in rows)
        return sorted(([tokens[w] for w in row[:-1]], labels[row[-1]]) for row in rows)


class Large(Runs):
    def test_four_million_inputs(self):
        """Read in seconds (2.5 s of a processor measured for all that check does, 300 MB at most), and estimated."""
        n = 2000
        with open(self.folder / "large.csv", "w", encoding="ascii") as out:
            for x in range(n):
                out.write("".join("%d,%d,%d\n" % (x, y, x * y % 3) for y in range(n)))
        sweep = self.sweep("large", run={"task": {"kind": "table", "file": "large.csv"}, "train_fraction": 0.01, "steps": 2,
                                         "model": {"d_model": 8, "heads": 2}})
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        page = self.command("check", "--speed", 10, sweep).stdout  # without a trial run
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print("check of 4,000,000 inputs: %.1f s of a processor, %.0f MB" % (seconds, after.ru_maxrss / 1e3))
        self.assertIn("data        table large.csv: 40000 train and 3960000 test inputs, full batch, 1 run", page)
        self.assertRegex(page, r"\nmemory      \d+ MB a worker\n")
        self.assertLess(seconds, 100)  # ten times what it may take, for machines that do other things
        one_more = (self.folder / "large.csv").read_bytes() + b"2000,0,0\n"
        (self.folder / "large.csv").write_bytes(one_more)
        self.assertIn("large.csv:4000001: more than 4000000 inputs", self.command("check", "--speed", 10, sweep, code=2).stderr)


if __name__ == "__main__":
    unittest.main()
