#!/usr/bin/python3
"""Runs that the sweep no longer has are former: kept, left out of every table unless asked for, pooled with nothing that
differs from them."""
import csv
import io
import json
import re
import subprocess
import unittest

import h5py

from results_support import BINARY, Folder, make_file, run

RUN = {"task": {"kind": "modular", "operation": "add", "p": 5}, "steps": 20, "evaluate": {"every": 10},
       "model": {"kind": "mlp", "layers": 1, "d_model": 4, "d_hidden": 8}}


class Sweep:
    """A sweep that is edited and started again and again into one file."""

    def __init__(self, folder, name="s"):
        self.path, self.results = folder / f"{name}.json", folder / f"{name}.h5"

    def start(self, *options, grid=None, run_keys=None, output=None, **more):
        content = {"name": "s", "run": {**RUN, **(run_keys or {})}, "grid": grid or {"seed": {"range": [0, 3]}}, **more}
        self.path.write_text(json.dumps(content))
        done = subprocess.run([BINARY, "--no-progress", *options, "-o", output or self.results, self.path],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout, int(re.search(r", (\d+) steps in", done.stderr)[1])


def settings(text):
    """{name: runs} of the table of settings; a long name has lines of its own."""
    lines = text.split("\nsetting ")[-1].split("\n\n")[0].splitlines()[1:]
    found, name = {}, ""
    for line in lines:
        assert len(line) <= 80, line
        match = re.match(r"^(.*?) +(\d+)(?:/\d+)?(?: +(?:\d+|-)){3}  ", line)
        if not match:
            name += (" " if name else "") + line
            continue
        name = re.sub(r"^\d+: ", "", (name + match[1]).strip())
        assert name not in found, text
        found[name] = int(match[2])
        name = ""
    return found


def settings_of_runs(text):
    """The last column of the table of runs, under the names of the keys that differ; its lines fit a terminal."""
    rows = text.split("  run   seed  phase ")[1].split("\n\n")[0].splitlines()[1:]
    assert all(len(row) <= 80 for row in rows), text
    return [row[64:] for row in rows]


def runs_of(path, *options):
    return json.loads(run("status", "--json", *options, path))


class Former(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.sweep = Sweep(self.folder.__enter__())

    def tearDown(self):
        self.folder.__exit__()

    def test_edited_base(self):
        """A value of `run`, which is no axis, is edited between two starts."""
        path = self.sweep.results
        self.sweep.start(run_keys={"optimizer": {"weight_decay": 3}})
        table, steps = self.sweep.start(run_keys={"optimizer": {"weight_decay": 0}})
        self.assertEqual(steps, 60)
        line = "3 rows of former plans are left out; "
        self.assertIn(line + "symsweep status --all shows them\n", table)
        self.assertEqual(settings("\n" + table), {"all runs": 3})
        text = run("status", path)
        self.assertIn("\n3 runs: 3 done\n" + line + "--all shows them\n", text)
        self.assertEqual(settings(text), {"all runs": 3})
        self.assertEqual(re.findall(r"^ +(\d+)([ *]) +(\d)  ", text, re.M), [("3", " ", "0"), ("4", " ", "1"), ("5", " ", "2")])
        text = run("status", "--all", path)
        self.assertIn("\n6 runs: 6 done\n3 of them of former plans, marked *\n", text)
        self.assertEqual(settings(text), {"weight_decay=3": 3, "weight_decay=0": 3})
        self.assertEqual([m[1] for m in re.findall(r"^ +(\d+)([ *]) +\d  ", text, re.M)], ["*"] * 3 + [" "] * 3)
        self.assertEqual(run("status", "--watch", path), run("status", path))
        data = runs_of(path)
        self.assertEqual((data["counts"]["total"], data["counts"]["done"], data["former"]), (3, 3, 3))
        self.assertEqual([(r["run"], r["planned"]) for r in data["runs"]], [(3, True), (4, True), (5, True)])
        data = runs_of(path, "--all")
        self.assertEqual((data["counts"]["total"], data["former"]), (6, 3))
        self.assertEqual([r["planned"] for r in data["runs"]], [False] * 3 + [True] * 3)
        self.assertIn("\na former run: ", run("show", path, "--run", 0))
        self.assertNotIn("former", run("show", path, "--run", 3))
        self.assertEqual([json.loads(run("show", path, "--run", r, "--json"))["planned"] for r in (2, 3)], [False, True])

    def test_come_back(self):
        """What comes back into the plan is planned again, and trained no second time."""
        self.sweep.start()
        self.assertEqual(self.sweep.start(grid={"seed": [1, 7]})[1], 20)
        self.assertEqual([(r["seed"], r["planned"]) for r in runs_of(self.sweep.results, "--all")["runs"]],
                         [(0, False), (1, True), (2, False), (7, True)])
        self.assertEqual(self.sweep.start(grid={"seed": [2, 1, 7]})[1], 0)
        self.assertEqual([r["planned"] for r in runs_of(self.sweep.results, "--all")["runs"]], [False, True, True, True])
        self.assertEqual(settings(run("status", "--all", self.sweep.results)), {"all runs": 4})  # they differ in nothing
        self.assertEqual(self.sweep.start()[1], 0)
        self.assertEqual(runs_of(self.sweep.results)["former"], 1)

    def test_every_key_tells(self):
        """Of several edits each is told; what follows from an axis is not; nor is a label's own doing."""
        cases = [{"label": "a"}, {"label": "b", "train_fraction": 0.6, "loss.kind": "stablemax"}]
        self.sweep.start(cases=cases, grid={"model.d_model": [4, 6], "seed": [0, 1]})
        self.assertEqual(set(settings(run("status", self.sweep.results))),
                         {f"{label}, d_model={d}" for label in "ab" for d in (4, 6)})
        cases[1]["train_fraction"] = 0.7
        self.sweep.start(cases=cases, grid={"model.d_model": [4, 6], "seed": [0, 1]}, run_keys={"steps": 10, "task": {
            "kind": "modular", "operation": "sub", "p": 5}})
        found = settings(run("status", "--all", self.sweep.results))
        self.assertEqual(set(found.values()), {2})
        self.assertIn("a, train_fraction=0.5, d_model=4, steps=20, operation=add", found)
        self.assertIn("b, train_fraction=0.7, d_model=6, steps=10, operation=sub", found)
        self.assertEqual(len(found), 8)

    def test_data_seed(self):
        """It is averaged over where it follows the seed, and tells runs apart where it does not."""
        path = self.sweep.results
        self.sweep.start()
        self.assertEqual(settings(run("status", path)), {"all runs": 3})
        self.sweep.start(run_keys={"data_seed": 0})  # constant: of one setting too
        self.assertEqual(settings(run("status", path)), {"all runs": 3})
        self.assertEqual(settings(run("status", "--all", path)), {"data_seed=0": 3, "data_seed=1": 1, "data_seed=2": 1})
        self.sweep.start(grid={"seed": [0, 1], "data_seed": [0, 1]})
        self.assertEqual(settings(run("status", path)), {"data_seed=0": 2, "data_seed=1": 2})
        self.sweep.start(grid={"seed": [0, 1, 2]}, cases=[{"label": "own"}, {"label": "fixed", "data_seed": 9}])
        self.assertEqual(settings(run("status", path)), {"own": 3, "fixed": 3})

    def test_table_seed(self):
        """Likewise: a new table for every seed is one setting, tables of one's choice are as many."""
        planted = {"task": {"kind": "planted", "n": 4, "symmetry_order": 2}}
        self.sweep.start(run_keys=planted, grid={"steps": [20]}, zip={"seed": [0, 1, 2], "task.table_seed": [0, 1, 2]})
        self.assertEqual(settings(run("status", self.sweep.results)), {"all runs": 3})
        self.sweep.start(run_keys=planted, grid={"seed": [0, 1], "task.table_seed": [3, 4]})
        self.assertEqual(settings(run("status", self.sweep.results)), {"table_seed=3": 2, "table_seed=4": 2})

    def test_names_are_not_cut_alike(self):
        """Long names, which differ at their ends alone."""
        label = "a label of a case that goes on and on, far beyond the eighty columns of a terminal, and ends in "
        grid = {"optimizer.weight_decay": [0, 1], "symmetry.commutativity.weight": [0, 0.5]}
        self.sweep.start(cases=[{"label": label + "1"}, {"label": label + "2", "train_fraction": 0.6}], grid=grid)
        text = run("status", self.sweep.results)
        found = settings(text)
        self.assertEqual(len(found), 8)
        self.assertIn(label + "2, weight_decay=1, weight=0.5", found)
        self.assertEqual(len(set(settings_of_runs(text))), 8)
        self.assertEqual(settings_of_runs(text)[7], "\u20262, 1, 0.5")
        # the values alone, where they fit
        self.sweep.start("--fresh", grid={"optimizer.learning_rate": [0.001, 0.002, 0.01]})
        self.assertEqual(settings_of_runs(run("status", self.sweep.results)), ["0.001", "0.002", "0.01"])
        # the beginnings tell, or neither end
        self.sweep.start("--fresh", cases=[{"label": "1 " + label}, {"label": "2 " + label, "train_fraction": 0.6}])
        self.assertEqual(set(settings_of_runs(run("status", self.sweep.results))),
                         {f"{i} a label of a c\u2026"[:15] + "\u2026" for i in (1, 2)})
        label = label[:60]
        names = ["1 %s1%s" % (label, label), "1 %s2%s" % (label, label), "2 %s1%s" % (label, label)]
        self.sweep.start("--fresh", cases=[{"label": names[i], "train_fraction": 0.6 + i / 10} for i in range(3)])
        text = run("status", self.sweep.results)
        self.assertIn("\n2: 1 a label", text)
        self.assertEqual(set(settings_of_runs(text)), {f"{i + 1}: {names[i]}"[:15] + "\u2026" for i in range(3)})

    def test_export(self):
        path = self.sweep.results
        self.sweep.start(run_keys={"optimizer": {"weight_decay": 3}})
        self.sweep.start(run_keys={"optimizer": {"weight_decay": 0}}, grid={"seed": [0, 1], "train_fraction": [0.5, 0.6]})
        before = run("export", path)
        done = subprocess.run([BINARY, "export", path], capture_output=True, text=True)
        self.assertEqual(done.stderr, "symsweep: 3 rows of former plans are left out; --all exports them too\n")
        rows = list(csv.DictReader(io.StringIO(before)))
        self.assertEqual([r["run"] for r in rows], ["3", "4", "5", "6"])
        self.assertNotIn("planned", rows[0])
        self.assertNotIn("optimizer.weight_decay", rows[0])
        rows = list(csv.DictReader(io.StringIO(run("export", "--all", "--config", path))))
        head = run("export", "--all", "--config", path).splitlines()[0].split(",")
        self.assertEqual(len(head), len(set(head)))
        self.assertEqual([r["planned"] for r in rows], ["0"] * 3 + ["1"] * 4)
        self.assertEqual([r["optimizer.weight_decay"] for r in rows], ["3"] * 3 + ["0"] * 4)
        self.assertEqual([r["train_fraction"] for r in rows], ["0.5"] * 3 + ["0.5", "0.6"] * 2)
        self.assertEqual({(r["steps"], r["run.steps"], r["task.kind"]) for r in rows}, {("20", "20", "modular")})
        with h5py.File(path) as file:
            for row, text in zip(rows, file["runs/config"][:]):
                for key, value in flat(json.loads(text)):
                    name = "run." + key if key in ("seed", "steps", "train_inputs") else key
                    text = row[name]
                    self.assertEqual(text if isinstance(value, str) else json.loads(text), value, key)
        self.assertEqual({r["run"] for r in csv.DictReader(io.StringIO(run("export", "--curves", path)))}, set("3456"))
        self.assertEqual({r["run"] for r in csv.DictReader(io.StringIO(run("export", "--curves", "--all", path)))},
                         set("0123456"))
        for wrong in (("--curves", "--config"), ("--compact", "x.h5", "--all"), ("--compact", "x.h5", "--config")):
            run("export", path, *wrong, code=2)
        compact = path.with_name("compact.h5")
        run("export", path, "--compact", compact)
        self.assertEqual(runs_of(compact, "--all"), runs_of(path, "--all"))

    def test_map_of_refine(self):
        """The map of the lattice is of the present plan, whatever lattice was there before."""
        def start(rates, steps):
            self.sweep.start(grid={"optimizer.learning_rate": rates, "seed": [0, 1]}, run_keys={"steps": steps},
                             refine={"axes": ["optimizer.learning_rate"], "reached": "t_mem"})
            text = run("status", self.sweep.results)
            return re.search(r"\nrefine: .*\n +(\S+)\n +optimizer.learning_rate from (\S+) to (\S+)\n", text).groups()
        signs, low, high = start([0.001, 0.003, 0.01, 0.03, 0.1], 20)
        self.assertEqual((len(signs), low, high), (5, "0.001", "0.1"))
        signs, low, high = start([0.002, 0.004, 0.016, 0.064], 30)
        self.assertEqual((len(signs), low, high), (4, "0.002", "0.064"))

    def test_odd_texts(self):
        """Keys with escapes, and configurations that are no such thing."""
        path = self.sweep.results
        (path.parent / 'a "b" \\ é.txt').write_text("0 1\n1 2\n2 3\n3 0\n")
        self.sweep.start(run_keys={"task": {"kind": "graph", "graph": "edge_list", "file": 'a "b" \\ é.txt'}})
        rows = list(csv.DictReader(io.StringIO(run("export", "--config", path))))
        self.assertEqual({r["task.file"] for r in rows}, {json.loads(config_of(path, 0))["task"]["file"]})
        self.assertIn('a "b" \\ é.txt', rows[0]["task.file"])
        fixture = path.with_name("fixture.h5")
        make_file(fixture, 4, 3)
        with h5py.File(fixture, "r+") as file:
            for r, text in enumerate(("", "[1, 2]", '{"a": {"b": [1, {"c": 2}], "b": 3}, "x":', "{" * 5000)):
                file["runs/config"][r] = text
        run("status", "--all", fixture)
        rows = list(csv.DictReader(io.StringIO(run("export", "--config", fixture))))
        self.assertEqual([r["a.b"] for r in rows], ["", "", '[1, {"c": 2}]', ""])

    def test_old_files(self):
        """A file without /runs/planned has no former runs; keys that its configurations are too old to have are no
        difference."""
        path = self.sweep.results
        self.sweep.start(grid={"seed": [0, 1]})
        with h5py.File(path, "r+") as file:
            del file["runs/planned"]
            for r in range(2):
                text = json.loads(config_of(path, r, file))
                del text["optimizer"]["gradient_clip"], text["task"]["label_shuffle"]
                file["runs/config"][r] = json.dumps(text)
        self.assertEqual([r["planned"] for r in runs_of(path)["runs"]], [True, True])
        rows = list(csv.DictReader(io.StringIO(run("export", "--all", "--config", path))))
        self.assertEqual([(r["planned"], r["optimizer.gradient_clip"]) for r in rows], [("1", "0")] * 2)
        self.sweep.start(grid={"seed": [2, 3]})
        self.assertEqual(runs_of(path)["former"], 2)
        self.assertEqual(settings(run("status", "--all", path)), {"all runs": 4})
        self.sweep.start(grid={"seed": [2, 3]}, run_keys={"optimizer": {"gradient_clip": 1}})
        self.assertEqual(settings(run("status", "--all", path)), {"gradient_clip=0": 4, "gradient_clip=1": 2})

    def test_merged_forms(self):
        """Files of two forms of a sweep: the one that was written last says what is planned."""
        old, new = self.sweep.results, self.folder.path / "new.h5"
        self.sweep.start(run_keys={"optimizer": {"weight_decay": 3}})
        self.sweep.start(run_keys={"optimizer": {"weight_decay": 0}}, grid={"seed": [0, 1]}, output=new)
        for order in ((old, new), (new, old)):
            whole = self.folder.path / "all.h5"
            run("merge", "-o", whole, *order)
            self.assertEqual([(r["seed"], r["planned"]) for r in runs_of(whole, "--all")["runs"]],
                             [(0, True), (1, True), (0, False), (1, False), (2, False)])
            self.assertEqual(settings(run("status", whole)), {"all runs": 2})
            self.assertEqual(settings(run("status", "--all", whole)), {"weight_decay=0": 2, "weight_decay=3": 3})
            whole.unlink()


def flat(content, before=""):
    for key, value in content.items():
        if isinstance(value, dict):
            yield from flat(value, before + key + ".")
        else:
            yield before + key, value


def config_of(path, r, file=None):
    if file:
        return file["runs/config"][r].decode()
    with h5py.File(path) as opened:
        return opened["runs/config"][r].decode()


if __name__ == "__main__":
    unittest.main()
