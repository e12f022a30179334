#!/usr/bin/python3
"""Shards of a sweep that are trained in any order, again and again, while the sweep grows: whatever was done in between,
each run is trained once, and the files joined are bit for bit what one job gives."""
import json
import random
import re
import unittest

import h5py

import support
from support import LONG, Folder, run

HISTORIES = 40 if LONG else 2


def grown(seeds, weights):
    return dict(support.sweep(steps=40, p=5, d_model=8, every=20, seeds=seeds, weights=weights),
                name="shards", output="all.h5")


class Shards(unittest.TestCase):
    def test_histories(self):
        for number in range(HISTORIES):
            with self.subTest(history=number):
                self.history(random.Random(number))

    def history(self, chance):
        """Random subsets of the shards, the sweep grown in between, a merge now and then; then all of them, joined."""
        shards, steps, seeds, weights = chance.randint(2, 5), 0, chance.randint(1, 3), [0]
        with Folder(grown(seeds, weights)) as folder:
            files = [folder / f"shard-{i}.h5" for i in range(1, shards + 1)]

            def train(i):
                done = run(chance.choice([0, 0, 2]), "--no-progress", "--shard", f"{i}/{shards}", "-o", files[i - 1], folder.sweep)
                self.assertEqual(done.returncode, 0, done.stderr)
                return int(re.search(r", (\d+) steps in", done.stderr)[1])

            for _ in range(chance.randint(2, 4)):
                for i in chance.sample(range(1, shards + 1), chance.randint(1, shards)):
                    steps += train(i)
                if chance.random() < 0.5:
                    self.merge(folder, [file for file in files if file.exists()])
                seeds += chance.randint(0, 2)
                if chance.random() < 0.5:
                    weights.append(0.5 + len(weights))
                folder.sweep.write_text(json.dumps(grown(seeds, weights)))
            for i in chance.sample(range(1, shards + 1), shards):
                steps += train(i)
            self.assertEqual(steps, 40 * seeds * len(weights), "steps taken in all sessions together")
            chance.shuffle(files)
            self.merge(folder, files)
            direct = folder / "direct.h5"
            self.assertEqual(run(0, "--no-progress", "-o", direct, folder.sweep).returncode, 0)
            self.assertGreater(support.check_same(folder / "all.h5", direct), 100)
            with h5py.File(folder / "all.h5", "r") as file, h5py.File(direct, "r") as one:
                self.assertEqual(list(file["/runs/id"][()]), list(one["/runs/id"][()]))
                self.assertEqual(set(file["/runs/planned"][()]), {1})
            done = run(0, "--no-progress", "-o", folder / "all.h5", folder.sweep)
            self.assertIn(" 0 steps in", done.stderr)

    def merge(self, folder, files):
        done = run(0, "merge", "-o", folder / "all.h5", *files)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_empty(self):
        """A shard without a run is a job without work and a file like any other."""
        with Folder(grown(1, [0])) as folder:
            counts = {}
            for i in (1, 2, 3):
                for ranks in (0, 2):
                    done = run(ranks, "--no-progress", "--shard", f"{i}/3", "-o", folder / f"{i}.h5", folder.sweep)
                    self.assertEqual(done.returncode, 0, done.stderr)
                with h5py.File(folder / f"{i}.h5", "r") as file:
                    counts[i] = file["/runs/id"].shape[0]
            self.assertEqual(sorted(counts.values()), [0, 0, 1])
            empty = min(counts, key=counts.get)
            for command in (["status", folder / f"{empty}.h5"], ["export", "--config", folder / f"{empty}.h5"],
                            ["check", "--shard", f"{empty}/3", folder.sweep], ["recover", folder / f"{empty}.h5"]):
                self.assertEqual(run(0, *command).returncode, 0, command)
            self.merge(folder, [folder / f"{i}.h5" for i in (1, 2, 3)])
            self.assertEqual(run(0, "-o", folder / "direct.h5", folder.sweep).returncode, 0)
            support.check_same(folder / "all.h5", folder / "direct.h5")
            # and it grows into one whose chunks are those of a file that had runs from the first
            folder.sweep.write_text(json.dumps(grown(12, [0])))
            shard = f"{empty}/3"
            self.assertEqual(run(0, "--shard", shard, "-o", folder / f"{empty}.h5", folder.sweep).returncode, 0)
            self.assertEqual(run(0, "--shard", shard, "-o", folder / "direct.h5", "--fresh", folder.sweep).returncode, 0)
            support.check_same(folder / f"{empty}.h5", folder / "direct.h5")
            with h5py.File(folder / f"{empty}.h5", "r") as one, h5py.File(folder / "direct.h5", "r") as other:
                self.assertEqual(one["/curves/train_loss"].chunks, other["/curves/train_loss"].chunks)

    def test_partition_changed(self):
        """What the files of another number of shards hold is not lost, and is former there."""
        with Folder(grown(4, [0, 1])) as folder:
            for i in (1, 2, 3):
                self.assertEqual(run(0, "--shard", f"{i}/3", "-o", folder / f"{i}.h5", folder.sweep).returncode, 0)
            self.assertEqual(run(0, "--shard", "1/2", "-o", folder / "1.h5", folder.sweep).returncode, 0)
            with h5py.File(folder / "1.h5", "r") as file:
                for run_id, planned in zip(file["/runs/id"][()], file["/runs/planned"][()]):
                    self.assertEqual(planned, int(run_id[:16], 16) % 2)
            self.merge(folder, [folder / f"{i}.h5" for i in (1, 2, 3)])
            self.assertEqual(run(0, "-o", folder / "direct.h5", folder.sweep).returncode, 0)
            support.check_same(folder / "all.h5", folder / "direct.h5")


if __name__ == "__main__":
    unittest.main(verbosity=2)
