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
                self.assertEqual(list(merged["runs/id"][:]), list(whole["runs/id"][:]))  # the plan's order
                self.assertEqual(list(whole["runs/axes"]), list(merged["runs/axes"]))
                compared = []

                def compare(name, item):
                    if isinstance(item, h5py.Dataset) and "/" in name and name.split("/")[-1] not in TIMINGS:
                        np.testing.assert_array_equal(item[()], merged[name][()], err_msg=name)
                        compared.append(name)

                whole.visititems(compare)
                self.assertGreater(len(compared), 100)
            # the merged file is complete: the sweep finds nothing left to train in it
            run("--quiet", "--no-progress", "-o", folder / "all.h5", sweep)
            data = json.loads(run("status", folder / "all.h5", "--json"))
            self.assertEqual((data["counts"]["done"], data["damaged"]), (6, 0))

    def check_axes(self, path):
        """Every axis has the value of the row's own configuration, whatever form of the sweep the row is from."""
        seen = 0
        with h5py.File(path) as file:
            for row, text in enumerate(file["runs/config"][:]):
                config = json.loads(text)
                for axis, values in file["runs/axes"].items():
                    value = config
                    for word in axis.split("."):
                        value = value[word]
                    self.assertEqual(values[row].decode() if isinstance(values[row], bytes) else values[row], value, (row, axis))
                    seen += 1
        data = json.loads(run("status", path, "--json"))
        self.assertEqual((data["counts"]["done"], data["damaged"]), (len(data["runs"]), 0))
        return seen

    def test_axes_of_edited_sweeps(self):
        """Axes come and go between starts, and between files that are merged."""
        with Folder() as folder:
            sweep, output = folder / "edited.json", folder / "edited.h5"

            def train(path, run_keys=(), **axes):
                content = json.loads(json.dumps(SWEEP))
                content["run"].update(dict(run_keys))
                content["grid"].update(axes)
                sweep.write_text(json.dumps(content))
                run("--quiet", "--no-progress", "-o", path, sweep)

            train(output)
            train(output, seed=[0], **{"optimizer.weight_decay": [1.0, 0.5]})   # rows of other seeds leave the sweep
            train(output, {"steps": 40}, seed=[0])                              # and the new axis, with new rows
            train(output, seed=[0], **{"model.d_mlp": [8, 16], "optimizer.kind": ["adamw", "sgd"]})
            self.assertEqual(self.check_axes(output), 16 * 5)
            other = folder / "other.h5"
            train(other, seed=[7], **{"train_fraction": [0.3, 0.4]})
            run("merge", "-o", folder / "all.h5", output, other)
            self.assertEqual(self.check_axes(folder / "all.h5"), 20 * 6)

    def test_refusals(self):
        with Folder() as folder:
            make_file(folder / "a.h5", 2, 3)
            run("merge", "-o", folder / "b.h5", folder / "a.h5")
            run("merge", folder / "a.h5", code=2)
            run("merge", "-o", folder / "c.h5", code=2)
            self.assertIn("No such file", run("merge", "-o", folder / "c.h5", folder / "none.h5", code=3)[1])
            (folder / "text").write_text("mine")
            self.assertIn("is not an HDF5 file", run("merge", "-o", folder / "text", folder / "a.h5", code=3)[1])
            self.assertEqual((folder / "text").read_text(), "mine")
            # one of many is missing: it is named, and the file that is there stays
            before = (folder / "b.h5").read_bytes()
            said = run("merge", "-o", folder / "b.h5", folder / "a.h5", folder / "none.h5", code=3)[1]
            self.assertIn("none.h5: No such file", said)
            self.assertEqual((folder / "b.h5").read_bytes(), before)
            self.assertEqual(sorted(p.name for p in folder.iterdir()), ["a.h5", "b.h5", "text"])

    def test_again(self):
        """More shards, or the same once more, into the file that is there: nothing that it holds is lost."""
        with Folder() as folder:
            sweep, whole = folder / "parts.json", folder / "all.h5"
            sweep.write_text(json.dumps(SWEEP))
            shards = [folder / f"shard{i}.h5" for i in (1, 2, 3)]
            for i, shard in enumerate(shards):
                run("--quiet", "--no-progress", "--shard", f"{i + 1}/3", "-o", shard, sweep)
            counts = [len(json.loads(run("status", "--json", s))["runs"]) for s in shards]
            self.assertEqual(sum(counts), 6)
            self.assertGreater(sorted(counts)[1], 0)
            link = folder / "link.h5"
            link.symlink_to("all.h5")
            run("merge", "-o", whole, shards[0])
            run("merge", "-o", link, shards[1])
            self.assertTrue(link.is_symlink())
            run("merge", "-o", whole, shards[2], link, whole)
            run("merge", "-o", whole, *shards)
            data = json.loads(run("status", "--json", whole))
            self.assertEqual((data["counts"]["done"], data["damaged"], data["former"]), (6, 0, 0))
            shards[0].unlink()  # and goes on with a part of them
            run("merge", "-o", whole, *shards[1:])
            self.assertEqual(json.loads(run("status", "--json", whole))["counts"]["done"], 6)


if __name__ == "__main__":
    unittest.main()
