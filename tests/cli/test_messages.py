#!/usr/bin/python3
"""Typical mistakes and what is said of them; settings of the command line. --print shows the messages in full."""
import json
import subprocess
import sys
import unittest

import h5py

from results_support import BINARY, Folder

TASK = '"task": {"kind": "modular", "p": 7}, "model": {"kind": "mlp", "d_model": 8, "d_hidden": 8}'
GOOD = '{"run": {%s, "steps": 200}}' % TASK


def run_of(members):
    return '{\n  "run": {%s, "steps": 200,\n    %s}\n}\n' % (TASK, members)


def beside(members):
    return '{\n  "run": {%s, "steps": 200},\n  %s\n}\n' % (TASK, members)


# What is wrong, the file, more arguments, and what must be said.
MISTAKES = [
    ("a name of PyTorch", run_of('"optimizer": {"lr": 0.1}'), (), ["run.optimizer.lr", "did you mean optimizer.learning_rate?"]),
    ("a slip of the pen", run_of('"optimizer": {"betaa1": 0.9}'), (), ["did you mean beta1?"]),
    ("a text for a number", run_of('"train_fraction": "0.5"'), (), ["expected number", "numbers stand without quotes"]),
    ("beyond the range", run_of('"train_fraction": 5'), (), ["expected number > 0 and <= 1", "found 5"]),
    ("per cent", run_of('"train_fraction": 30'), (), ["expected number > 0 and <= 1", "found 30", "a fraction of 1, such as 0.3"]),
    ("an axis in run", run_of('"seed": [0, 1, 2]'), (), ["expected integer", "found an array", "one value; axes, in grid,"]),
    ("a value for a group", run_of('"optimizer": "adam"'), (), ["expected an object", 'as in {"kind": "adam"}']),
    ("a value for a group of groups", run_of('"measure": 100'), (), ["expected an object, found 100\n"]),
    ("a weight for a family", run_of('"symmetry": {"commutativity": 0.5}'), (), ['as in {"weight": 0.5}']),
    ("a longer name", '{"run": {"task": {"kind": "modular", "operation": "addition"}}}', (), ['did you mean "add"?']),
    ("a wrong choice", run_of('"optimizer": {"kind": "adam_w"}'), (), ["one of adamw, sgd, muon", 'did you mean "adamw"?']),
    ("a comma too many", run_of('"save": {"split": true,}'), (), ["no comma before a closing bracket"]),
    ("a comment", run_of('"data_seed": 3 // the split'), (), ["JSON has no comments"]),
    ("Python's True", run_of('"save": {"split": True}'), (), ["'True' is not JSON; write true"]),
    ("an unclosed bracket", '{"run": {%s}' % TASK, (), ["the file ends early"]),
    ("a key twice", run_of('"seed": 1, "seed": 2'), (), ["the key stands twice"]),
    ("a key at the top", beside('"seed": 3'), (), ["it belongs in run"]),
    ("a dotted path in run", run_of('"optimizer.weight_decay": 1'), (), ["write nested objects here"]),
    ("epochs", run_of('"epochs": 100'), (), ["write steps"]),
    ("heads that do not divide", '{"run": {"task": {"kind": "modular"}, "model": {"d_model": 64, "heads": 3}}}', (),
     ["3 heads do not divide d_model = 64", "choose a divisor"]),
    ("a sweep of W&B", beside('"parameters": {"lr": {"values": [0.1]}}'), (), ["axes stand in grid, zip, cases or random"]),
    ("division by no prime", '{"run": {"task": {"kind": "modular", "operation": "div", "p": 8}}}', (), ["task.p", "prime"]),
    ("decay of AdamW for SGD", run_of('"optimizer": {"kind": "sgd", "weight_decay": 1}'), (),
     ["warning", "drives the weights to 0", "1e-4 to 1e-2 is usual"]),
    ("a weight that comes too late", run_of('"symmetry": {"commutativity": {"weight": 1, "from_step": 500}}'), (),
     ["warning", "acts after step 500, and the run ends at step 200"]),
    ("too few evaluations", run_of('"evaluate": {"every": 300}'), (), ["warning", "every 300 steps of 200"]),
    ("an override that an axis hides", beside('"grid": {"seed": [0, 1]}'), ("run.seed=4",),
     ["warning", "override grid.seed instead"]),
    ("an override that is none", GOOD, ("run.steps=many",), ["expected integer", 'found the string "many"',
                                                            "as the command line has changed them"]),
]


