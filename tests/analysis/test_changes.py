"""symsweep.changes: what a program wrote of `changes`, read back; and how settings are told by them."""

import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixtures
import symsweep
from symsweep import changes, settings

SWEEP = {
    "name": "changes",
    "run": {"task": {"kind": "modular", "p": 5}, "model": {"d_model": 8, "heads": 2, "d_mlp": 8}, "steps": 20,
            "evaluate": {"every": 10, "snapshots": 0}, "stop": {"test_accuracy": 0}},
    "cases": [{"label": "none"},
              {"label": "two", "changes": [{"at": 4, "optimizer.weight_decay": 0.5, "freeze": ["unembedding"]},
                                           {"at": 9, "optimizer.weight_decay": 0, "symmetry.commutativity.weight": -1}]}],
}


class Changes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = Path(tempfile.mkdtemp(prefix="symsweep-changes-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        path = folder / "changes.json"
        path.write_text(json.dumps(SWEEP))
        subprocess.run([fixtures.BINARY, "--quiet", path], check=True, stdin=subprocess.DEVNULL)
        cls.path = folder / "changes.h5"
        cls.results = symsweep.load(cls.path)

    def test_table(self):
        found = [tuple(row) for row in changes.table(self.results).itertuples(index=False)]
        self.assertEqual(found, [(1, 4, "freeze", [], ["unembedding"]), (1, 4, "optimizer.weight_decay", 1, 0.5),
                                 (1, 9, "optimizer.weight_decay", 0.5, 0),
                                 (1, 9, "symmetry.commutativity.weight", 0, -1)])

    def test_configuration_after_a_step(self):
        config = self.results.configs[1]
        decay = [changes.get(changes.at(config, step), "optimizer.weight_decay") for step in (0, 3, 4, 8, 9, 20)]
        self.assertEqual(decay, [1, 1, 0.5, 0.5, 0, 0])
        self.assertEqual(changes.at(config, 4)["freeze"], ["unembedding"])
        self.assertEqual(changes.get(config, "optimizer.weight_decay"), 1)  # the run's own is as it was

    def test_words(self):
        text = settings.text(self.results.configs[1]["changes"])
        self.assertEqual(text, "after 4: freeze unembedding, optimizer.weight_decay 0.5; "
                               "after 9: optimizer.weight_decay 0, symmetry.commutativity.weight -1")

    def test_show(self):
        done = subprocess.run([fixtures.BINARY, "show", self.path, "--run", "1"], capture_output=True, text=True)
        self.assertIn("changes         after step 4: freeze=[\"unembedding\"] optimizer.weight_decay=0.5\n"
                      "                after step 9: optimizer.weight_decay=0 symmetry.commutativity.weight=-1\n", done.stdout)
        done = subprocess.run([fixtures.BINARY, "show", self.path, "--run", "0"], capture_output=True, text=True)
        self.assertNotIn("changes  ", done.stdout)


if __name__ == "__main__":
    unittest.main()
