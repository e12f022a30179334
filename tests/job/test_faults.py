"""Every call that the system can refuse is refused once, kind by kind, turn by turn, until no turn is left: the program
ends with its documented code, the file opens, and the same command completes it to the same bits.

Two scenes: a sweep that begins, and one that goes on from a killed job's file and checkpoint and has a run more. In CI a
sample of the turns; with SYMSWEEP_LONG=1 all of them, with EIO and ENOSPC in turn."""

import concurrent.futures
import errno
import os
import re
import shutil
import signal
import time
import unittest

import h5py

import support
from support import LONG, Folder, kill, run, start, sweep, wait_for

TURNS_IN_CI = 3  # of each kind in each scene: the first, the last and one between
OK, STORE = 0, 3  # what a storage fault may end with


def content(seeds):
    return sweep(steps=4000, seeds=seeds, every=1000, weights=[0], checkpoint=0.01,
                 task={"kind": "group", "group": "cyclic", "n": 5},
                 model={"kind": "mlp", "layers": 1, "d_model": 4, "d_hidden": 4})


class Scene:
    """What a trial starts from: nothing, or what a killed job left."""

    def __init__(self, folder, name, left=()):
        self.folder, self.name, self.left = folder, name, left

    def prepare(self, output):
        for kept in self.left:
            copy = str(output) + str(kept)[len(str(self.folder / "left.h5")):]
            (shutil.copytree if kept.is_dir() else shutil.copy)(kept, copy)


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder(content(2))
        cls.addClassCleanup(cls.folder.__exit__)
        assert run(0, "-o", cls.folder / "reference.h5", cls.folder.sweep).returncode == 0
        cls.reference = support.load(cls.folder / "reference.h5")

    def leave_killed(self):
        """A job of the smaller sweep, killed in training with a checkpoint in place."""
        smaller = self.folder / "smaller.json"
        with Folder(content(1)) as other:
            shutil.copy(other.sweep, smaller)
        for _ in range(20):
            left = self.folder / "left.h5"
            checkpoints = self.folder / "left.h5.checkpoints"
            process = start(0, "-o", left, smaller)
            try:
                wait_for(lambda: process.poll() is not None or list(checkpoints.glob("*.ckpt")), "a checkpoint")
                kill(process.pid, signal.SIGKILL)
            finally:
                support.end(process)
            if list(checkpoints.glob("*.ckpt")):
                return [path for path in (left, checkpoints, self.folder / "left.h5.lock") if path.exists()]
            left.unlink()
        raise AssertionError("the run was over each time before it could be killed")

    def trial(self, scene, number, point, error):
        """One fault: None when that turn never came, else the exit code."""
        output = self.folder / ("%s-%s-%d-%d.h5" % (scene.name, point, number, error))
        scene.prepare(output)
        done = run(0, "-o", output, self.folder.sweep, SYMSWEEP_FAULT="%d:%d:%s" % (number, error, point))
        what = "%s: %s %d with errno %d:\n%s" % (scene.name, point, number, error, done.stderr)
        # What befalls the child process that verifies the file is told by its parent alone.
        fired = "fails on purpose" in done.stderr or done.returncode == STORE
        self.assertIn(done.returncode, (OK, STORE), what)
        self.assertEqual("error:" in done.stderr, done.returncode == STORE, what)
        if output.exists():
            h5py.File(output, "r", swmr=True).close()
        if done.returncode != OK or support.leftovers(output):
            again = run(0, "-o", output, self.folder.sweep)
            self.assertEqual(again.returncode, 0, what + again.stderr)
        result = support.load(output)
        different = [path for path in support.different_datasets(self.reference, result) if path != "/runs/attempts"]
        self.assertEqual(different, [], what)
        self.assertEqual(support.leftovers(output), [], what)
        output.unlink()
        return done.returncode if fired else None

    def counts(self, scene):
        """How often each kind is asked in this scene."""
        output = self.folder / "count.h5"
        scene.prepare(output)
        done = run(0, "-o", output, self.folder.sweep, SYMSWEEP_FAULT="count")
        self.assertEqual(done.returncode, 0, done.stderr)
        output.unlink()
        return {point: int(count) for point, count in re.findall(r"^symsweep: (\w+\.[\w.]+) (\d+)$", done.stderr, re.M)}

    def every_turn(self, scene, pool):
        """[(point, number, exit code)] of all that were injected."""
        injected = []

        def one(point, number):
            code = self.trial(scene, number, point, (errno.EIO, errno.ENOSPC)[number % 2])
            if code is not None:
                injected.append((point, number, code))
            return code is not None

        def until_none_is_left(point, number):
            while one(point, number):
                number += 1

        counts = self.counts(scene)
        jobs = []
        for point, count in sorted(counts.items()):
            if LONG:  # how often some are asked depends on time: from the last that was counted on, until none comes
                jobs += [pool.submit(one, point, number) for number in range(1, count)]
                jobs.append(pool.submit(until_none_is_left, point, count))
            else:
                turns = {1 + (count - 1) * k // max(1, TURNS_IN_CI - 1) for k in range(TURNS_IN_CI)}
                jobs += [pool.submit(one, point, number) for number in sorted(turns)]
        for job in jobs:
            job.result()
        return counts, injected

    def test_every_turn_of_every_kind(self):
        begun = time.monotonic()
        scenes = [Scene(self.folder, "new"), Scene(self.folder, "killed", self.leave_killed())]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            outcomes = [self.every_turn(scene, pool) for scene in scenes]
        kinds = {}
        for scene, (counts, injected) in zip(scenes, outcomes):
            codes = [code for _, _, code in injected]
            print("summary: %s scene: %d of %d fault points injected, %d ended with 0, %d with 3" %
                  (scene.name, len(injected), sum(counts.values()), codes.count(OK), codes.count(STORE)))
            for point, _, _ in injected:
                kinds[point] = kinds.get(point, 0) + 1
        print("summary: of each kind: " + ", ".join("%s %d" % item for item in sorted(kinds.items())))
        print("summary: %d faults injected in %.0f s, each ended with its code, left a file that opens and was completed" %
              (sum(kinds.values()), time.monotonic() - begun))
        for point in ("store.pwrite", "store.truncate", "store.flush", "store.sync", "store.rename", "store.open",
                      "store.close", "store.create", "store.copy.write", "store.recover", "store.lock.write",
                      "checkpoint.open", "checkpoint.write", "checkpoint.sync", "checkpoint.close", "checkpoint.rename",
                      "checkpoint.read", "checkpoint.folder"):
            self.assertIn(point, kinds)


if __name__ == "__main__":
    unittest.main()