def check(folder, text, *arguments):
    (folder / "sweep.json").write_text(text)
    return subprocess.run([BINARY, "check", "--speed", "40", "--tasks", "0", "sweep.json", *arguments], cwd=folder,
                          capture_output=True, text=True)


class Messages(unittest.TestCase):
    def test_mistakes(self):
        for what, text, arguments, said in MISTAKES:
            with self.subTest(what), Folder() as folder:
                done = check(folder, text, *arguments)
                for part in said:
                    self.assertIn(part, done.stderr)
                self.assertEqual(done.returncode, 0 if said[0] == "warning" else 2, done.stderr)

    def test_the_caret_stands_below_the_place(self):
        long = '"description": "%s", ' % ("x" * 300)
        for before in ("", "\t", '"name": "ü€", ', long):
            with self.subTest(before), Folder() as folder:
                lines = check(folder, "{\n%s\"sed\": 1}\n" % before).stderr.splitlines()
                at = next(i for i, line in enumerate(lines) if "sed: unknown key" in line)
                self.assertEqual(lines[at + 1][lines[at + 2].index("^"):][:5], '"sed"')
                self.assertTrue(lines[at + 1].startswith("    2 | "))
                self.assertLess(len(lines[at + 1]), 80)

    def test_overrides(self):
        """The sweep that they make is the sweep: identities, plan and the copy in the file."""
        sweep = {"name": "s", "run": json.loads("{%s}" % TASK) | {"steps": 50}, "grid": {"optimizer.weight_decay": [0, 1]}}
        wanted = {"name": "s", "output": "x.h5", "grid": {"optimizer.weight_decay": [0.5], "seed": {"range": [0, 2]}},
                  "run": {**sweep["run"], "steps": 20, "optimizer": {"muon": {"momentum": 0.5}, "kind": "muon"},
                          "task": {"kind": "modular", "p": 5, "operation": "mul"}, "evaluate": {"every": 10}}}
        arguments = ["run.steps=20", "output=x.h5", "grid.optimizer.weight_decay=[0.5]", 'grid.seed={"range": [0, 2]}',
                     "run.optimizer.muon.momentum=0.5", "run.optimizer.kind=muon", "run.task.operation=mul", "run.task.p=5",
                     'run.evaluate={"every": 10}']
        with Folder() as folder:
            (folder / "s.json").write_text(json.dumps(sweep, indent=2))
            done = subprocess.run([BINARY, arguments[0], "-q", "s.json", *arguments[1:]], cwd=folder, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            with h5py.File(folder / "x.h5") as file:
                self.assertEqual(json.loads(file["sweep/config"][()]), wanted)
                ids = [text.decode() for text in file["runs/id"]]
            plans = [json.loads(check(folder, json.dumps(text), "--json", "--list", "runs", *more).stdout)
                     for text, more in ((sweep, arguments), (wanted, []))]
            self.assertEqual([[run["id"] for run in plan["list"]] for plan in plans], [ids, ids])
            self.assertEqual([plan["overrides"] for plan in plans], [arguments, []])
            self.assertEqual(plans[0]["present"], {"finished": 2, "begun": 0, "failed": 0, "former": 0})
            later = check(folder, json.dumps(wanted), "run.save.parameters=true")
            self.assertIn("so far      2 of the 2 runs are finished in this file, 0 are to be trained\n", later.stdout)
            self.assertIn("save.parameters: 2 finished runs did not save it and are not trained again", later.stderr)


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        for number, (what, text, arguments, _) in enumerate(MISTAKES, 1):
            with Folder() as folder:
                print("%d. %s\n%s" % (number, what, check(folder, text, *arguments).stderr))
        sys.exit()
    unittest.main()
