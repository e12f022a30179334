#!/usr/bin/python3
"""symsweep merge: shards of a sweep joined give what the whole sweep gives."""
import json
import unittest

import h5py
import numpy as np

from results_support import Folder, make_file, run

SWEEP = {"name": "parts", "output": "whole.h5",
         "run": {"task": {"kind": "modular", "operation": "add", "p": 7}, "steps": 60, "evaluate": {"every": 20},
                 "model": {"kind": "transformer", "layers": 1, "d_model": 8, "heads": 2, "d_mlp": 8},
                 "save": {"parameters": True, "split": True}},
         "grid": {"symmetry.commutativity.weight": [0, 0.5], "seed": {"range": [0, 3]}}}
TIMINGS = {"wall_seconds", "steps_per_second", "measure_share", "host", "rank", "checksum"}


class Merge(unittest.TestCase):
    def test_shards(self):
        with Folder() as folder:
            sweep = folder / "parts.json"
            sweep.write_text(json.dumps(SWEEP))
            run("--quiet", "--no-progress", sweep)
            for part in (1, 2):
                run("--quiet", "--no-progress", "--shard", f"{part}/2", "-o", folder / f"part{part}.h5", sweep)
            run("merge", "-o", folder / "all.h5", folder / "part2.h5", folder / "part1.h5")
            with h5py.File(folder / "whole.h5") as whole, h5py.File(folder / "all.h5") as merged:
                ids = list(merged["runs/id"][:])
                self.assertEqual(sorted(ids), sorted(whole["runs/id"][:]))
                order = [ids.index(i) for i in whole["runs/id"][:]]
                self.assertEqual(list(whole["runs/axes"]), list(merged["runs/axes"]))
                compared = []

                def compare(name, item):
                    if isinstance(item, h5py.Dataset) and "/" in name and name.split("/")[-1] not in TIMINGS:
                        ours = merged[name][()] if item.ndim == 0 else merged[name][:][order]
                        np.testing.assert_array_equal(item[()], ours, err_msg=name)
                        compared.append(name)

                whole.visititems(compare)
                self.assertGreater(len(compared), 100)
            # the merged file is complete: the sweep finds nothing left to train in it
            run("--quiet", "--no-progress", "-o", folder / "all.h5", sweep)
            data = json.loads(run("status", folder / "all.h5", "--json"))
            self.assertEqual((data["counts"]["done"], data["damaged"]), (6, 0))

    def test_refusals(self):
        with Folder() as folder:
            make_file(folder / "a.h5", 2, 3)
            run("merge", "-o", folder / "b.h5", folder / "a.h5")
            self.assertIn("exists already", run("merge", "-o", folder / "b.h5", folder / "a.h5", code=3)[1])
            run("merge", folder / "a.h5", code=2)
            run("merge", "-o", folder / "c.h5", code=2)
            self.assertIn("No such file", run("merge", "-o", folder / "c.h5", folder / "none.h5", code=3)[1])
            self.assertEqual(sorted(p.name for p in folder.iterdir()), ["a.h5", "b.h5"])


if __name__ == "__main__":
    unittest.main()
