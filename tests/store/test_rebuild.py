#!/usr/bin/python3
"""The lines in docs/file-format.md that rebuild a model are run as they stand, on real runs of both kinds of model."""
import json
import os
import subprocess
import unittest

import h5py
import numpy as np

import support

DOCUMENT = (support.ROOT / "docs" / "file-format.md").read_text()
LINES = DOCUMENT.split("## Rebuilding a model")[1].split("```python\n")[1].split("```")[0]

# Snapshots at 33 and 34 are no evaluations; those at 0, 20, 40 and 60 are.
RUN = {"task": {"kind": "modular", "operation": "div", "p": 7}, "train_fraction": 0.6, "steps": 60,
       "evaluate": {"every": 20, "snapshots": 1, "snapshot_steps": [33, 34, 40]}, "save": {"parameters": True, "split": True}}
SNAPSHOTS, BETWEEN = [0, 20, 33, 34, 40, 60], [33, 34]
SMALL = {"kind": "transformer", "layers": 1, "d_model": 8, "heads": 2, "d_mlp": 8}
CASES = [
    {"model": {"kind": "transformer", "layers": 2, "d_model": 8, "heads": 2, "d_mlp": 16}},
    {"model": {"kind": "transformer", "layers": 1, "d_model": 8, "heads": 4, "d_head": 3, "d_mlp": 8, "readout_token": False, "output_scale": 0.5}},
    {"model": {"kind": "mlp", "layers": 2, "d_model": 6, "d_hidden": 10}},
    {"model": {"kind": "mlp", "layers": 2, "d_model": 6, "d_hidden": 10, "operand_embeddings": "separate"},
     "task": {"kind": "group", "group": "symmetric", "n": 3}},
    {"model": {**SMALL, "layers": 3, "operand_embeddings": "separate"}},
    {"model": {**SMALL, "operand_embeddings": "separate"}, "task": {"kind": "comparison", "sides": [3, 3]}},
    {"model": SMALL, "loss": {"kind": "stablemax"}},
    {"model": {**SMALL, "layers": 2, "normalization": "layernorm", "causal": False, "dropout": 0.2}},
    {"model": {**SMALL, "normalization": "rmsnorm", "normalization_placement": "post", "unembedding": "tied",
               "attention_rate": 0.5}},
]


def train(folder, name, run):
    sweep = folder / (name + ".json")
    sweep.write_text(json.dumps({"name": name, "output": name + ".h5", "run": run}))
    subprocess.run([support.BINARY, "--no-progress", "--quiet", sweep], check=True, stdout=subprocess.DEVNULL)
    return folder / (name + ".h5")


def losses(path):
    """step -> test loss as the program measured it."""
    with h5py.File(path, "r") as file:
        return dict(zip(file["curves/step"][0].tolist(), file["curves/test_loss"][0].tolist()))


class Rebuild(unittest.TestCase):
    def test_length(self):
        self.assertLessEqual(len([line for line in LINES.splitlines() if line.strip()]), 54)

    def test_models(self):
        for case in CASES:
            with self.subTest(case=case), support.Folder() as folder:
                run = {**RUN, **case}
                train(folder, "results", run)
                # The same run, evaluated at every step: what the program says of those between the evaluations.
                every = losses(train(folder, "every", {**run, "evaluate": {**RUN["evaluate"], "every": 1}}))
                done = subprocess.run(["/usr/bin/python3", "-c", LINES], cwd=folder, capture_output=True, text=True,
                                      env={**os.environ, "OMP_NUM_THREADS": "1"})
                self.assertEqual(done.returncode, 0, done.stderr)
                rows = [list(map(float, line.split())) for line in done.stdout.splitlines()]
                self.assertEqual([row[0] for row in rows], SNAPSHOTS)
                self.assertEqual([row[0] for row in rows if len(row) == 2], BETWEEN)
                for step, ours, *theirs in rows:
                    self.assertAlmostEqual(ours, every[step], delta=1e-4 * abs(ours))
                    for loss in theirs:
                        self.assertEqual(np.float32(loss), np.float32(every[step]))


if __name__ == "__main__":
    unittest.main()
