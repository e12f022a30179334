"""Kills at random moments: of trainers, ranks, the whole job. Nothing is lost and no number changes.

A few in CI; with SYMSWEEP_LONG=1 the full numbers. The seed of a trial is its number, and part of what is said when it
fails."""

import random
import resource
import signal
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

import support
from support import LONG, Folder, finish, kill, run, start, sweep, wait_for

JOB_KILLS = 200 if LONG else 10
TRAINER_KILLS = 30 if LONG else 6
FIRST_SEED = 1001
WAYS = ["kill", "segv", "memory", "stop", "kill", "segv"]


def small():
    """A second or so at 3 ranks, with a checkpoint every few moments."""
    return sweep(steps=4000, seeds=2, p=11, d_model=16, every=200, checkpoint=0.1)


def limit_memory(pid):
    """From now on the process gets no more memory."""
    used = int(Path("/proc/%d/statm" % pid).read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (used, used))


class JobKills(support.Referenced):
    """SIGKILL of the master, of a worker, of mpirun, of everything; the same command until it is done."""

    content, ranks = small(), 3

    def finish_killed(self, process):
        """Exit code and output. Open MPI 4.1 has a fault of its own: when a rank dies while it starts, mpirun now and
        then waits for ever for ranks that are all dead by then. It is ended, as a user or a batch system would, and
        counted; that something of ours still runs is a failure."""
        alone = None
        while process.poll() is None:
            others = [pid for pid in support.tree(process.pid)[1:] if support.alive(pid)]
            alone = None if others else alone or time.monotonic()
            if alone and time.monotonic() - alone > 20:
                self.hung += 1
                process.kill()
                break
            self.assertLess(time.monotonic() - self.struck, 120, "the job does not end")
            time.sleep(0.05)
        return finish(process)

    def kill_once(self, output, dice):
        """Starts the job and kills it at a random moment; True when it was done before."""
        process = start(3, "-o", output, self.folder.sweep)
        processes = []
        try:
            moment = time.monotonic() + dice.uniform(0.05, 1) * self.span
            while time.monotonic() < moment and process.poll() is None:
                time.sleep(0.01)
            processes = support.tree(process.pid)
            ranks = support.ranks_of(process)
            victim = dice.choice(list(self.kills))
            if victim == "all":
                victims = processes
            elif victim == "mpirun" or len(ranks) < 3:
                victim, victims = "mpirun", [process.pid]
            else:
                victims = ranks[:1] if victim == "master" else [dice.choice(ranks[1:])]
            running = process.poll() is None
            for pid in victims:
                kill(pid, signal.SIGKILL)
            self.struck = time.monotonic()
            code, _ = self.finish_killed(process)
            self.kills[victim] += running
        finally:
            support.end(process)
        wait_for(lambda: not any(support.alive(pid) for pid in processes), "the end of every process of the job")
        return code == 0

    def test_random_kills(self):
        begun = time.monotonic()
        self.kills = dict.fromkeys(["master", "worker", "mpirun", "all"], 0)
        self.hung = 0
        seed = FIRST_SEED - 1
        equal = 0
        while sum(self.kills.values()) < JOB_KILLS:
            seed += 1
            dice = random.Random(seed)
            output = self.folder / ("trial%d.h5" % seed)
            with self.subTest(seed=seed):
                for _ in range(3):
                    if self.kill_once(output, dice):
                        break
                done = run(3, "-o", output, self.folder.sweep)
                self.assertEqual(done.returncode, 0, done.stderr)
                support.check_same(self.reference, output)
                with h5py.File(output, "r") as file:
                    self.assertEqual(file["/runs/attempts"][()].sum(), 0)  # no run is to blame
                self.assertEqual(support.leftovers(output), [])
                equal += 1
            if output.exists():
                output.unlink()
        print("summary: %d kills (%s) of %d sweeps, seeds %d to %d: %d final files bitwise equal, mpirun hung with all "
              "ranks dead %d times, %.0f s" %
              (sum(self.kills.values()), ", ".join("%s %d" % item for item in self.kills.items()),
               seed - FIRST_SEED + 1, FIRST_SEED, seed, equal, self.hung, time.monotonic() - begun))


