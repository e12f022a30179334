"""The batch scripts of slurm/ in a SLURM of their own: whole, requeued, as an array, cancelled.

What they leave is compared, dataset by dataset, with an uninterrupted run on one process.
"""
import hashlib
import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "job"))
sys.path.insert(0, os.path.dirname(__file__))

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import support  # noqa: E402
from lab import Lab, missing  # noqa: E402

SCRIPTS = Path(__file__).resolve().parents[2] / "slurm"
LONG = support.LONG


@unittest.skipIf(missing(), missing())
class Scripts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.lab.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.lab.__exit__()

    def submit(self, script, folder, *arguments, options=("--ntasks=3",), **environment):
        """Submits a script of slurm/ for the sweep of a folder. Options of sbatch override its #SBATCH lines."""
        return self.lab.sbatch(
            ["--time=10", "--output=%x-%j.log", *options, str(SCRIPTS / script), *map(str, arguments)],
            cwd=folder.path, SYMSWEEP=support.SYMSWEEP, **environment)

    def log(self, folder):
        return "\n".join(p.name + ":\n" + p.read_text() for p in sorted(folder.path.glob("*.log")))

    def reference(self, folder):
        """The same sweep, uninterrupted, on one process; trained once for all tests."""
        path = Path(self.lab.root, hashlib.sha256(folder.sweep.read_bytes()).hexdigest() + ".h5")
        if not path.exists():
            self.assertEqual(support.run(0, "--fresh", "-o", path, folder.sweep).returncode, 0)
        return path

    def assert_same(self, folder, result):
        support.check_same(self.reference(folder), folder / result)

    def test_mpirun_and_srun(self):
        for script in ("sweep.sbatch", "sweep-srun.sbatch"):
            with self.subTest(script), support.Folder(support.sweep(seeds=2)) as folder:
                job = self.submit(script, folder, "-o", "result.h5", folder.sweep)
                state, code, _ = self.lab.wait(job)
                self.assertEqual((state, code), ("COMPLETED", "0:0"), self.log(folder))
                self.assert_same(folder, "result.h5")
                self.assertFalse(Path(self.lab.root, "tmp", "symsweep-" + job).exists())

    def test_requeue_until_done(self):
        with support.Folder(self.slow_sweep()) as folder:
            # A limit of seconds, so that the test need not wait for SLURM's minutes; the long test does.
            limit = () if LONG else ("--time-limit", "6s")
            options = ("--ntasks=3", "--time=1") if LONG else ("--ntasks=3",)
            job = self.submit("requeue.sbatch", folder, *limit, "-o", "result.h5", folder.sweep, options=options)
            state, code, restarts = self.lab.wait(job, seconds=900)
            self.assertEqual((state, code), ("COMPLETED", "0:0"), self.log(folder))
            self.assertGreaterEqual(restarts, 2, self.log(folder))
            self.assert_same(folder, "result.h5")

    def test_array_with_merge(self):
        """All shards, two of them again, then of a grown sweep all of them, counted from 0: each run is trained once,
        and the file of all is that of one job."""
        with support.Folder(support.sweep(seeds=3)) as folder:
            trained = self.array(folder, "1-4")
            self.assert_same(folder, "result.h5")
            self.assertEqual(self.array(folder, "2,4"), trained)
            self.assert_same(folder, "result.h5")
            folder.sweep.write_text(json.dumps(support.sweep(seeds=5)))
            grown = self.array(folder, "0-3%2")
            self.assertEqual({run: grown[run] for run in trained}, trained)
            self.assertEqual((len(trained), len(grown)), (6, 10))
            self.assert_same(folder, "result.h5")

    def array(self, folder, tasks):
        """Submits an array and waits for its merge; when and by whom each run was trained."""
        before = self.merge_jobs(folder)
        job = self.submit("array.sbatch", folder, folder.sweep, folder / "result.h5",
                          options=("--ntasks=2", f"--array={tasks}"))
        merge = support.wait_for(lambda: self.merge_jobs(folder) - before, "the merge job")
        state, code, _ = self.lab.wait(merge.pop())
        self.assertEqual((state, code), ("COMPLETED", "0:0"), f"array {job}\n" + self.log(folder))
        with h5py.File(folder / "result.h5", "r") as file:
            return dict(zip(file["/runs/id"][()], file["/runs/wall_seconds"][()]))

    def merge_jobs(self, folder):
        """Numbers of the merge jobs that were queued for a folder."""
        jobs = [line.split(" ", 2) for line in self.lab.output("squeue", "-h", "-t", "all", "-o", "%A %j %Z").splitlines()]
        return {number for number, name, where in jobs if name == "symsweep-merge" and where == str(folder.path)}

    def test_cancelled_job_goes_on(self):
        with support.Folder(self.slow_sweep()) as folder:
            job = self.submit("sweep.sbatch", folder, "-o", "result.h5", folder.sweep)
            support.wait_for(lambda: support.written(folder / "result.h5") > 4, "records")
            self.lab.run("scancel", job)
            state, _, _ = self.lab.wait(job)
            self.assertEqual(state, "CANCELLED")
            with h5py.File(folder / "result.h5", "r", swmr=True) as file:
                left = np.isin(file["/runs/status"][()], [support.STATE[name] for name in ("pending", "running")])
                self.assertTrue(left.any(), "the sweep had ended before it was cancelled")
            state, code, _ = self.lab.wait(self.submit("sweep.sbatch", folder, "-o", "result.h5", folder.sweep))
            self.assertEqual((state, code), ("COMPLETED", "0:0"), self.log(folder))
            self.assert_same(folder, "result.h5")

    def slow_sweep(self):
        """A quarter of a minute of training on two workers, much more in the long test."""
        return support.sweep(steps=200000 if LONG else 40000, seeds=2, p=13, d_model=32,
                             every=4000 if LONG else 1000, checkpoint=2)


if __name__ == "__main__":
    if missing():
        print("skipped:", missing())
        sys.exit(77)
    unittest.main(verbosity=2)
