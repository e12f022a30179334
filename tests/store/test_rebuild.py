#!/usr/bin/python3
"""The lines in docs/file-format.md that rebuild a model are run as they stand, on real runs of both kinds of model."""
import json
import os
import re
import subprocess
import unittest

import support

DOCUMENT = (support.ROOT / "docs" / "file-format.md").read_text()
LINES = DOCUMENT.split("## Rebuilding a model")[1].split("```python\n")[1].split("```")[0]

TASK = {"kind": "modular", "operation": "div", "p": 7}
RUN = {"task": TASK, "train_fraction": 0.6, "steps": 60, "evaluate": {"every": 20, "snapshots": 1},
       "save": {"parameters": True, "split": True}}
MODELS = [
    {"kind": "transformer", "layers": 2, "d_model": 8, "heads": 2, "d_mlp": 16},
    {"kind": "transformer", "layers": 1, "d_model": 8, "heads": 4, "d_head": 3, "d_mlp": 8, "readout_token": False, "output_scale": 0.5},
    {"kind": "mlp", "layers": 2, "d_model": 6, "d_hidden": 10},
]


class Rebuild(unittest.TestCase):
    def test_length(self):
        self.assertLessEqual(len([line for line in LINES.splitlines() if line.strip()]), 30)

    def test_models(self):
        for model in MODELS:
            with self.subTest(model=model), support.Folder() as folder:
                sweep = folder / "rebuild.json"
                sweep.write_text(json.dumps({"name": "rebuild", "output": "results.h5", "run": {**RUN, "model": model}}))
                subprocess.run([support.BINARY, "--no-progress", "--quiet", sweep], check=True, stdout=subprocess.DEVNULL)
                done = subprocess.run(["/usr/bin/python3", "-c", LINES], cwd=folder, check=True, capture_output=True, text=True,
                                      env={**os.environ, "OMP_NUM_THREADS": "1"})
                rows = [list(map(float, re.findall(r"[-+\d.e]+", line))) for line in done.stdout.splitlines()]
                self.assertGreaterEqual(len(rows), 2)
                self.assertEqual((rows[0][0], rows[-1][0]), (0, 60))
                for _, ours, theirs in rows:
                    self.assertAlmostEqual(ours, theirs, delta=1e-4 * abs(ours))


if __name__ == "__main__":
    unittest.main()