class TrainerKills(unittest.TestCase):
    def test_trainers_die_and_the_job_goes_on(self):
        seeds = TRAINER_KILLS if LONG else 6  # each run is struck once: three times would be its own fault
        with Folder(sweep(steps=10000, seeds=seeds, p=19, d_model=32, every=100, checkpoint=0.3)) as folder:
            reference, output = folder / "reference.h5", folder / "out.h5"
            self.assertEqual(run(3, "-o", reference, folder.sweep).returncode, 0)
            dice = random.Random(7)
            process = start(4, "-o", output, folder.sweep)
            deaths, dying, struck = set(), set(), set()
            try:
                while len(struck) < TRAINER_KILLS and process.poll() is None:
                    time.sleep(dice.uniform(0.05, 0.4))
                    candidates = [(row, pid) for row, pid in self.in_training(process, output)
                                  if row not in struck and pid not in dying]
                    if candidates:
                        row, pid = dice.choice(candidates)
                        way = WAYS[len(struck) % len(WAYS)]
                        self.strike(pid, way)
                        if way != "memory":  # which kills when it is asked for more, and that may never be
                            dying.add(pid)
                        struck.add(row)
                        deaths.add(pid)
                code, text = finish(process, timeout=support.WHOLE_JOB)
            finally:
                support.end(process)
            self.assertEqual(len(struck), TRAINER_KILLS, "the sweep was over too soon")
            self.assertEqual(code, 0, text)
            support.check_same(reference, output, besides={"/runs/attempts"})
            with h5py.File(output, "r") as file:
                self.assertGreater(file["/runs/attempts"][()].sum(), TRAINER_KILLS // 3)
            self.assertFalse(any(support.alive(pid) for pid in deaths))
            print("summary: %d trainers killed at 4 ranks (%s in turn): exit 0, bitwise equal" %
                  (TRAINER_KILLS, ", ".join(WAYS)))

    def strike(self, pid, way):
        try:
            if way == "memory":
                limit_memory(pid)
            else:
                kill(pid, {"kill": signal.SIGKILL, "segv": signal.SIGSEGV, "stop": signal.SIGSTOP}[way])
        except (ProcessLookupError, FileNotFoundError):
            pass  # it ended by itself

    def test_a_run_that_always_dies_fails_alone(self):
        content = sweep(steps=400)
        del content["grid"]
        content["cases"] = [{"label": "short%d" % seed, "seed": seed} for seed in range(4)]
        content["cases"].append({"label": "endless", "steps": 5000000})
        with Folder(content) as folder:
            output = folder / "out.h5"
            process = start(3, "-o", output, folder.sweep)
            try:
                while process.poll() is None:
                    for row, pid in self.in_training(process, output):
                        if row == 4:
                            kill(pid, signal.SIGSEGV)
                    time.sleep(0.1)
                code, text = finish(process)
            finally:
                support.end(process)
            self.assertEqual(code, 1, text)
            with h5py.File(output, "r") as file:
                for row, label in enumerate(file["/runs/label"][()]):
                    endless = label == b"endless"
                    self.assertEqual(file["/runs/status"][row], support.STATE["failed" if endless else "done"])
                    error = b"".join(file["/runs/error"][row]).rstrip(b"\0")
                    if endless:
                        self.assertIn(b"signal 11", error)
                        self.assertIn(b"peak memory", error)
                        self.assertEqual(file["/runs/attempts"][row], 3)
                    else:
                        self.assertEqual(error, b"")

    def in_training(self, process, output):
        """(row, trainer) of the runs in training, as the file says, which may be some seconds old."""
        try:
            with h5py.File(output, "r", swmr=True) as file:
                running = file["/runs/status"][()] == support.STATE["running"]
                busy = {int(file["/runs/rank"][row]): row for row in np.flatnonzero(running)}
        except (OSError, KeyError):
            return []
        found = []
        for pid in support.trainers(process):
            stat = support.stat_of(pid)
            rank = support.rank_of(stat[0]) if stat else -1
            if rank in busy and support.cpu_seconds(pid) > 0.3:  # a fresh one may not have begun yet
                found.append((int(busy[rank]), pid))
        return found

    def test_no_trainer_outlives_its_rank(self):
        with Folder(sweep(steps=5000000, seeds=2)) as folder:
            process = start(3, "-o", folder / "out.h5", folder.sweep)
            try:
                wait_for(lambda: len(support.trainers(process)) == 2, "trainers")
                trainers = support.trainers(process)
                for pid in support.ranks_of(process):
                    kill(pid, signal.SIGKILL)
                wait_for(lambda: not any(support.alive(pid) for pid in trainers), "the trainers' end", timeout=20)
            finally:
                support.end(process)

    def test_stopped_for_a_moment_is_no_death(self):
        with Folder(sweep(steps=20000, seeds=1, weights=[0])) as folder:
            output = folder / "out.h5"
            process = start(2, "-o", output, folder.sweep)
            try:
                trainer = wait_for(lambda: support.trainers(process), "a trainer")[0]
                wait_for(lambda: support.written(output) > 0, "records")
                kill(trainer, signal.SIGSTOP)
                time.sleep(3)
                self.assertTrue(support.alive(trainer))
                kill(trainer, signal.SIGCONT)
                code, text = finish(process)
            finally:
                support.end(process)
            self.assertEqual(code, 0, text)
            with h5py.File(output, "r") as file:
                self.assertEqual(int(np.sum(file["/runs/attempts"][()])), 0)


if __name__ == "__main__":
    unittest.main()
