#!/usr/bin/python3
"""slurm/array.sbatch with the variables that SLURM sets, without SLURM: which shard a task trains, what is merged, what
is refused before anything is queued or trained."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py

SCRIPT = Path(__file__).resolve().parents[2] / "slurm" / "array.sbatch"
BINARY = os.environ["SYMSWEEP_BINARY"]
SWEEP = {"name": "arr", "run": {"task": {"kind": "modular", "p": 7}, "steps": 20, "evaluate": {"every": 10},
                                "model": {"d_model": 8, "heads": 2}}, "grid": {"seed": {"range": [0, 12]}}}


class Array(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="symsweep array-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "bin").mkdir()
        self.stand_in("squeue", "echo 10:00")
        self.stand_in("sbatch", f"printf '%s\\n' \"${{@: -1}}\" >> '{self.folder}/queued'")
        self.write(SWEEP)

    def stand_in(self, name, body):
        path = self.folder / "bin" / name
        path.write_text("#!/bin/bash\n" + body + "\n")
        path.chmod(0o755)

    def write(self, sweep):
        (self.folder / "sweep.json").write_text(json.dumps(sweep))

    def submit(self, tasks, code=0, results="my results.h5", **environment):
        """sbatch --array=TASKS: {task: (runs done, runs, steps)}, and what was said."""
        self.job = getattr(self, "job", 100) + 1
        found, said = {}, ""
        for task in tasks:
            done = subprocess.run(["bash", SCRIPT, "sweep.json", results], cwd=self.folder, capture_output=True, text=True, env={
                **os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "SYMSWEEP": BINARY, "SYMSWEEP_LAUNCH": "env",
                "SLURM_ARRAY_JOB_ID": str(self.job), "SLURM_JOB_ID": str(self.job + task), "SLURM_ARRAY_TASK_ID": str(task),
                "SLURM_ARRAY_TASK_MIN": str(min(tasks)), "SLURM_ARRAY_TASK_MAX": str(max(tasks)),
                "SLURM_ARRAY_TASK_COUNT": str(len(tasks)), **environment})
            self.assertEqual(done.returncode, code, done.stderr)
            said += done.stderr
            counts = re.search(r"(\d+) of (\d+) runs done, .* (\d+) steps in", done.stderr)
            if counts:
                found[task] = tuple(map(int, counts.groups()))
        return found, said

    def merge(self):
        """Runs the merge that was queued last; returns what it prints."""
        command = (self.folder / "queued").read_text().splitlines()[-1]
        done = subprocess.run(["sh", "-c", command], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def merges(self):
        queued = self.folder / "queued"
        return len(queued.read_text().splitlines()) if queued.exists() else 0

    def seeds(self, path="my results.h5"):
        with h5py.File(self.folder / path) as file:
            self.assertEqual(set(file["runs/status"][:]) - {2}, set())
            self.assertEqual(set(file["runs/planned"][:]) - {1}, set())
            return list(file["runs/seed"][:])

    def files(self):
        return sorted(p.name for p in self.folder.glob("*.h5"))

    def test_scripts_agree(self):
        """What starts a job and passes on signals is the same in every script: SLURM runs a copy, away from its folder."""
        begin, end = "# ---- train: the same lines", "# ---- end of train"
        parts = [text[text.index(begin):text.index(end)] for text in
                 (p.read_text() for p in SCRIPT.parent.glob("*.sbatch")) if "--no-progress" in text]
        self.assertEqual((len(parts), len(set(parts))), (4, 1))

    def test_subsets(self):
        whole, _ = self.submit([1, 2, 3, 4])
        self.assertEqual(sum(steps for _, _, steps in whole.values()), 12 * 20)
        self.assertEqual(self.merge(), "")
        self.assertEqual(self.seeds(), list(range(12)))
        for tasks in ([1], [2, 4], [0, 1, 2, 3], [0]):
            again, _ = self.submit(tasks)
            self.assertEqual(again, {t: (*whole[t or 4][:2], 0) for t in tasks})
            self.assertEqual(self.merge(), "")
            self.assertEqual(self.seeds(), list(range(12)))
        self.assertEqual(self.merges(), 5)
        self.write({**SWEEP, "grid": {"seed": {"range": [0, 16]}}})  # grown: what is new is trained, wherever it is
        grown, _ = self.submit([3, 4])
        self.merge()
        more, _ = self.submit([1, 2])
        self.merge()
        self.assertEqual(sum(steps for _, _, steps in {**grown, **more}.values()), 4 * 20)
        self.assertEqual(self.seeds(), list(range(16)))

    def test_merge_waits_for_all(self):
        self.submit([2, 4])
        self.assertEqual(self.merge(), "not merged yet: my results.shard-1.h5 is still to be trained\n")
        self.assertNotIn("my results.h5", self.files())
        self.submit([1])
        self.assertIn("shard-3", self.merge())
        self.submit([3])
        self.assertEqual(self.merge(), "")
        self.assertEqual(self.seeds(), list(range(12)))

    def test_zero_based(self):
        """0-3 are the shards of 1-4; 0 alone is the last one."""
        zero, _ = self.submit([0, 1, 2, 3])
        self.assertEqual(sum(steps for _, _, steps in zero.values()), 12 * 20)
        self.merge()
        self.assertEqual(self.seeds(), list(range(12)))
        self.assertEqual(self.files(), ["my results.h5"] + [f"my results.shard-{i}.h5" for i in (1, 2, 3, 4)])
        self.assertEqual(self.submit([4])[0][4], (*zero[0][:2], 0))

    def test_refusals(self):
        """Every task of an array that does not fit refuses, before anything is queued or trained."""
        for tasks, shards, words in (([1, 2, 5], "4", "task 5 of an array of 4 shards: --array takes 1-4, 0-3"),
                                     ([5], "4", "task 5"), ([0, 1, 2, 3, 4], "4", "tasks 0 and 4 are the same shard"),
                                     ([1], "0", "shards=0"), ([1], "04", "shards=04"), ([1], "four", "shards=four")):
            found, said = self.submit(tasks, code=2, SYMSWEEP_SHARDS=shards)
            self.assertEqual(found, {})
            self.assertEqual(said.count(f"array.sbatch: error: {words}"), len(tasks), said)
        self.write({**SWEEP, "run": {**SWEEP["run"], "stepz": 3}})
        self.assertIn("stepz", self.submit([1, 2], code=2)[1])
        self.write({**SWEEP, "grid": {"seed": [0, 1], "optimizer.weight_decay": [0, 1]},
                    "refine": {"axes": ["optimizer.weight_decay"], "reached": "t_gen"}})
        self.assertIn("--shard: refine", self.submit([1, 2], code=2)[1])
        self.assertEqual((self.merges(), self.files()), (0, []))

    def test_no_merge_can_be_queued(self):
        self.stand_in("sbatch", "exit 1")
        _, said = self.submit([1])
        command = re.search(r"array.sbatch: the merge could not be queued; when all shards are trained: (.*)\n", said)[1]
        self.submit([2, 3, 4])
        subprocess.run(["bash", "-c", command], cwd=self.folder, check=True)
        self.assertEqual(self.seeds(), list(range(12)))

    def test_other_number_of_shards(self):
        """What an earlier partition finished is in the merge all the same."""
        self.submit([1, 2, 3, 4, 5, 6], SYMSWEEP_SHARDS="6")
        self.submit([1, 2], SYMSWEEP_SHARDS="2")
        self.merge()
        self.assertEqual(self.seeds(), list(range(12)))
        for i in (1, 2):
            with h5py.File(self.folder / f"my results.shard-{i}.h5") as file:
                for run_id, planned in zip(file["runs/id"][:], file["runs/planned"][:]):
                    self.assertEqual(planned, int(run_id[:16], 16) % 2 == i % 2)
        command = (self.folder / "queued").read_text().splitlines()[-1]
        self.assertIn("shard-6.h5", command)


if __name__ == "__main__":
    unittest.main()
