"""refine and prune as jobs: the same runs and bits at any number of ranks and after kills; what the file says then."""

import json
import os
import random
import signal
import subprocess
import unittest

import h5py
import numpy as np

import support
from support import SYMSWEEP, Folder, finish, kill, run, start, sweep, wait_for, written

DONE, NOT_SELECTED, PRUNED = (support.STATE[name] for name in ("done", "not_selected", "pruned"))


def plane():
    """7 x 7 points with 3 seeds; whether such a run generalizes is a matter of chance near the boundary."""
    return {
        "name": "plane",
        "run": {
            "task": {"kind": "modular", "operation": "add", "p": 11},
            "model": {"d_model": 16, "heads": 2, "d_mlp": 32},
            "optimizer": {"learning_rate": 0.01},
            "steps": 300,
            "evaluate": {"every": 20, "snapshots": 0, "tuples": 16, "spectra_every": 1000},
            "stop": {"test_accuracy": 0.9, "for_steps": 20},
            "phase": {"accuracy": 0.9},
        },
        "grid": {
            "train_fraction": {"linspace": [0.5, 0.95, 7]},
            "optimizer.weight_decay": {"logspace": [0.01, 10, 7]},
            "seed": {"range": [0, 3]},
        },
        "refine": {"axes": ["train_fraction", "optimizer.weight_decay"], "reached": "t_gen"},
    }


def halved():
    """8 runs, of which 4 go on at step 100 and 2 at step 200."""
    content = sweep(steps=400, seeds=4)
    content["prune"] = {"halving": {"rungs": [100, 200], "measure": "test_loss", "best": "lowest"}}
    return content


def status_of(path):
    with h5py.File(path, "r") as file:
        return file["/runs/status"][()]


class Adaptive(unittest.TestCase):
    def job(self, ranks, folder, name, *more, code=0):
        done = run(ranks, "-o", folder / name, folder.sweep, *more)
        self.assertEqual(done.returncode, code, done.stderr)
        return folder / name

    def kill_and_go_on(self, folder, name, seed):
        """Kills the whole job twice on the way, then lets it end."""
        dice = random.Random(seed)
        for part in (2, 3):
            process = start(3, "-o", folder / name, folder.sweep)
            try:
                before = written(folder / name)
                wait_for(lambda: written(folder / name) > before + dice.randrange(10, 30 * part) or
                         process.poll() is not None, "records", 60)
                for pid in support.tree(process.pid):
                    kill(pid, signal.SIGKILL)
                finish(process)
            finally:
                support.end(process)
        return self.job(2, folder, name)


class Refine(Adaptive, support.Referenced):
    content = plane()

    def test_ranks_and_kills_make_no_difference(self):
        for ranks in (2, 4):
            support.check_same(self.reference, self.job(ranks, self.folder, "ranks%d.h5" % ranks))
        support.check_same(self.reference, self.kill_and_go_on(self.folder, "killed.h5", 1))

    def test_boundaries_lie_between_points_with_results(self):
        with h5py.File(self.reference, "r") as file:
            status, round_ = file["/runs/status"][()], file["/runs/refine/round"][()]
            shape = (7, 7, 3)
            holds = file["/runs/refine/class"][()].reshape(shape)
            decided = file["/runs/refine/decided"][()].reshape(shape)
            reached = file["/runs/onset/t_gen"][()].reshape(shape) >= 0
        self.assertTrue(((status == DONE) == (round_ >= 0)).all() and ((status == NOT_SELECTED) == (round_ < 0)).all())
        self.assertLess((status == DONE).sum(), len(status) / 2)
        self.assertTrue((holds == holds[:, :, :1]).all())
        self.assertTrue(0 < holds.mean() < 1)
        trained = (status == DONE).reshape(shape)
        self.assertTrue((decided[:, :, 0] == trained.sum(2)).all())
        known = decided[:, :, 0] > 0
        share = (reached & trained).sum(2)[known] / decided[:, :, 0][known]
        self.assertTrue(((share >= 0.5) == (holds[:, :, 0][known] == 1)).all())
        for one, other in ((holds[1:], holds[:-1]), (holds[:, 1:], holds[:, :-1])):
            differ = one[:, :, 0] != other[:, :, 0]
            both = (known[1:] & known[:-1]) if one.shape[0] == 6 else (known[:, 1:] & known[:, :-1])
            self.assertTrue(both[differ].all())

    def test_without_refine_the_rest_is_trained_and_kept_results_are_the_same(self):
        content = plane()
        with Folder(content) as folder:
            output = self.job(0, folder, "out.h5")
            with h5py.File(output, "r") as file:
                before = dict(zip(file["/runs/id"][()], file["/runs/wall_seconds"][()]))
            del content["refine"]
            folder.sweep.write_text(json.dumps(content))
            self.job(2, folder, "out.h5")
            with h5py.File(output, "r") as file:
                self.assertTrue((file["/runs/status"][()] == DONE).all())
                after = dict(zip(file["/runs/id"][()], file["/runs/wall_seconds"][()]))
            self.assertTrue(all(np.isnan(seconds) or after[name] == seconds for name, seconds in before.items()))

    def test_shards_are_refused(self):
        done = run(0, "-o", self.folder / "shard.h5", "--shard", "1/2", self.folder.sweep)
        self.assertEqual(done.returncode, 2)
        self.assertIn("refine", done.stderr)
        self.assertFalse(os.path.exists(self.folder / "shard.h5"))

    def test_check_says_what_it_may_take(self):
        answer = json.loads(subprocess.check_output([SYMSWEEP, "check", "--json", str(self.folder.sweep)]))
        self.assertEqual(answer["refine"], {"axes": ["train_fraction", "optimizer.weight_decay"], "planes": 1,
                                            "points": 49, "seeds": 3, "first_runs": 9, "most_runs": 147})


