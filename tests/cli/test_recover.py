#!/usr/bin/python3
"""symsweep recover: a killed writer's file becomes plain; a living one's is left alone."""
import json
import unittest

import h5py

from results_support import Folder, Live, make_file, run, states


class Recover(unittest.TestCase):
    def test_killed_writer(self):
        with Folder() as folder:
            path = folder / "results.h5"
            with Live(path, 4, 5) as writer:
                out, err = run("recover", path, code=3)
                self.assertIn("another writer holds the results file: host ", err)
                self.assertIn(f"process {writer.pid}", err)
                writer.kill()
                writer.wait()
                with self.assertRaises(OSError):
                    h5py.File(path, "r")
                with h5py.File(path, "r", swmr=True) as file:
                    self.assertEqual(states(file), ["done"] * 3 + ["running"])
                self.assertEqual(run("recover", path), "")
            with h5py.File(path, "r") as file:
                self.assertEqual(states(file), ["done"] * 3 + ["pending"])
                self.assertEqual(file["curves/train_loss"][2, 4], 2004)
            self.assertFalse(json.loads(run("status", path, "--json"))["live"])
            self.assertEqual([p.name for p in folder.iterdir()], ["results.h5"])

    def test_nothing_to_do(self):
        with Folder() as folder:
            make_file(folder / "a.h5", 2, 3)
            before = (folder / "a.h5").read_bytes()
            run("recover", folder / "a.h5")
            self.assertEqual(run("status", folder / "a.h5").splitlines()[1], "2 runs: 2 done")
            self.assertEqual(len(before), (folder / "a.h5").stat().st_size)

    def test_refusals(self):
        with Folder() as folder:
            (folder / "text.h5").write_text("no results")
            self.assertIn("is not an HDF5 file", run("recover", folder / "text.h5", code=3)[1])
            self.assertIn("No such file", run("recover", folder / "none.h5", code=3)[1])
            run("recover", code=2)
            self.assertEqual([p.name for p in folder.iterdir()], ["text.h5"])


if __name__ == "__main__":
    unittest.main()
