"""model.start: runs that begin with the parameters of a snapshot of another run."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

BINARY = os.environ.get("SYMSWEEP_BINARY", str(Path(__file__).resolve().parents[2] / "build" / "symsweep"))

# Plain gradient descent on all inputs has no memory but the parameters: a run that starts in the middle of another one
# takes the same steps.
RUN = {
    "task": {"kind": "modular", "operation": "add", "p": 7},
    "model": {"layers": 1, "d_model": 8, "heads": 2, "d_mlp": 12},
    "optimizer": {"kind": "sgd", "momentum": 0.0, "learning_rate": 0.3, "weight_decay": 0.01, "warmup_steps": 0},
    "steps": 12,
    "seed": 3,
    "evaluate": {"every": 1, "snapshots": 0, "snapshot_steps": [5, 7, 9]},
    "stop": {"test_accuracy": 0},
    "save": {"parameters": True},
}


def text(value):
    return value.decode() if isinstance(value, bytes) else value


class Start(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="symsweep-start-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cases = [{"label": "saved"}, {"label": "other seed", "seed": 4}]
        cls.sweep("first", {"name": "first", "run": RUN, "cases": cases})
        status, _, errors = cls.call("first.json")
        assert status == 0, errors

    @classmethod
    def sweep(cls, name, content):
        (cls.folder / (name + ".json")).write_text(json.dumps(content))

    @classmethod
    def call(cls, *arguments):
        done = subprocess.run([BINARY, *arguments], cwd=cls.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def trained(self, name, cases, **keys):
        """label -> (identity, configuration, layout, snapshots by step, train loss by step)."""
        self.sweep(name, {"name": name, "run": {**RUN, **keys}, "cases": cases})
        status, _, errors = self.call("--quiet", name + ".json")
        self.assertEqual(status, 0, errors)
        return self.read(name)

    def read(self, name):
        out = {}
        with h5py.File(self.folder / (name + ".h5")) as file:
            for r, label in enumerate(file["runs/label"]):
                layout = json.loads(text(file["snapshots/parameter_layout"][r]))
                count = layout[-1]["offset"] + int(np.prod(layout[-1]["shape"]))
                steps = [int(step) for step in file["snapshots/step"][r] if step >= 0]
                snapshots = {step: file["snapshots/parameters"][r, s, :count] for s, step in enumerate(steps)}
                losses = dict(zip(file["curves/step"][r].tolist(), file["curves/train_loss"][r].tolist()))
                out[text(label)] = (text(file["runs/id"][r]), json.loads(text(file["runs/config"][r])), layout, snapshots,
                                    losses)
        return out

    def check(self, start, **keys):
        run = {**RUN, **keys, "model": {**RUN["model"], **keys.get("model", {}), "start": start}}
        self.sweep("asked", {"name": "asked", "run": run})
        return self.call("check", "--json", "asked.json")

    def identity(self, start):
        status, output, errors = self.check(start)
        self.assertEqual(status, 0, errors)
        return json.loads(self.call("check", "--json", "--list", "runs", "asked.json")[1])["list"][0]["id"]

    @staticmethod
    def tensor(run, step, name):
        entry = next(tensor for tensor in run[2] if tensor["name"] == name)
        return run[3][step][entry["offset"]:entry["offset"] + int(np.prod(entry["shape"]))]

    def test_goes_on_exactly(self):
        first = self.read("first")["saved"]
        cases = [{"label": "row", "model.start.results": "first.h5", "model.start.step": 5},
                 {"label": "id", "model.start.results": "first.h5", "model.start.run": first[0], "model.start.step": 7}]
        runs = self.trained("second", cases, steps=4,
                            evaluate={"every": 1, "snapshots": 0, "snapshot_steps": [2, 4]})
        for label, begun in (("row", 5), ("id", 7)):
            self.assertEqual({step: run for step, run in runs[label][4].items() if step >= 0},
                             {step: first[4][begun + step] for step in range(5)})
            for step in (0, 2) if label == "id" else (0, 2, 4):
                self.assertTrue(np.array_equal(runs[label][3][step], first[3][begun + step]), (label, step))

    def test_identity_is_that_of_the_parameters(self):
        shutil.copy(self.folder / "first.h5", self.folder / "copy.h5")
        first = self.read("first")["saved"]
        start = {"results": "first.h5", "run": 0, "step": 5}
        own = self.identity(start)
        self.assertEqual(own, self.identity({**start, "results": "copy.h5", "run": first[0]}))
        self.assertNotEqual(own, self.identity({**start, "step": 7}))
        self.assertNotEqual(own, self.identity({**start, "run": 1}))
        self.assertNotEqual(own, self.identity({**start, "tensors": ["token_embedding"]}))
        digest = hashlib.sha256()
        for tensor in first[2]:
            digest.update(tensor["name"].encode() + b"\0")
            digest.update(self.tensor(first, 5, tensor["name"]).astype("<f4").tobytes())
        self.assertEqual(own, self.identity({**start, "parameters_sha256": digest.hexdigest()}))
        status, _, errors = self.check({**start, "parameters_sha256": "0" * 63 + "1"})
        self.assertEqual(status, 2)
        self.assertIn("another SHA-256", errors)

    def test_transplant(self):
        """The embedding alone, into a model of other width behind it; everything else is as the seed has it."""
        shape = {"d_mlp": 20, "layers": 2}
        start = {"results": "first.h5", "run": 1, "tensors": ["token_embedding"]}
        cases = [{"label": "drawn"}, {"label": "planted", "model.start": start}]
        runs = self.trained("third", cases, steps=1, model={**RUN["model"], **shape})
        first = self.read("first")["other seed"]
        for tensor in runs["planted"][2]:
            name = tensor["name"]
            wanted = self.tensor(first, 12, name) if name == "token_embedding" else self.tensor(runs["drawn"], 0, name)
            self.assertTrue(np.array_equal(self.tensor(runs["planted"], 0, name), wanted), name)
        self.assertEqual(runs["planted"][1]["model"]["start"]["tensors"], ["token_embedding"])

    def test_what_is_wrong_is_said(self):
        start = {"results": "first.h5", "run": 0, "step": 5}
        for change, keys, message in (
                ({"results": "nowhere.h5"}, {}, "nowhere.h5"),
                ({"run": 2}, {}, "there is no run 2; the file has 2"),
                ({"run": "f" * 64}, {}, "no run of the file has the id"),
                ({"run": "saved"}, {}, "neither a row nor an id"),
                ({"step": 6}, {}, "run 0 has no snapshot of step 6; there are 0, 5, 7, 9, 12"),
                ({"tensors": ["embedding"]}, {}, "the model has no tensor embedding"),
                ({}, {"task": {"kind": "modular", "p": 11}}, "token_embedding is [12, 8] here and [8, 8] in the snapshot"),
                ({}, {"model": {"normalization": "layernorm"}}, "no tensor layers.0.attention_norm.gain")):
            status, _, errors = self.check({**start, **change}, **keys)
            self.assertEqual(status, 2, change)
            self.assertIn("model.start", errors)
            self.assertIn(message, errors)
        self.sweep("asked", {"name": "asked", "run": {**RUN, "model": {**RUN["model"], "start": {"step": 5}}}})
        status, _, errors = self.call("check", "asked.json")
        self.assertEqual(status, 2)
        self.assertIn("a start without the results file", errors)
        self.sweep("first again", {"name": "first", "run": {**RUN, "model": {**RUN["model"], "start": start}}})
        status, _, errors = self.call("check", "first again.json")
        self.assertEqual(status, 2)
        self.assertIn("the results file that their own sweep writes", errors)

    def test_tied_where_classes_are_not_the_entities(self):
        for task, status in (({"kind": "graph", "graph": "cycle", "nodes": 8}, 2), ({"kind": "group", "n": 5}, 0)):
            self.sweep("asked", {"name": "asked", "run": {**RUN, "task": task, "model": {**RUN["model"], "unembedding": "tied"}}})
            found, _, errors = self.call("check", "asked.json")
            self.assertEqual(found, status, errors)
            self.assertEqual("tied unembedding" in errors and "untied" in errors, status == 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
