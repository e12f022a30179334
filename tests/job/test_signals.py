"""Clean stops: every way to ask for one, exit 75, and the same command goes on to the same bits."""

import platform
import re
import signal
import time
import unittest

import h5py

import support
from support import Folder, finish, kill, run, start, sweep, wait_for

SEEDS, STEPS = 2, 4000


def stoppable(checkpoint=300):
    return sweep(steps=STEPS, seeds=SEEDS, p=23, d_model=32, every=100, checkpoint=checkpoint)


def steps_taken(text):
    return int(re.search(r"(\d+) steps in", text).group(1))


class Stops(support.Referenced):
    content = stoppable()

    def go_on(self, output, ranks):
        """The same command once more: ends well, with the bits of an undisturbed sweep. Steps it took."""
        done = run(ranks, "-o", output, self.folder.sweep)
        self.assertEqual(done.returncode, 0, done.stderr)
        support.check_same(self.reference, output)
        self.assertFalse((output.parent / (output.name + ".checkpoints")).exists())
        return steps_taken(done.stderr)

    def interrupt(self, output, ranks, number, whom):
        process = start(ranks, "-o", output, self.folder.sweep)
        try:
            wait_for(lambda: support.running(output), "a run")
            time.sleep(max(0.3, self.span / 10))  # into its steps: with sanitizers it is slow to begin
            kill(whom(process), number)
            begun = time.monotonic()
            ended = finish(process)
            self.stopping = time.monotonic() - begun
            return ended
        finally:
            support.end(process)

    def test_usr1_to_mpirun(self):
        output = self.folder / "usr1.h5"
        code, text = self.interrupt(output, 3, signal.SIGUSR1, lambda process: process.pid)
        self.assertEqual(code, 75, text)
        self.assertLess(self.stopping, 30)  # ten, and slack for a busy machine
        print("summary: exit 75 %.1f s after SIGUSR1 to mpirun" % self.stopping)
        with h5py.File(output, "r") as file:  # plain: the writer has closed it
            self.assertEqual(file["/runs/attempts"][()].sum(), 0)
        steps = self.go_on(output, 3)
        self.assertLess(steps, 2 * SEEDS * STEPS)  # checkpoints were used

    def test_reader_holds_the_file(self):
        output = self.folder / "held.h5"
        process = start(3, "-o", output, self.folder.sweep)
        reader = None
        try:
            wait_for(lambda: support.running(output), "a run")
            reader = h5py.File(output, "r", swmr=True)
            kill(process.pid, signal.SIGUSR1)
            code, text = finish(process)
            self.assertEqual(code, 75, text)
            self.go_on(output, 3)
        finally:
            support.end(process)
            if reader:
                reader.close()

    def test_signals_without_mpirun(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            output = self.folder / ("serial%d.h5" % number)
            code, text = self.interrupt(output, 0, number, lambda process: process.pid)
            self.assertEqual(code, 75, text)
        self.assertLess(self.go_on(output, 0), 2 * SEEDS * STEPS)

    def test_signal_to_one_worker_rank_stops_the_job(self):
        output = self.folder / "worker.h5"
        code, text = self.interrupt(output, 3, signal.SIGTERM, lambda process: support.ranks_of(process)[2])
        self.assertEqual(code, 75, text)
        self.go_on(output, 2)  # another number of ranks goes on as well

    def test_trainers_do_not_heed_signals(self):
        output = self.folder / "deaf.h5"
        process = start(2, "-o", output, self.folder.sweep)
        try:
            trainer = wait_for(lambda: support.trainers(process), "a trainer")[0]
            wait_for(lambda: support.running(output), "a run")
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
                kill(trainer, number)
            code, text = finish(process, timeout=max(support.PATIENCE, 4 * self.span))
        finally:
            support.end(process)
        self.assertEqual(code, 0, text)
        with h5py.File(output, "r") as file:
            self.assertEqual(file["/runs/attempts"][()].sum(), 0)

    def test_term_to_mpirun_loses_nothing(self):
        output = self.folder / "term.h5"
        code, _ = self.interrupt(output, 3, signal.SIGTERM, lambda process: process.pid)
        self.assertNotEqual(code, 0)
        self.go_on(output, 3)

    def test_time_limit(self):
        output = self.folder / "limit.h5"
        codes = []
        while 0 not in codes:
            begun = time.monotonic()
            done = run(2, "--time-limit", "4s", "-o", output, self.folder.sweep)
            codes.append(done.returncode)
            self.assertIn(done.returncode, (0, 75), done.stderr)
            self.assertLess(len(codes), 200)
            if done.returncode == 75:
                self.assertIn("time limit", done.stderr)
                self.assertLess(time.monotonic() - begun, 60)
        support.check_same(self.reference, output)


class CoreTypes(unittest.TestCase):
    @unittest.skipUnless(platform.machine() == "x86_64", "names of x86 cores")
    def test_another_core_type_starts_the_run_anew(self):
        with Folder(sweep(steps=4000, seeds=1, p=19, d_model=32, weights=[0], checkpoint=300)) as folder:
            output, reference = folder / "out.h5", folder / "reference.h5"
            process = start(0, "-o", output, folder.sweep, OPENBLAS_CORETYPE="Nehalem")
            try:
                wait_for(lambda: support.running(output), "a run")
                time.sleep(0.2)
                kill(process.pid, signal.SIGUSR1)
                code, text = finish(process)
            finally:
                support.end(process)
            self.assertEqual(code, 75, text)
            other = {"OPENBLAS_CORETYPE": "Sandybridge"}
            done = run(0, "-o", output, folder.sweep, **other)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("starts anew: it was made on another type of core", done.stderr)
            self.assertEqual(steps_taken(done.stderr), 4000)
            self.assertEqual(run(0, "-o", reference, folder.sweep, **other).returncode, 0)
            support.check_same(reference, output)
            with h5py.File(output, "r") as file:
                self.assertEqual(b"".join(file["/runs/blas_core"][0]).rstrip(b"\0"), b"Sandybridge")
            self.assertEqual(support.leftovers(output), [])


class EndsAtOnce(unittest.TestCase):
    def test_second_signal(self):
        """Steps so long that a clean stop takes its time."""
        slow = sweep(steps=1000, seeds=1, weights=[0], p=113, d_model=128, every=1000, checkpoint=300)
        for ranks in (0, 2):
            with Folder(slow) as folder:
                output = folder / "out.h5"
                process = start(ranks, "-o", output, folder.sweep)
                try:
                    wait_for(lambda: support.running(output), "a run")
                    target = support.trainers(process)[0] if ranks else process.pid
                    if ranks:
                        kill(target, signal.SIGSTOP)  # cannot answer
                    kill(process.pid, signal.SIGUSR1)
                    time.sleep(1.5)
                    kill(process.pid, signal.SIGUSR1)
                    code, text = finish(process, timeout=30)
                    self.assertEqual(code, 75, text)
                finally:
                    support.end(process)
                wait_for(lambda: not support.alive(target), "the end of the trainer")

    def test_one_request_delivered_twice_is_one(self):
        with Folder(stoppable()) as folder:
            output = folder / "out.h5"
            process = start(2, "-o", output, folder.sweep)
            try:
                wait_for(lambda: support.running(output), "a run")
                kill(process.pid, signal.SIGUSR1)
                time.sleep(0.05)
                kill(process.pid, signal.SIGUSR1)
                code, text = finish(process)
            finally:
                support.end(process)
            self.assertEqual(code, 75, text)
            self.assertIn("stopping", text)
            h5py.File(output, "r").close()  # closed well


if __name__ == "__main__":
    unittest.main()
