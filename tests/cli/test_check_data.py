#!/usr/bin/python3
"""symsweep check tells what the runs train on: train sets, batches, replaced labels, and graphs with what their files
hold beside edges. Then they are trained."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import h5py

BINARY = os.environ["SYMSWEEP_BINARY"]
RING = "1 2\n2 3\n3 4\n4 5\n5 1\n2 5\n"  # and a chord


class Data(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.sweep = self.folder / "sweep.json"

    def check(self, sweep, *arguments, code=0):
        self.sweep.write_text(json.dumps(sweep))
        done = subprocess.run([BINARY, "check", "--speed", "40", "--tasks", "0", *arguments, str(self.sweep)],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def plan(self, sweep, *arguments):
        done = self.check(sweep, "--json", *arguments)
        answer = json.loads(done.stdout)
        return answer, [warning["message"] for warning in answer["warnings"]], self.check(sweep).stdout

    def graph(self, content, **task):
        (self.folder / "graph.txt").write_text(content)
        run = {"task": {"kind": "graph", "graph": "edge_list", "file": "graph.txt", **task}, "steps": 2}
        return {"run": {**run, "evaluate": {"every": 1}, "save": {"split": True}}}

    def table(self, content, **task):
        (self.folder / "table.txt").write_text(content)
        return {"run": {"task": {"kind": "table", "file": "table.txt", **task}, "steps": 2, "evaluate": {"every": 1}}}

    def train(self, sweep):
        self.sweep.write_text(json.dumps(sweep))
        done = subprocess.run([BINARY, str(self.sweep), "-o", str(self.folder / "out.h5"), "--quiet", "--fresh"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return h5py.File(self.folder / "out.h5", "r")

    # ---- graphs ----

    def test_edge_lists_of_other_programs(self):
        lines = RING.splitlines()
        for name, content, said in (
                ("byte order mark", "\ufeff" + RING, None),
                ("counts", "5 6\n" + RING, 'line 1 counts nodes and edges and is passed over: "5 6"'),
                ("networkx", "".join(line + " {}\n" for line in lines), '6 lines have more than two fields'),
                ("weights", "".join(line + " 1.0\n" for line in lines), 'ignored: "1.0" in line 1'),
                ("pandas", "source,target\n" + RING.replace(" ", ","), 'line 1 names columns and is passed over')):
            with self.subTest(name):
                answer, warnings, text = self.plan(self.graph(content))
                graph, = answer["graphs"]
                self.assertEqual([graph[key] for key in ("nodes", "edges", "diameter", "components")], [5, 6, 2, 1])
                self.assertIn("graph edge_list graph.txt: 5 nodes, 6 edges, diameter 2\n", text)
                self.assertEqual(len(warnings), 0 if said is None else 1)
                if said:
                    self.assertIn(said, warnings[0])
                with self.train(self.graph(content)) as file:
                    self.assertEqual(len(file["/data/label"][0]), 25)

    def test_what_may_be_a_slip_in_a_table_is_told(self):
        square = ["%d,%d,%d" % (x, y, (x + y) % 3) for x in range(3) for y in range(3)]
        for name, lines, said in (
                ("as it should be", square, None),
                ("names of columns", ["x,y,sum"] + square, 'line 1 names columns and is passed over: "x,y,sum"'),
                ("perhaps names", ["x,y,sum", "a,a,b", "a,b,a", "b,a,a"],
                 'no token and no label of it stands in another line: "x,y,sum"'),
                ("a letter for a digit", square[:4] + ["1,l,2"] + square[5:],
                 'column 2 has both numbers and words; the first of the rarer kind is "l" in line 5'),
                ("an operation between numbers", [line.replace(",", ",+,", 1) for line in square], None)):
            with self.subTest(name):
                _, warnings, _ = self.plan(self.table("\n".join(lines) + "\n"))
                self.assertEqual(len(warnings), 0 if said is None else 1, warnings)
                if said:
                    self.assertIn(said, warnings[0])

    def test_components(self):
        content = "1 2\n2 3\n5 6\n"
        done = self.check(self.graph(content), code=2)
        self.assertIn("2 components of 3 and 2 nodes", done.stderr)
        self.assertIn('"component": "largest"', done.stderr)
        answer, warnings, text = self.plan(self.graph(content, component="largest"))
        self.assertEqual(answer["graphs"][0]["nodes"], 3)
        self.assertEqual(answer["graphs"][0]["file_nodes"], 5)
        self.assertIn("the largest of 2 components is taken: 3 of 5 nodes", warnings[0])
        self.assertIn("the largest of 2 components: 3 of 5 nodes", text)

    def test_the_component_is_part_of_a_run_only_when_it_is_chosen(self):
        ids = {}
        for name, task in (("left out", {}), ("all", {"component": "all"}), ("largest", {"component": "largest"})):
            ids[name] = self.plan(self.graph(RING, **task), "--list", "runs")[0]["list"][0]["id"]
        self.assertEqual(ids["left out"], ids["all"])
        self.assertNotEqual(ids["left out"], ids["largest"])

    def test_what_is_wrong_in_a_file_is_shown(self):
        done = self.check(self.graph("1 2\n2\u00a03\n"), code=2)
        self.assertIn("graph.txt:2:", done.stderr)
        self.assertIn("2\\u00a03", done.stderr)
        (self.folder / "graph.txt").write_bytes(RING.encode("utf-16"))
        sweep = {"run": {"task": {"kind": "graph", "graph": "edge_list", "file": "graph.txt"}}}
        self.assertIn("UTF-16", self.check(sweep, code=2).stderr)

    def test_other_graphs(self):
        answer, _, text = self.plan({"run": {"task": {"kind": "graph"}},
                                     "cases": [{"task.graph": "cycle", "task.nodes": 10},
                                               {"task.graph": "grid", "task.sides": [3, 4]},
                                               {"task.graph": "torus", "task.sides": [2, 2]},
                                               {"task.graph": "tree", "task.branching": 2, "task.depth": 2},
                                               {"task.graph": "hypercube", "task.dimension": 3}]})
        found = [[graph[key] for key in ("nodes", "edges", "diameter")] for graph in answer["graphs"]]
        self.assertEqual(found, [[10, 10, 5], [12, 17, 5], [4, 4, 2], [7, 6, 4], [8, 12, 3]])
        self.assertNotIn("components", answer["graphs"][0])
        self.assertIn("graph cycle 10: 10 nodes, 10 edges, diameter 5\n", text)

    # ---- batches ----

    def test_a_batch_larger_than_the_train_set_is_the_full_batch(self):
        sweep = {"run": {"task": {"kind": "modular", "p": 31}, "optimizer": {"batch_size": 512}},
                 "grid": {"train_fraction": {"linspace": [0.3, 0.9, 7]}}}
        answer, warnings, text = self.plan(sweep)
        self.assertEqual([(data["train_inputs"], data["batch"], data["full_batch"]) for data in answer["data"]],
                         [(288, 288, True), (384, 384, True), (481, 481, True), (577, 512, False), (673, 512, False),
                          (769, 512, False), (865, 512, False)])
        self.assertEqual(warnings, ["3 runs train on a train set of 288 to 481 inputs, smaller than the batch (512): the "
                                    "full batch is taken"])
        self.assertIn("modular add p=31: 288 train and 673 test inputs, full batch, 1 run\n", text)
        sweep["run"]["optimizer"]["batch_fraction"] = 0.5  # Power et al.: min(512, half)
        answer, warnings, text = self.plan(sweep)
        self.assertEqual([data["batch"] for data in answer["data"]], [144, 192, 241, 289, 337, 385, 433])
        self.assertEqual(warnings, [])
        self.assertIn("481 train and 480 test inputs, batches of 241, 1 run\n", text)

    def test_the_full_batch_has_the_same_bits_whatever_it_is_called(self):
        run = {"task": {"kind": "modular", "p": 7}, "model": {"d_model": 16, "heads": 2}, "steps": 20,
               "evaluate": {"every": 5}, "save": {"parameters": True}}
        sweep = {"run": run, "cases": [{"optimizer.batch_size": "full"}, {"optimizer.batch_size": 512},
                                       {"optimizer.batch_fraction": 1}, {"optimizer.batch_size": 24}]}
        with self.train(sweep) as file:
            last = file["/snapshots/parameters"][:, -1]
            loss = file["/curves/train_loss"][:]
        for row in (1, 2):
            self.assertEqual(last[row].tobytes(), last[0].tobytes())
            self.assertEqual(loss[row].tobytes(), loss[0].tobytes())
        self.assertNotEqual(last[3].tobytes(), last[0].tobytes())

    # ---- labels ----

    def test_label_noise(self):
        run = {"task": {"kind": "modular", "p": 23}, "model": {"d_model": 16, "heads": 2}, "train_fraction": 0.7,
               "steps": 2, "evaluate": {"every": 1}, "save": {"split": True}}
        sweep = {"run": run, "grid": {"task.label_noise": [0, 0.1, 0.3]}}
        answer, warnings, text = self.plan(sweep)
        self.assertEqual([data["noisy_labels"] for data in answer["data"]], [0, 37, 111])
        self.assertEqual(warnings, [])
        self.assertIn("37 train labels replaced", text)
        with self.train(sweep) as file:
            split, label, clean = (file["/data/" + name][:] for name in ("split", "label", "clean_label"))
        self.assertTrue((clean[0] == -1).all())  # no noise, and so nothing to tell apart
        for row, count in ((1, 37), (2, 111)):
            self.assertTrue((clean[row] == label[0]).all())
            changed = label[row] != clean[row]
            self.assertEqual(changed.sum(), count)
            self.assertTrue((split[row][changed] == 1).all())

    def test_show_tells_the_batch(self):
        run = {"task": {"kind": "modular", "p": 7}, "steps": 1, "evaluate": {"snapshot_steps": [0, 1]}}
        self.train({"run": run, "cases": [{}, {"optimizer.batch_size": 512}, {"optimizer.batch_fraction": 0.25}]}).close()
        for row, text, batch in ((0, "full batch", 25), (1, "full batch", 25), (2, "batches of 6", 6)):
            show = [BINARY, "show", str(self.folder / "out.h5"), "--run", str(row)]
            said = subprocess.run(show, capture_output=True, text=True).stdout
            self.assertIn("25 train and 24 test inputs, " + text + "\n", said)
            answer = json.loads(subprocess.run([*show, "--json"], capture_output=True, text=True).stdout)
            self.assertEqual([answer[key] for key in ("train_inputs", "test_inputs", "batch", "full_batch")],
                             [25, 24, batch, row < 2])

    def test_no_noise_no_dataset(self):
        run = {"task": {"kind": "modular", "p": 7}, "steps": 1, "save": {"split": True}}
        with self.train({"run": run}) as file:
            self.assertNotIn("clean_label", file["data"])

    # ---- snapshots ----

    def test_many_snapshots(self):
        steps = [2, 4, 8, {"range": [10, 601, 2]}]
        run = {"task": {"kind": "modular", "p": 5}, "model": {"d_model": 8, "heads": 2}, "steps": 600,
               "stop": {"test_accuracy": 0}, "evaluate": {"every": 100, "snapshots": 0, "snapshot_steps": steps}}
        expected = [0, 2, 4, 8, *range(10, 601, 2)]
        self.assertEqual(self.plan({"run": run}, "--list", "runs")[0]["list"][0]["config"]["evaluate"]["snapshot_steps"],
                         expected[1:])
        with self.train({"run": run}) as file:
            self.assertEqual(file["/snapshots/step"][0].tolist(), expected)
            self.assertEqual(json.loads(file["/runs/config"].asstr()[0])["evaluate"]["snapshot_steps"], expected[1:])
        said = subprocess.run([BINARY, "show", str(self.folder / "out.h5"), "--run", "0"], capture_output=True, text=True)
        self.assertIn("snapshot_steps=[2,4,8,10,", said.stdout)
        self.assertLess(max(map(len, said.stdout.splitlines())), 120)


if __name__ == "__main__":
    unittest.main()