class Halving(Adaptive, support.Referenced):
    content = halved()

    def test_the_best_go_on(self):
        with h5py.File(self.reference, "r") as file:
            loss, steps, status = file["/curves/test_loss"][()], file["/runs/steps"][()], file["/runs/status"][()]
        first = np.argsort(loss[:, 5], kind="stable")  # step 100
        second = first[:4][np.argsort(loss[first[:4], 10], kind="stable")]
        self.assertEqual(sorted(np.flatnonzero(status == DONE)), sorted(second[:2]))
        self.assertTrue((status[first[4:]] == PRUNED).all() and (steps[first[4:]] == 100).all())
        self.assertTrue((status[second[2:]] == PRUNED).all() and (steps[second[2:]] == 200).all())
        self.assertFalse(os.path.exists(str(self.reference) + ".checkpoints"))

    def test_ranks_and_kills_make_no_difference(self):
        for ranks in (2, 4):
            support.check_same(self.reference, self.job(ranks, self.folder, "ranks%d.h5" % ranks))
        support.check_same(self.reference, self.kill_and_go_on(self.folder, "killed.h5", 2))

    def test_a_run_that_is_parked_and_goes_on_has_the_numbers_of_one_that_never_stopped(self):
        content = halved()
        del content["prune"]
        with Folder(content) as folder:
            whole, cut = support.load(self.job(0, folder, "out.h5")), support.load(self.reference)
        done = cut["/runs/status"] == DONE
        self.assertEqual(done.sum(), 2)
        for path in ("/curves/test_loss", "/curves/objective", "/snapshots/parameters", "/runs/checksum"):
            self.assertTrue(support.same_bits(whole[path][done], cut[path][done]), path)
        parts = ~done & (cut["/curves/step"][:, 5] == 100)
        self.assertEqual(parts.sum(), 6)
        self.assertTrue(support.same_bits(whole["/curves/test_loss"][parts, :6], cut["/curves/test_loss"][parts, :6]))


class Rules(Adaptive):
    def test_what_is_decided_is_given_up_and_taken_up_again_without_the_rule(self):
        content = sweep(steps=600, seeds=2, weights=[0], stop={"test_accuracy": 0})
        content["prune"] = {"generalized": {"test_accuracy": 0.05, "for_steps": 100}}
        with Folder(content) as folder:
            output = self.job(2, folder, "out.h5")
            self.assertTrue((status_of(output) == PRUNED).all())
            with h5py.File(output, "r") as file:
                accuracy, step = file["/curves/test_accuracy"][()], file["/curves/step"][()]
                for row, steps in enumerate(file["/runs/steps"][()]):
                    high = accuracy[row] >= np.float32(0.05)
                    since = None
                    for at, is_high in zip(step[row], high):
                        since = (at if since is None else since) if is_high else None
                        if since is not None and at - since >= 100:
                            break
                    self.assertEqual(steps, at)
            self.assertEqual(run(0, "-o", output, folder.sweep).returncode, 0)
            self.assertTrue((status_of(output) == PRUNED).all())
            del content["prune"]
            folder.sweep.write_text(json.dumps(content))
            self.job(2, folder, "out.h5")
            self.assertTrue((status_of(output) == DONE).all())

    def test_a_loss_beyond_hope_is_given_up(self):
        content = sweep(steps=200, seeds=1, weights=[0])
        content["prune"] = {"diverged": {"train_loss": 0.001}}
        with Folder(content) as folder:
            output = self.job(0, folder, "out.h5")
            with h5py.File(output, "r") as file:
                self.assertEqual((file["/runs/status"][0], file["/runs/steps"][0]), (PRUNED, 0))


if __name__ == "__main__":
    unittest.main()
