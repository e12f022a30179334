"""One sweep, any number of processes: the same bits; and what holds while it runs."""

import time
import unittest

import h5py
import numpy as np

import support
from support import Folder, run, start, sweep, wait_for


class SameResults(unittest.TestCase):
    def test_any_number_of_ranks_gives_the_same_bits(self):
        with Folder(sweep(seeds=2)) as folder:
            outputs = []
            for ranks in (0, 1, 2, 4, 7):  # 4 runs: the last has more workers than runs
                output = folder / ("ranks%d.h5" % ranks)
                done = run(ranks, "-o", output, folder.sweep)
                self.assertEqual(done.returncode, 0, done.stderr)
                outputs.append(output)
            for output in outputs[1:]:
                self.assertGreater(support.check_same(outputs[0], output), 100)

    def test_differences_are_seen(self):
        """The comparison itself can fail."""
        with Folder(sweep(seeds=1, weights=[0])) as folder:
            for name in ("a.h5", "b.h5"):
                self.assertEqual(run(0, "-o", folder / name, folder.sweep).returncode, 0)
            self.assertEqual(support.differences(folder / "a.h5", folder / "b.h5"), [])
            with h5py.File(folder / "b.h5", "r+") as file:
                file["/curves/test_loss"][0, 3] = np.nextafter(file["/curves/test_loss"][0, 3], np.float32(9))
            self.assertEqual(support.differences(folder / "a.h5", folder / "b.h5"), ["/curves/test_loss"])

    def test_final_values_are_the_last_evaluation(self):
        with Folder(sweep(seeds=2)) as folder:
            self.assertEqual(run(2, "-o", folder / "out.h5", folder.sweep).returncode, 0)
            with h5py.File(folder / "out.h5", "r") as file:
                written = file["/runs/written"][()]
                compared = 0
                for name, final in file["/runs/final"].items():
                    curve = next((file[group + name] for group in ("/curves/", "/geometry/", "/interpretability/")
                                  if group + name in file), None)
                    if curve is None:
                        continue
                    last = np.array([curve[row, written[row] - 1] for row in range(len(written))])
                    self.assertTrue(np.array_equal(last, final[()], equal_nan=True), name)
                    compared += 1
                self.assertGreater(compared, 15)
                self.assertEqual([file["/curves/step"][row, count - 1] for row, count in enumerate(written)], [300] * 4)

    def test_finished_runs_are_not_trained_again_and_new_ones_are_added(self):
        with Folder(sweep(seeds=1)) as folder, Folder(sweep(seeds=3)) as larger:
            output = folder / "out.h5"
            self.assertEqual(run(2, "-o", output, folder.sweep).returncode, 0)
            with h5py.File(output, "r") as file:
                before = dict(zip(file["/runs/id"][()], file["/runs/wall_seconds"][()]))
            again = run(2, "-o", output, folder.sweep)
            self.assertEqual(again.returncode, 0)
            self.assertIn(" 0 steps", again.stderr)
            self.assertEqual(run(2, "-o", output, larger.sweep).returncode, 0)
            self.assertEqual(run(0, "-o", folder / "direct.h5", larger.sweep).returncode, 0)
            with h5py.File(output, "r") as file:
                after = dict(zip(file["/runs/id"][()], file["/runs/wall_seconds"][()]))
            self.assertEqual(len(after), 6)
            for run_id, seconds in before.items():
                self.assertEqual(after[run_id], seconds)
            support.check_same(output, folder / "direct.h5", besides={"/sweep/config"})

    def test_fresh_moves_the_old_file_aside(self):
        with Folder(sweep(seeds=1, weights=[0])) as folder:
            output = folder / "out.h5"
            self.assertEqual(run(0, "-o", output, folder.sweep).returncode, 0)
            done = run(0, "--fresh", "-o", output, folder.sweep)
            self.assertEqual(done.returncode, 0)
            self.assertIn(" 300 steps", done.stderr)
            self.assertEqual(len(list(folder.path.glob("out*.h5*"))), 3)  # and the status file

    def test_shards_partition_the_plan(self):
        with Folder(dict(sweep(seeds=3), output="all.h5")) as folder:
            ids = []
            for shard in (1, 2):
                done = run(0, "--shard", "%d/2" % shard, folder.sweep)
                self.assertEqual(done.returncode, 0, done.stderr)
                with h5py.File(folder / ("all.%d-of-2.h5" % shard), "r") as file:
                    ids.append(set(file["/runs/id"][()]))
            self.assertEqual(len(ids[0] | ids[1]), 6)
            for shard, part in enumerate(ids, 1):
                self.assertEqual({int(run_id[:16], 16) % 2 for run_id in part} - {shard % 2}, set())


