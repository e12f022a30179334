#!/usr/bin/python3
"""Plans: a fault of many runs is told once, with a remedy that works; runs that differ only in keys without effect are
one, and those keys have none."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import facts  # noqa: E402

BINARY = os.environ["SYMSWEEP_BINARY"]
LONG = os.environ.get("SYMSWEEP_LONG") == "1"
MODULAR = {"task": {"kind": "modular", "p": 31}, "steps": 1000}

# name: (sweep, words of the only error, how many runs are left when its remedy is pasted)
FAULTS = {
    "heads x width": (
        {"run": MODULAR, "grid": {"model.d_model": [24, 48, 64], "model.heads": [1, 3, 4]}},
        "3 heads do not divide d_model = 64, in run 7 (model.d_model 64, model.heads 3)", 8),
    "drawn widths": (
        {"run": MODULAR, "random": {"samples": 300, "model.d_model": {"integer": [33, 512]}}},
        "4 heads do not divide d_model = ", 115),
    "shares of a table": (
        {"run": {**MODULAR, "task": {"kind": "modular", "p": 5}}, "grid": {"train_fraction": [0.3, 0.5, 0.97, 0.98, 0.99]}},
        "no test input is left: 25 of 25 inputs are trained on, in run 3 (train_fraction 0.98) and 1 more", 3),
    "tables x shares x seeds": (
        {"run": MODULAR, "grid": {"task.p": [3, 5], "train_fraction": [0.5, 0.95, 0.97, 0.99], "seed": {"range": [0, 20]}}},
        "no test input is left: 9 of 9 inputs are trained on, in run 20 (task.p 3, train_fraction 0.95, seed 0) "
        "and 79 more", 80),
    "tables x drawn shares": (
        {"run": MODULAR, "grid": {"task.p": [3, 5]},
         "random": {"samples": 100, "train_fraction": {"uniform": [0.5, 0.999]}}},
        " more", 188),
    "operations x moduli": (
        {"run": {"task": {"kind": "modular"}}, "grid": {"task.operation": ["add", "div"], "task.p": [7, 9, 11, 12]}},
        "division needs a prime, found 9; the nearest are 7 and 11, in run 5 (task.operation div, task.p 9) and 1 more", 6),
    "a family on one of two tasks": (
        {"run": {"task": {"kind": "modular"}}, "cases": [{"label": "m"}, {"label": "g", "task": {"kind": "graph"}}],
         "grid": {"symmetry.commutativity.weight": [0, 1], "seed": [0, 1]}},
        "commutativity is not defined on this graph task, in run 6 g (", 6),
    "windows that end before they begin": (
        {"run": {**MODULAR, "geometry": {"nuclear": {"weight": 1}}},
         "grid": {"geometry.nuclear.from_step": [0, 10, 20], "geometry.nuclear.until_step": [5, 15, "end"]}},
        "the weight ends at step 5, before it begins (after 10), in run 3", 6),
    "rungs between evaluations": (
        {"run": MODULAR, "grid": {"evaluate.every": [50, 70, 100]}, "prune": {"halving": {"rungs": [100]}}},
        "no multiple of evaluate.every = 70, in run 1 (evaluate.every 70)", 2),
}

# Weights of 0, kinds that do not have the key: (sweep, runs that are left).
ALIKE = {
    "inputs of a weight 0": (
        {"grid": {"symmetry.associativity.weight": [0, 1], "symmetry.associativity.inputs": ["all", "train"]}}, 3),
    "momentum of AdamW": ({"grid": {"optimizer.kind": ["adamw", "sgd"], "optimizer.momentum": [0.1, 0.2, 0.9]}}, 4),
    "a bound of weight 0": ({"grid": {"geometry.lipschitz.weight": [0, 1], "geometry.lipschitz.bound": [1, 2]}}, 3),
    "the beginning of a weight 0": ({"grid": {"symmetry.negation.weight": [0, 1, 2],
                                              "symmetry.negation.from_step": [0, 5]}}, 5),
    "GrokFast that is off": ({"grid": {"optimizer.grokfast.lambda": [0, 2], "optimizer.grokfast.alpha": [0.9, 0.98]}}, 3),
    "a stop that is off": ({"grid": {"stop.test_accuracy": [0, 1], "stop.for_steps": [10, 20]}}, 3),
    "an alias": ({"grid": {"symmetry.consistency.weight": [0, 1], "symmetry.consistency.from_step": [0, 5, 9]}}, 4),
    "cases of their own": ({"cases": [{"label": "a"}, {"label": "b", "symmetry.scaling.tuples_per_step": [7, "all"]}]}, 1),
}

# What may differ between files of two runs whose numbers are the same.
NAMES = re.compile(r"/runs/(id|config|label|checksum|wall_seconds|steps_per_second|measure_share|host|axes/.*)|/sweep/.*")


class Plans(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name, "sweep.json")

    def tearDown(self):
        self.folder.cleanup()

    def check(self, sweep):
        self.path.write_text(json.dumps(sweep))
        done = subprocess.run([BINARY, "check", "--speed", "40", "--tasks", "0", "--json", "--list", "runs", self.path],
                              capture_output=True, text=True, timeout=120)
        return done.returncode, json.loads(done.stdout)

    def numbers(self, run, folder):
        """Every dataset but names and times of the file of one run."""
        os.mkdir(folder)
        path = pathlib.Path(folder, "one.json")
        path.write_text(json.dumps({"run": run}))
        subprocess.run([BINARY, "--quiet", path], check=True, timeout=120)
        found = {}
        with h5py.File(pathlib.Path(folder, "one.h5"), "r") as file:
            file.visititems(lambda name, item: found.update(
                {"/" + name: numpy.asarray(item[()]).tobytes()} if isinstance(item, h5py.Dataset)
                and item.dtype.kind != "O" and not NAMES.fullmatch("/" + name) else {}))
        return found

    def test_one_fault_of_many_runs_is_told_once_with_its_remedy(self):
        for name, (sweep, words, left) in FAULTS.items():
            with self.subTest(name):
                code, answer = self.check(sweep)
                self.assertEqual((code, len(answer["errors"])), (2, 1), answer["errors"])
                error = answer["errors"][0]
                self.assertIn(words, error["message"])
                remedy = re.search(r'"(exclude|model\.d_model)": [\[{].*[\]}]$', error["hint"])
                self.assertTrue(remedy, error["hint"])
                mended = json.loads("{%s}" % remedy.group())
                for key, value in mended.items():
                    if key == "exclude":
                        sweep = {**sweep, key: value}
                    else:
                        sweep = {**sweep, "random": {**sweep["random"], key: value}}
                code, answer = self.check(sweep)
                self.assertEqual((code, answer["errors"]), (0, []))
                self.assertEqual(answer["runs"], left)
                self.assertEqual(len(answer["list"]), left)

    def test_what_is_wrong_with_all_runs_has_no_remedy_in_them(self):
        code, answer = self.check({"run": {**MODULAR, "model": {"heads": 5}}, "grid": {"seed": {"range": [0, 1000]}}})
        self.assertEqual((code, len(answer["errors"])), (2, 1))
        self.assertEqual(answer["errors"][0]["message"], "5 heads do not divide d_model = 64")
        self.assertNotIn("exclude", answer["errors"][0]["hint"])

    def test_a_fault_that_no_list_and_no_bound_tells_is_one_too(self):
        sweep = {"run": MODULAR, "random": {"samples": 300, "model.d_model": {"integer": [32, 512]},
                                            "model.heads": {"integer": [1, 9]}}}
        code, answer = self.check(sweep)
        self.assertEqual((code, len(answer["errors"])), (2, 1))
        self.assertRegex(answer["errors"][0]["message"], r"^\d heads do not divide .*, in run \d+ \(.*\) and \d+ more$")
        self.assertTrue(answer["errors"][0]["hint"].endswith('leave such runs out with "exclude"'))

    def test_runs_that_differ_only_in_keys_without_effect_are_one(self):
        for name, (axes, left) in ALIKE.items():
            with self.subTest(name):
                code, answer = self.check({"run": MODULAR, **axes})
                self.assertEqual(code, 0, answer["errors"])
                self.assertEqual((answer["runs"], len(answer["list"])), (left, left))
                self.assertGreater(answer["merged"], 0)
                warnings = [w["message"] for w in answer["warnings"] if "only in keys without effect" in w["message"]]
                self.assertEqual(len(warnings), 1)
                self.assertTrue(warnings[0].startswith("%d of %d runs" % (answer["merged"], answer["merged"] + left)))
        # The first one stays, as it would be alone.
        axes = {"symmetry.associativity.inputs": ["train", "all"], "symmetry.associativity.weight": [0, 1]}
        _, answer = self.check({"run": MODULAR, "grid": axes})
        _, alone = self.check({"run": {**MODULAR, "symmetry": {"associativity": {"inputs": "train"}}}})
        self.assertEqual(answer["list"][0]["id"], alone["list"][0]["id"])
        self.assertEqual(answer["list"][0]["axes"]["symmetry.associativity.inputs"], "train")

    def test_a_bound_acts_on_negative_weights_alone(self):
        axes = {"symmetry.scaling.weight": [-1, 0, 0.5], "symmetry.scaling.bound": [10, 2]}
        code, answer = self.check({"run": MODULAR, "grid": axes})
        self.assertEqual((code, answer["runs"], answer["merged"]), (0, 4, 2))
        warnings = [w["message"] for w in answer["warnings"] if "suppresses" in w["message"]]
        self.assertEqual(warnings, ["a negative weight suppresses scaling: its violation is rewarded, each tuple's up "
                                    "to 10 nat (symmetry.scaling.bound)"])
        # The default bound is not told: identities of a weight alone stay what they are.
        listed = {(row["axes"]["symmetry.scaling.weight"], row["axes"]["symmetry.scaling.bound"]): row["id"]
                  for row in answer["list"]}
        for weight in (-1, 0.5):
            alone = self.check({"run": {**MODULAR, "symmetry": {"scaling": {"weight": weight}}}})[1]
            self.assertEqual(alone["list"][0]["id"], listed[weight, 10])
        self.assertEqual(self.check({"run": {**MODULAR, "symmetry": {"scaling": {"bound": 0}}}})[0], 2)

    def test_what_is_suppressed_leads_to_no_label(self):
        run = {**MODULAR, "symmetry": {"associativity": {"weight": -1}}}
        _, answer = self.check({"run": run})
        self.assertFalse([w for w in answer["warnings"] if "label leak" in w["message"]])
        _, answer = self.check({"run": {**MODULAR, "symmetry": {"associativity": {"weight": 1}}}})
        self.assertTrue([w for w in answer["warnings"] if "label leak" in w["message"]])

    def test_runs_that_are_really_the_same_are_an_error(self):
        for axes in ({"grid": {"phase.tau": [1, 2]}}, {"grid": {"save.split": [True, False]}},
                     {"cases": [{"label": "a"}, {"label": "b", "task.p": 31}]},
                     {"cases": [{"label": "a"}, {"label": "b", "symmetry.scaling.from_step": 5},
                                {"label": "c", "symmetry.scaling.from_step": 5}]}):
            code, answer = self.check({"run": MODULAR, **axes})
            self.assertEqual(code, 2, axes)
            self.assertIn("two runs are the same", answer["errors"][0]["message"])

    def test_lattices_and_rungs_keep_every_run(self):
        axes = {"steps": [100, 200], "symmetry.associativity.weight": [0, 1], "symmetry.associativity.from_step": [0, 5]}
        for more in ({"refine": {"axes": ["steps"]}}, {"prune": {"halving": {"rungs": [100]}}}):
            code, answer = self.check({"run": MODULAR, "grid": axes, **more})
            self.assertEqual((code, answer["runs"], answer["merged"]), (0, 8, 0))

    def test_keys_without_effect_have_none(self):
        """Every key that makes no run of its own beside the default configuration changes no number of it: a sixth of
        them, all with SYMSWEEP_LONG=1."""
        keys = json.loads(subprocess.run([BINARY, "check", "--list-keys", "--json"], capture_output=True, check=True).stdout)
        tasks = ({"kind": "modular", "p": 5}, {"kind": "graph", "graph": "cycle", "nodes": 5})
        self.assertGreater(sum(self.check_keys_without_effect(keys, task) for task in tasks), 50)

    def check_keys_without_effect(self, keys, task):
        """How many there are beside the default configuration of a task."""
        run = {"task": task, "steps": 30, "evaluate": {"every": 10}, "stop": {"test_accuracy": 0},
               "model": {"d_model": 8, "heads": 2}, "save": {"parameters": True}}
        values = {}
        for key in keys:
            if key["section"] != "run" or key["path"].startswith(("symmetry.consistency", "symmetry.automorphism.time_limit", "save.", "phase.", "checkpoint.")):
                continue
            if key["base"] == "integer" and key["path"] not in ("model.heads", "model.d_model"):
                values[key["path"]] = 3
            elif key["base"] == "number":
                values[key["path"]] = 0.25
            elif key["base"] == "boolean":
                values[key["path"]] = key["default"] != "true"
            elif "values" in key and key["path"] != "task.kind":
                values[key["path"]] = [value for value in key["values"] if value != key["default"]][0]
        cases = [{"label": "base"}] + [{"label": path, path: value} for path, value in values.items()]
        cases = [case for case in cases if not self.check({"run": run, "cases": [case]})[1]["errors"]]
        code, answer = self.check({"run": run, "cases": cases})
        self.assertEqual(code, 0, answer["errors"])
        idle = {case["label"] for case in cases} - {row["label"] for row in answer["list"]}
        self.assertIn("geometry.lipschitz.neighbors", idle)
        base = self.numbers(run, self.path.with_name(task["kind"]))
        self.assertGreater(len(base), 50)
        others = tuple("symmetry.%s." % name for name in facts.FAMILIES
                       if name not in ("associativity", "scaling", "label_pairs", "triangle"))
        paths = sorted(path for path in idle if not path.startswith(others))
        for path in paths if LONG else paths[::6]:
            changed = json.loads(json.dumps(run))
            *groups, last = path.split(".")
            node = changed
            for group in groups:
                node = node.setdefault(group, {})
            node[last] = values[path]
            found = self.numbers(changed, self.path.with_name(task["kind"] + " " + path))
            differs = {name for name in base if base[name] != found[name]}
            # What would leak through the tuples of a family is told of its `inputs` whether it has weight or not.
            told = {"/symmetry/%s/leak" % groups[1]} if last == "inputs" else set()
            self.assertLessEqual(differs, told, path)
        return len(idle)


if __name__ == "__main__":
    sys.exit(unittest.main())
