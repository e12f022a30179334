"""Far more ranks than cores: the same bits, nothing on the screen, and a master that costs next to nothing."""

import sys
import time
import unittest

import support
from support import Folder, run, start, sweep, wait_for

RANKS, SEEDS = 64, 100
MASTER_SHARE = 0.02  # of a core


class ManyRanks(unittest.TestCase):
    def test_minute_runs_on_64_ranks(self):
        minute = sweep(steps=10, seeds=SEEDS, p=5, d_model=8, every=5)  # two weights: 200 runs
        with Folder(minute) as folder:
            self.assertEqual(run(0, "-o", folder / "one.h5", folder.sweep).returncode, 0)
            done = run(RANKS, "--quiet", "-o", folder / "many.h5", folder.sweep)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
            self.assertGreater(support.check_same(folder / "one.h5", folder / "many.h5"), 100)

    def test_idle_master(self):
        """One run for 63 workers: the master has a message a second, and nobody else has any work."""
        with Folder(sweep(steps=10000000, seeds=1, weights=[0], every=5000)) as folder:
            process = start(RANKS, "--no-progress", "-o", folder / "out.h5", folder.sweep)
            try:
                wait_for(lambda: support.written(folder / "out.h5") > 0, "records")
                master = support.ranks_of(process)[0]
                before, begun = support.cpu_seconds(master), time.monotonic()
                time.sleep(6)
                share = (support.cpu_seconds(master) - before) / (time.monotonic() - begun)
                print("idle master of %d ranks: %.2f %% of a core" % (RANKS, 100 * share))
                self.assertLess(share, MASTER_SHARE)
            finally:
                support.end(process)


if __name__ == "__main__":
    if not support.LONG:
        print("skipped: 64 processes on a few cores; SYMSWEEP_LONG=1 runs it")
        sys.exit(77)
    unittest.main(verbosity=2)