class WhileItRuns(unittest.TestCase):
    def test_file_opens_in_h5py(self):
        with Folder(sweep(steps=100000, seeds=2)) as folder:
            output = folder / "out.h5"
            process = start(3, "-o", output, folder.sweep)
            try:
                wait_for(lambda: support.written(output) > 20, "records")
                first = support.written(output)
                with h5py.File(output, "r", swmr=True) as file:
                    self.assertTrue((file["/runs/status"][()] == support.STATE["running"]).any())
                    row = int(np.argmax(file["/runs/written"][()]))
                    count = file["/runs/written"][row]
                    curve = file["/curves/train_loss"][row, :count]
                    self.assertTrue(np.isfinite(curve).all())
                wait_for(lambda: support.written(output) > first, "more records")
            finally:
                support.end(process)

    def test_one_computing_thread_whatever_the_environment_says(self):
        for ranks in (0, 2):
            with Folder(sweep(steps=100000, p=43, d_model=64)) as folder:
                process = start(ranks, "-o", folder / "out.h5", folder.sweep, OPENBLAS_NUM_THREADS="8",
                                OMP_NUM_THREADS="8")
                try:
                    find = (lambda: support.trainers(process)) if ranks else (lambda: [process.pid])
                    wait_for(lambda: support.written(folder / "out.h5") > 0, "records")
                    pids = find()
                    self.assertTrue(pids)
                    wait_for(lambda: support.cpu_seconds(pids[0]) > 0.5, "work")
                    self.assertEqual(len(support.threads_of(pids[0])), 1)
                    for pid in support.ranks_of(process):
                        busy = [seconds for seconds in support.threads_of(pid) if seconds > 0.2]
                        self.assertLessEqual(len(busy), 1)
                finally:
                    support.end(process)

    def test_ranks_that_wait_are_asleep(self):
        """Master and relays of a busy job; a rank that polls without sleep would show a full core."""
        with Folder(sweep(steps=1000000, seeds=1, weights=[0], every=5000)) as folder:
            process = start(4, "-o", folder / "out.h5", folder.sweep)  # one run: two trainers have nothing to do
            try:
                wait_for(lambda: support.written(folder / "out.h5") > 0, "records")
                ranks = support.ranks_of(process)
                self.assertEqual(len(ranks), 4)
                before = [support.cpu_seconds(pid) for pid in ranks]
                begun = time.monotonic()
                time.sleep(4)
                span = time.monotonic() - begun
                shares = [(support.cpu_seconds(pid) - old) / span for pid, old in zip(ranks, before)]
                self.assertLess(max(shares), 0.05, shares)  # the clock of /proc ticks every 10 ms
            finally:
                support.end(process)


class Refusals(unittest.TestCase):
    def check(self, content, code, ranks, *words):
        with Folder(content) as folder:
            done = run(ranks, "-o", folder / "out.h5", folder.sweep, timeout=60)
            self.assertEqual(done.returncode, code, done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
            self.assertEqual(done.stderr.count("error:"), len(words), "said once: " + done.stderr)
            self.assertFalse((folder / "out.h5").exists())

    def test_a_broken_sweep_ends_all_ranks(self):
        broken = sweep()
        broken["run"]["optimizer"] = {"betaa1": 0.9}
        for ranks in (0, 1, 4):
            self.check(broken, 2, ranks, "betaa1")
        self.check('{"name": ', 2, 4, "sweep.json")

    def test_usage_errors(self):
        with Folder(sweep()) as folder:
            for arguments in (["--nonsense", folder.sweep], [], ["--shard", "3/2", folder.sweep],
                              ["--time-limit", "soon", folder.sweep], [folder.sweep, folder.sweep]):
                for ranks in (0, 2):
                    done = run(ranks, *arguments, timeout=60)
                    self.assertEqual(done.returncode, 2, arguments)
                    self.assertEqual(done.stderr.count("error:"), 1, done.stderr)

    def test_an_output_that_cannot_be(self):
        with Folder(sweep()) as folder:
            for ranks in (0, 3):
                done = run(ranks, "-o", folder / "nowhere" / "out.h5", folder.sweep, timeout=60)
                self.assertEqual(done.returncode, 3, done.stderr)
                (folder / "other.h5").write_text("no results file")
                done = run(ranks, "-o", folder / "other.h5", folder.sweep, timeout=60)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertEqual((folder / "other.h5").read_text(), "no results file")

    def test_a_second_writer_is_refused(self):
        with Folder(sweep(steps=1000000)) as folder:
            process = start(2, "-o", folder / "out.h5", folder.sweep)
            try:
                wait_for(lambda: support.written(folder / "out.h5") > 0, "records")
                for ranks in (0, 3):
                    done = run(ranks, "-o", folder / "out.h5", folder.sweep, timeout=60)
                    self.assertEqual(done.returncode, 3, done.stderr)
                done = run(0, "--fresh", "-o", folder / "out.h5", folder.sweep, timeout=60)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIsNone(process.poll())
            finally:
                support.end(process)

    def test_slurm_tasks_that_do_not_see_each_other(self):
        with Folder(sweep()) as folder:
            done = run(0, "-o", folder / "out.h5", folder.sweep, SLURM_NTASKS="4", SLURM_PROCID="0")
            self.assertEqual(done.returncode, 2)
            self.assertIn("srun --mpi=pmix", done.stderr)
            done = run(0, "-o", folder / "out.h5", folder.sweep, SLURM_NTASKS="1")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_help_and_version(self):
        done = run(0, "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ("--time-limit", "--shard", "exit codes"):
            self.assertIn(word, done.stdout)
        done = run(0, "--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ("symsweep", "MPI", "OpenBLAS", "HDF5", "cJSON"):
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
