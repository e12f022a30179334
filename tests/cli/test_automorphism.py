#!/usr/bin/python3
"""The family automorphism as a user meets it: the leak report, generators from a file, elements, scopes, and a program
without nauty."""
import copy
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

from results_support import BINARY

TINY = {"model": {"kind": "mlp", "d_model": 4, "d_hidden": 4}, "steps": 2, "checkpoint": {"every_seconds": 0}}
ADD = {"kind": "modular", "operation": "add", "p": 7}


class Case(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix="symsweep-automorphism-")
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def sweep(self, name="sweep.json", grid=None, cases=None, **run):
        """The path of a sweep; keys of `automorphism` are those of the family."""
        family = run.pop("automorphism", None)
        run = {**TINY, **run, **({"symmetry": {"automorphism": family}} if family else {})}
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"name": "s", "run": run, **({"grid": grid} if grid else {}), **({"cases": cases} if cases else {})}))
        return path

    def call(self, *arguments, code=0, binary=BINARY, cwd=None):
        done = subprocess.run([str(binary), *map(str, arguments)], capture_output=True, text=True, cwd=cwd or self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def train(self, sweep, binary=BINARY, cwd=None):
        """Datasets of the results file that the tests look at."""
        self.call("--quiet", "--fresh", "-o", self.folder / "out.h5", sweep, binary=binary, cwd=cwd)
        with h5py.File(self.folder / "out.h5", "r") as file:
            found = {"id": [text.decode() for text in file["runs/id"][:]], "config": [json.loads(text) for text in file["runs/config"][:]],
                     "train_loss": file["curves/train_loss"][:], "test_accuracy_underived": file["curves/test_accuracy_underived"][:],
                     "test_accuracy": file["curves/test_accuracy"][:], "status": file["runs/status"][:].tolist()}
            for name in ("leak", "generators", "order_log10", "mean", "prompted", "tuples"):
                if "automorphism/" + name in file["symmetry"]:
                    found[name] = file["symmetry/automorphism/" + name][:]
            return found

    def symmetries(self, sweep, *options):
        return json.loads(self.call("symmetries", "--json", *options, sweep).stdout)

    def leaks(self, sweep):
        """(automorphism's entry, share derived by all weighted families) of the leak report's first setting."""
        leak = json.loads(self.call("check", "--json", "--speed", 100, sweep).stdout)["leaks"][0]
        return leak["families"].get("automorphism"), leak["derived_by_weighted"]


class Earlier(Case):
    def test_a_file_from_before_the_family_is_read_and_grows(self):
        """It lacks the dimension of the family's datasets."""
        file, random = self.folder / "out.h5", {"label": "random", "task": {"kind": "planted", "n": 8, "symmetry_order": 1}}
        self.train(self.sweep(cases=[random]))
        with h5py.File(file, "r+") as h5:
            self.assertNotIn("symmetry/automorphism", h5)
            del h5["generator"]
            loss = h5["curves/train_loss"][0].tolist()
        self.assertIn("1 done", self.call("status", file).stdout)
        self.call("show", "--run", 0, file)
        self.call("export", file)
        self.call("--quiet", "-o", file, self.sweep(cases=[random, {"label": "add", "task": ADD}]))
        with h5py.File(file, "r") as h5:
            self.assertEqual(h5["runs/attempts"][:].tolist(), [0, 0])
            self.assertEqual(h5["curves/train_loss"][0].tolist(), loss)
            found = h5["symmetry/automorphism/by_generator"][:]
            self.assertTrue(np.isnan(found[0]).all())
            self.assertTrue(np.isfinite(found[1]).any())
            self.assertEqual(h5["generator"].shape, found.shape[2:])
            places = [scale.attrs["_Netcdf4Dimid"] for scale in h5.values() if isinstance(scale, h5py.Dataset)]
            self.assertEqual(len(set(places)), len(places))


class Leaks(Case):
    TASKS = ({"kind": "graph", "graph": "tree", "branching": 2, "depth": 2}, {"kind": "planted", "n": 8, "symmetry_order": 2}, ADD,
             {"kind": "modular", "operation": "cubic", "p": 11}, {"kind": "comparison", "sides": [4]}, {"kind": "parity", "bits": 5, "relevant": 2})

    def test_one_number_everywhere(self):
        """What the group derives from train labels: as `symmetries` prints it, as `check` reports it, and as the file of
        a trained run has it; for free and for tied."""
        shares = []
        for k, task in enumerate(self.TASKS):
            for scope in ("free", "tied"):
                with self.subTest(task=task, scope=scope):
                    group = self.symmetries(self.sweep(task=task, train_fraction=0.15), "--scope", scope)
                    sweep = self.sweep(task=task, train_fraction=0.15, automorphism={"weight": 1, "scope": scope})
                    if group["order"] == "1":
                        self.assertIn("automorphism is not defined on this modular task: its table has no symmetry",
                                      self.call("check", "--speed", 100, sweep, code=2).stderr)
                        continue
                    entry, weighted = self.leaks(sweep)
                    self.assertAlmostEqual(entry["derived"], group["derivable"], places=12)
                    self.assertEqual((entry["weighted"], entry["holds"], weighted), (True, True, entry["derived"]))
                    found = self.train(sweep)
                    self.assertAlmostEqual(float(found["leak"][0]), group["derivable"], places=6)
                    self.assertAlmostEqual(float(found["order_log10"][0]), group["order_log10"], places=6)
                    shares.append(group["derivable"])
        self.assertGreater(len({round(share, 6) for share in shares}), 5, shares)
        self.assertTrue(any(0 < share < 1 for share in shares))

    def test_an_input_that_a_symmetry_leaves_in_place(self):
        """3 (x, y) = (0, 0) and 3 c = c for c = 0 alone: the label of (0, 0) follows from no other label. In
        u (x + y) + v all else is in one orbit with it."""
        (self.folder / "scale.csv").write_text("".join("%d,%d,%d\n" % (x, y, (x * x * y) % 7) for x in range(7) for y in range(7)))
        triple = {"positions": [0, 1], "tokens": [[3 * t % 7 for t in range(7)]] * 2, "classes": [6 * c % 7 for c in range(7)]}
        (self.folder / "triple.json").write_text(json.dumps([triple]))
        task = {"kind": "table", "file": "scale.csv"}
        for seed in range(8):
            sweep = self.sweep(task=task, train_fraction=0.05, seed=seed, automorphism={"weight": 1, "source": "triple.json"}, save={"split": True})
            entry, _ = self.leaks(sweep)
            self.train(sweep)
            with h5py.File(self.folder / "out.h5", "r") as file:
                train = file["data/split"][0].astype(bool)
            orbits = {}
            for x in range(7):
                for y in range(7):
                    orbits.setdefault(min((x * u % 7, y * u % 7) for u in range(1, 7)), []).append(7 * x + y)
            known = [i for orbit, inputs in orbits.items() for i in inputs if not train[i] and (orbit == (0, 0) or train[inputs].any())]
            self.assertAlmostEqual(entry["derived"], len(known) / int((~train).sum()))
            if not train[0]:
                break
        self.assertFalse(train[0])

    def test_the_page_says_it(self):
        sweep = self.sweep(task=self.TASKS[0], train_fraction=0.15, automorphism={"weight": 1})
        share = self.symmetries(sweep)["derivable"]
        page = self.call("check", "--speed", 100, sweep).stdout
        self.assertIn("              derived by automorphism       %5.1f %%  inputs all, weighted\n" % (100 * share), page)
        self.assertIn("              derived by all weighted together %.1f %%\n" % (100 * share), page)
        self.assertIn("derivable   %.1f %% of the test labels" % (100 * share), self.call("symmetries", sweep).stdout)

    def test_underived_accuracy_leaves_out_what_the_group_derives(self):
        """Everything is derived: no input is left. Without weight nothing is: it is test accuracy. On the train split
        alone, a tuple ties no test input to anything."""
        grid = {"symmetry.automorphism.weight": [0, 1], "symmetry.automorphism.inputs": ["all", "train"]}
        found = self.train(self.sweep(task=ADD, grid=grid))
        for config, underived, plain, leak in zip(found["config"], found["test_accuracy_underived"], found["test_accuracy"], found["leak"]):
            family = config["symmetry"]["automorphism"]
            if family["weight"] == 1 and family["inputs"] == "all":
                self.assertTrue(np.isnan(underived).all())
                self.assertEqual(leak, 1)
            else:
                np.testing.assert_array_equal(underived, plain)
        self.assertIn(0, found["leak"].tolist() if len(found["leak"]) == 4 else [0])


class Sources(Case):
    def generators(self, name="g.json", task=ADD, *options):
        self.call("symmetries", *options, "-o", self.folder / name, self.sweep("of.json", task=task))
        return json.loads((self.folder / name).read_text())

    def test_a_file_of_the_command_is_what_is_discovered(self):
        """The same generators give the same numbers, under an identity of their own with the content in it."""
        self.generators("g.json")
        discovered = self.train(self.sweep(task=ADD, steps=20, automorphism={"weight": 1}))
        file = self.train(self.sweep(task=ADD, steps=20, automorphism={"weight": 1, "source": "g.json"}))
        np.testing.assert_array_equal(discovered["train_loss"], file["train_loss"])
        np.testing.assert_array_equal(discovered["mean"], file["mean"])
        self.assertEqual(discovered["generators"].tolist(), file["generators"].tolist())
        self.assertNotEqual(discovered["id"], file["id"])
        family = file["config"][0]["symmetry"]["automorphism"]
        self.assertEqual(family["source_sha256"], hashlib.sha256((self.folder / "g.json").read_bytes()).hexdigest())
        self.assertTrue(np.isnan(file["order_log10"][0]) and np.isfinite(discovered["order_log10"][0]))

    def test_relative_to_the_sweep_file(self):
        """Wherever the program is started; the place of the file does not enter the identity, its content does."""
        (self.folder / "below").mkdir()
        content = self.generators("below/g.json")
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        sweep = self.sweep("below/sweep.json", task=ADD, automorphism={"weight": 1, "source": "g.json"})
        first = self.train(sweep, cwd=elsewhere)
        (self.folder / "other.json").write_bytes((self.folder / "below" / "g.json").read_bytes())
        self.assertEqual(self.train(self.sweep(task=ADD, automorphism={"weight": 1, "source": "other.json"}), cwd=elsewhere)["id"], first["id"])
        (self.folder / "below" / "g.json").write_text(json.dumps(content["generators"][:2]))
        self.assertNotEqual(self.train(sweep)["id"], first["id"])
        (self.folder / "below" / "g.json").unlink()
        said = self.call("check", "--speed", 100, sweep, code=2).stderr
        self.assertIn("symmetry.automorphism.source", said)
        self.assertIn("g.json", said)

    def test_by_hand(self):
        """A list alone, with one symmetry and a comment of its own: the family is that symmetry."""
        swap = {"positions": [1, 0], "tokens": [list(range(7))] * 2, "classes": list(range(7)), "why": "it commutes"}
        (self.folder / "swap.json").write_text(json.dumps([swap]))
        hand = self.train(self.sweep(task=ADD, steps=20, automorphism={"weight": 1, "source": "swap.json", "tuples_per_step": "all"}))
        self.assertEqual([g["text"] for g in json.loads(hand["generators"][0])], ["swaps x and y"])
        commutes = self.train(self.sweep(task=ADD, steps=20, symmetry={"commutativity": {"weight": 1, "tuples_per_step": "all"}}))
        np.testing.assert_allclose(hand["train_loss"], commutes["train_loss"], rtol=1e-5)

    def test_broken_and_false_files(self):
        """Refused before anything is trained, with the generator named and why."""
        good = self.generators("g.json")["generators"]
        self.assertEqual(len(good), 3)

        def changed(change, which=1):
            new = copy.deepcopy(good)
            change(new[which])
            return json.dumps({"generators": new})

        def false_label(g):
            g["classes"][0], g["classes"][1] = g["classes"][1], g["classes"][0]

        cases = {
            "false": (changed(false_label), ["g.json", "generator 1", "label"]),
            "false, the last": (changed(false_label, 2), ["generator 2", "label"]),
            "no permutation": (changed(lambda g: g["tokens"][0].__setitem__(0, g["tokens"][0][1])), ["generator 1", "token"]),
            "a token too many": (changed(lambda g: g["tokens"][0].append(3)), ["expected a list of 7 numbers, found more"]),
            "a token too few": (changed(lambda g: g["tokens"][1].pop()), ["expected a list of 7 numbers, found 6"]),
            "out of range": (changed(lambda g: g["classes"].__setitem__(0, 9)), ["generator 1"]),
            "positions": (changed(lambda g: g.__setitem__("positions", [0, 0])), ["generator 1", "position"]),
            "no classes": (changed(lambda g: g.pop("classes")), ["generator 1", "\"classes\""]),
            "a text": (changed(lambda g: g.__setitem__("classes", "all")), ["expected a list"]),
            "negative": (changed(lambda g: g["classes"].__setitem__(0, -1)), ["expected a number from 0"]),
            "empty": ("", ["the end of the file"]), "no JSON": ("swap x and y", ["expected an object"]),
            "cut off": (changed(lambda g: None)[:60], ["found the end of the file"]),
            "two lists": (changed(lambda g: None)[:-1] + ", \"generators\": []}", ["expected one member \"generators\""]),
            "nothing": ("[]", ["no generator of ", "g.json moves an input or a class"]),
            "the identity": (json.dumps([{"positions": [0, 1], "tokens": [list(range(7))] * 2, "classes": list(range(7))}]),
                             ["no generator of ", "g.json moves an input or a class"]),
            "no generators": ("{\"order\": \"3\"}", ["expected a member \"generators\""]),
            "more behind": ("[] []", ["the end of the file"]),
        }
        for name, (text, words) in cases.items():
            with self.subTest(name):
                (self.folder / "g.json").write_text(text)
                sweep = self.sweep(task=ADD, automorphism={"weight": 1, "source": "g.json"})
                for arguments in (("check", "--speed", 100, sweep), ("--quiet", "-o", self.folder / "never.h5", sweep)):
                    said = self.call(*arguments, code=2).stderr
                    for word in words:
                        self.assertIn(word, said)
        self.assertFalse((self.folder / "never.h5").exists())

    def test_a_symmetry_that_moves_nothing(self):
        """Has no violation; those behind it are shown all the same."""
        (self.folder / "g.json").write_text(json.dumps([{"positions": [0, 1], "tokens": [list(range(7))] * 2, "classes": list(range(7))}]
                                                       + self.generators("all.json")["generators"]))
        self.train(self.sweep(task=ADD, automorphism={"weight": 1, "source": "g.json"}))
        page = self.call("show", self.folder / "out.h5", "--run", 0).stdout
        for words in ("   2  swaps x and y ", "   4  adds 1 to y and the result "):
            self.assertIn(words, page)

    def test_what_they_do_is_shown_from_the_results_file_alone(self):
        """The table, its generators and nauty may be gone; names of tokens are shown as the table has them."""
        names = ("c", "ü\\", '"a ""b"""')
        (self.folder / "t.csv").write_text("".join("%s,%s,%d\n" % (a, b, a == b) for a in names for b in names))
        task = {"kind": "table", "file": "t.csv"}
        self.generators("g.json", task)
        for family in ({"weight": 1}, {"weight": 1, "source": "g.json"}):
            self.train(self.sweep(task=task, automorphism=family))
            listed = self.call("show", self.folder / "out.h5", "--run", 0).stdout.split("\ngenerators of ")[1]
            for name in ('a ""b""', "ü\\ "):
                self.assertIn(name, listed)
            (self.folder / "t.csv").rename(self.folder / "gone.csv")
            alone = self.call("show", self.folder / "out.h5", "--run", 0, binary=os.environ["SYMSWEEP_WITHOUT_NAUTY"]).stdout
            self.assertEqual(alone.split("\ngenerators of ")[1], listed)
            (self.folder / "gone.csv").rename(self.folder / "t.csv")

    def test_a_free_symmetry_is_none_in_scope_tied(self):
        self.generators("g.json")
        sweep = self.sweep(task=ADD, automorphism={"weight": 1, "source": "g.json", "scope": "tied"})
        said = self.call("check", "--speed", 100, sweep, code=2).stderr
        self.assertIn("generator 2", said)  # y alone is shifted
        self.generators("tied.json", ADD, "--scope", "tied")
        self.train(self.sweep(task=ADD, automorphism={"weight": 1, "source": "tied.json", "scope": "tied"}))


class Options(Case):
    def test_the_order_counts_what_no_input_has(self):
        """As the command gives it; the family has the generators that act."""
        (self.folder / "t.csv").write_text("".join("%d,%s,%d,%d\n" % (x, op, y, (x + y if op == "+" else x - y) % 5) for x in range(5) for y in range(5) for op in "+-"))
        task = {"kind": "table", "file": "t.csv"}
        group = self.symmetries(self.sweep(task=task))
        found = self.train(self.sweep(task=task))
        self.assertAlmostEqual(found["order_log10"][0], group["order_log10"], 12)
        self.assertAlmostEqual(found["order_log10"][0], np.log10(5 * 4 * 2 * 2 * 120 * 2), 12)
        self.assertLess(len(json.loads(found["generators"][0])), len(group["generators"]))

    def test_scopes_differ(self):
        """In identity, in generators, in numbers."""
        found = self.train(self.sweep(task=ADD, steps=20, automorphism={"weight": 1}, grid={"symmetry.automorphism.scope": ["free", "tied"]}))
        self.assertEqual(len(set(found["id"])), 2)
        texts = [[g["text"] for g in json.loads(text)] for text in found["generators"]]
        self.assertEqual(texts[0], ["swaps x and y", "multiplies x, y and the result by 3", "adds 1 to y and the result"])
        self.assertEqual(texts[1], ["swaps x and y", "adds 1 to x and y, and adds 2 to the result", "multiplies x, y and the result by 3"])
        np.testing.assert_allclose(found["order_log10"], np.log10([2 * 49 * 6, 2 * 7 * 6]), rtol=1e-6)
        self.assertFalse(np.array_equal(found["train_loss"][0], found["train_loss"][1]))

    def test_elements_are_of_the_group(self):
        """Random elements train other numbers than generators, the same ones every time; the group stays the same."""
        sweep = self.sweep(task=ADD, steps=20, automorphism={"weight": 1}, grid={"symmetry.automorphism.elements": ["generators", 16, 17]})
        found = self.train(sweep)
        self.assertEqual(len(set(found["id"])), 3)
        self.assertEqual(len({found["train_loss"][run].tobytes() for run in range(3)}), 3)
        self.assertEqual(len(set(found["generators"].tolist())), 1)
        again = self.train(sweep)
        np.testing.assert_array_equal(found["train_loss"], again["train_loss"])
        # x and all its images but those that are x itself with every class in place.
        self.assertLessEqual(found["tuples"][1], 16 * 49)
        self.assertGreater(found["tuples"][1], 14 * 49)
        self.call("check", "--speed", 100, self.sweep(task=ADD, automorphism={"weight": 1, "elements": 0}), code=2)


class Late(Case):
    """A search that comes to its time limit."""

    LIMIT = {"time_limit": 1e-6}

    def test_with_weight_it_is_refused(self):
        said = self.call("check", "--speed", 100, self.sweep(task=ADD, automorphism={"weight": 1, **self.LIMIT}), code=2).stderr
        self.assertIn("the symmetries of 49 inputs were not found in 1e-06 s (symmetry.automorphism.time_limit)", said)

    def test_without_weight_it_is_a_warning(self):
        """The same numbers but for what is not measured; more time brings it to the runs that are still to be trained."""
        late, whole = {"weight": 0, **self.LIMIT}, {"weight": 0}
        said = self.call("check", "--speed", 100, self.sweep(task=ADD, automorphism=late)).stderr
        self.assertEqual(said.count("automorphism is not measured: the symmetries of 49 inputs were not found"), 1)
        without = self.train(self.sweep(task=ADD, automorphism=late))
        self.assertNotIn("mean", without)
        self.call("--quiet", "-o", self.folder / "out.h5", self.sweep(task=ADD, automorphism=whole, grid={"seed": [0, 1]}))
        with h5py.File(self.folder / "out.h5", "r") as file:
            mean = file["symmetry/automorphism/mean"][:]
        self.assertTrue(np.isnan(mean[0]).all() and np.isfinite(mean[1]).all())
        self.call("--quiet", "-o", self.folder / "out.h5", self.sweep(task=ADD, automorphism=late, grid={"seed": [0, 1, 2]}))
        with h5py.File(self.folder / "out.h5", "r") as file:
            np.testing.assert_array_equal(file["symmetry/automorphism/mean"][:2], mean)
            self.assertTrue(np.isnan(file["symmetry/automorphism/mean"][2]).all())
        found = self.train(self.sweep(task=ADD, automorphism=whole))
        self.assertEqual(found["id"], without["id"])
        np.testing.assert_array_equal(found["train_loss"], without["train_loss"])

    def test_a_run_goes_on_from_its_checkpoint(self):
        """With more time for the search, or enough at last: nothing is trained anew, and the numbers are the same."""
        limits = [{"weight": 0, **self.LIMIT}, {"weight": 0}, {"weight": 0, "time_limit": 7}, {"weight": 0}]
        options = {"task": {**ADD, "p": 31}, "checkpoint": {"every_seconds": 0, "keep": True}, "evaluate": {"snapshots": 0}}
        whole = self.train(self.sweep(**options, steps=800, automorphism=limits[1]))
        for first, second in zip(limits[::2], limits[1::2]):
            with self.subTest(first=first, second=second):
                self.call("--quiet", "--fresh", "-o", self.folder / "x.h5", self.sweep(**options, steps=400, automorphism=first))
                done = self.call("-o", self.folder / "x.h5", self.sweep(**options, steps=800, automorphism=second))
                self.assertIn("1 run goes on from the end of a shorter one", done.stderr)
                self.assertNotIn("anew", done.stderr)
                with h5py.File(self.folder / "x.h5", "r") as file:
                    np.testing.assert_array_equal(file["curves/train_loss"][-1], whole["train_loss"][0])
                    mean = file["symmetry/automorphism/mean"][-1]
                # step 400 is measured again
                np.testing.assert_array_equal(np.isnan(mean), [first["time_limit"] < 1 and e < 4 for e in range(9)])

    def test_the_task_of_tables_says_why_t_sym_is_missing(self):
        said = self.call("check", "--speed", 100, self.sweep(task={"kind": "parity", "bits": 5, "relevant": 2}, automorphism={"weight": 0, **self.LIMIT}),
                         code=0).stderr
        self.assertIn("phase.family: automorphism is not defined on this task, for the symmetries of 32 inputs were not found", said)


class WithoutNauty(Case):
    """symsweep as it is where there is no nauty."""

    def setUp(self):
        super().setUp()
        self.bare = os.environ["SYMSWEEP_WITHOUT_NAUTY"]

    def test_a_file_of_generators_works(self):
        self.call("symmetries", "-o", self.folder / "g.json", self.sweep("of.json", task=ADD))
        sweep = self.sweep(task=ADD, steps=20, automorphism={"weight": 1, "source": "g.json"})
        self.assertIn("derived by automorphism", self.call("check", "--speed", 100, sweep, binary=self.bare).stdout)
        bare, whole = self.train(sweep, binary=self.bare), self.train(sweep)
        self.assertEqual((bare["id"], bare["status"]), (whole["id"], [2]))
        np.testing.assert_array_equal(bare["train_loss"], whole["train_loss"])
        np.testing.assert_array_equal(bare["mean"], whole["mean"])
        page = self.call("show", self.folder / "out.h5", "--run", 0, binary=self.bare).stdout
        self.assertIn("   3  adds 1 to y and the result ", page)

    def test_discovery_says_what_is_missing(self):
        """Asked for with weight it is refused before anything is trained; a sweep that does not ask for it trains."""
        sweep = self.sweep(task=ADD, automorphism={"weight": 1})
        for arguments in (("check", "--speed", 100, sweep), ("--quiet", "-o", self.folder / "never.h5", sweep)):
            said = self.call(*arguments, code=2, binary=self.bare).stderr
            for word in ("symmetry.automorphism", "without nauty"):
                self.assertIn(word, said)
        self.assertFalse((self.folder / "never.h5").exists())
        found = self.train(self.sweep(task=ADD), binary=self.bare)
        self.assertEqual(found["status"], [2])
        self.assertNotIn("generators", found)

    def test_workers_without_it(self):
        """What was planned with nauty cannot be trained without: said, not a crash."""
        sweep = self.sweep(task=ADD, automorphism={"weight": 1})
        root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        arguments = ["--no-progress", "-o", str(self.folder / "mixed.h5"), str(sweep)]
        done = subprocess.run(["mpirun", "--oversubscribe", "-n", "1", BINARY, *arguments, ":", "-n", "1", self.bare, *arguments],
                              capture_output=True, text=True, cwd=self.folder, env={**os.environ, **root}, timeout=120)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("run 0 failed: symmetry.automorphism: not defined on the task where it trains", done.stderr)
        self.assertNotIn("signal", done.stderr)


if __name__ == "__main__":
    unittest.main()
