#!/usr/bin/python3
"""symsweep show: configuration, onsets and curves of one run."""
import json
import unittest

from results_support import Folder, Live, make_file, run


class Show(unittest.TestCase):
    def test_text(self):
        with Folder() as folder:
            path = folder / "results.h5"
            make_file(path, 4, 9)
            text = run("show", path, "--run", 3)
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, line)
            self.assertIn("run 3 of fixture: modular\n", text)
            self.assertIn("failed after 800 steps in 2.5 s (320.0 steps/s, 10 % of it measuring) on host-1\n", text)
            self.assertIn("reason: killed by signal 9\n", text)
            self.assertRegex(text, r"\ntask +kind=modular operation=sub p=7\n")
            self.assertRegex(text, r"\n  t_gen +603\n  t_geo +not reached\n")
            self.assertRegex(text, r"\ntrain_loss +3e\+03 ▁▂▃▄▅▆▇██ +3.01e\+03\n")
            self.assertRegex(text, r"\nassociativity/max +3e\+03 ▁")
            self.assertNotIn("test_accuracy_unmirrored", text)  # nothing there

    def test_json(self):
        with Folder() as folder:
            path = folder / "results.h5"
            make_file(path, 2, 5)
            data = json.loads(run("show", path, "--run", 1, "--json"))
            self.assertEqual(data["curves"]["step"], [0, 100, 200, 300, 400])
            self.assertEqual(data["curves"]["train_loss"], [1000, 1001, 1002, 1003, 1004])
            self.assertEqual(data["curves"]["objective"][0], None)
            self.assertEqual(data["curves"]["test_accuracy_unmirrored"], [None] * 5)
            self.assertEqual((data["onsets"]["t_gen"], data["onsets"]["t_geo"]), (601, None))
            self.assertEqual(data["onsets"]["t_sym_max/triangle"], 405)
            self.assertEqual(data["status"], "done")

    def test_real_configuration(self):
        with Folder() as folder:
            sweep = folder / "s.json"
            sweep.write_text(json.dumps({
                "name": "s", "output": "s.h5",
                "run": {"task": {"kind": "graph", "graph": "path", "nodes": 5}, "steps": 20, "evaluate": {"every": 10},
                        "symmetry": {"triangle": {"weight": 0.5}},
                        "model": {"kind": "mlp", "layers": 1, "d_model": 4, "d_hidden": 8}}}))
            run("--quiet", "--no-progress", sweep)
            text = run("show", folder / "s.h5", "--run", 0)
            self.assertRegex(text, r"\nmodel +[^\n]*d_hidden=8")
            self.assertIn("triangle.weight=0.5", text)
            self.assertIn("triangle.tuples_per_step=512", text)
            self.assertNotIn("distance_symmetry.tuples_per_step", text)  # without weight its options say nothing
            data = json.loads(run("show", folder / "s.h5", "--run", 0, "--json"))
            self.assertEqual(data["config"]["symmetry"]["triangle"]["weight"], 0.5)

    def test_live(self):
        with Folder() as folder, Live(folder / "r.h5", 3, 4):
            text = run("show", folder / "r.h5", "--run", 2)
            self.assertIn("\nrunning on host-1\n", text)
            self.assertIn("\n1 evaluations, steps 0..0\n", text)

    def test_refusals(self):
        with Folder() as folder:
            path = folder / "results.h5"
            make_file(path, 2, 3)
            self.assertIn("has 2 runs", run("show", path, "--run", 2, code=2)[1])
            for wrong in (("--run", "one"), ("--run", "-1"), (), ("--run",), ("--run", "1x")):
                run("show", path, *wrong, code=2)


if __name__ == "__main__":
    unittest.main()
