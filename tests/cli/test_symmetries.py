#!/usr/bin/python3
"""symsweep symmetries, as a user calls it: the page, JSON, the file, what is refused."""
import itertools
import json
import math
import os
import pathlib
import subprocess
import tempfile
import unittest

from results_support import BINARY

QUICKSTART = pathlib.Path(__file__).resolve().parents[2] / "sweeps" / "quickstart.json"


def elements(n):
    """S_n in one-line notation, in the order of the documents, and its product."""
    found = list(itertools.permutations(range(n)))
    return found, lambda a, b: found.index(tuple(found[a][found[b][i]] for i in range(n)))


OPERATIONS = {
    "add": lambda x, y, p: x + y, "sub": lambda x, y, p: x - y, "mul": lambda x, y, p: x * y,
    "sum_squared": lambda x, y, p: (x + y) ** 2, "sum_of_squares": lambda x, y, p: x * x + y * y,
    "quadratic": lambda x, y, p: x * x + x * y + y * y, "circle": lambda x, y, p: x + x * y + y,
    "cubic": lambda x, y, p: x ** 3 + x * y, "sum_cubed": lambda x, y, p: (x + y) ** 3,
}
DEGREE = {"add": 1, "sub": 1, "mul": 2, "sum_squared": 2, "sum_of_squares": 2, "quadratic": 2, "sum_cubed": 3}


def modular(operation, p):
    return {(x, y): OPERATIONS[operation](x, y, p) % p for x in range(p) for y in range(p)}


def is_symmetry(table, image, class_map):
    return all(table.get(image(*key)) == class_map(label) for key, label in table.items())


def expected_families(operation, p):
    """Families whose maps are symmetries of the table, from their formulas: name -> in scope tied as well?"""
    table, found = modular(operation, p), {}
    swap = (lambda x, y: (-y % p, -x % p)) if operation == "sub" else (lambda x, y: (y, x))
    if is_symmetry(table, swap, lambda c: c):
        found["commutativity"] = True
    if operation in DEGREE:
        k = DEGREE[operation]
        for name, units in (("negation", [p - 1]), ("scaling", range(1, p))):
            if all(is_symmetry(table, lambda x, y: (u * x % p, u * y % p), lambda c: pow(u, k, p) * c % p) for u in units):
                found[name] = True
    if operation in ("add", "sub", "mul", "circle"):
        act = {"mul": lambda g, x: g * x % p, "circle": lambda g, x: (g + x + g * x) % p}.get(operation, lambda g, x: (g + x) % p)
        group = [g for g in range(p) if (operation, g) not in (("mul", 0), ("circle", p - 1))]
        if all(is_symmetry(table, lambda x, y: (act(g, x), y), lambda c: act(g, c)) for g in group):
            found["translation"] = False  # x alone moves
    return found


class Symmetries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory(prefix="symsweep-symmetries-")
        cls.addClassCleanup(cls.made.cleanup)
        cls.folder = pathlib.Path(cls.made.name)

    def sweep(self, name="sweep.json", grid=None, **run):
        path = self.folder / name
        path.write_text(json.dumps({"name": "s", "run": run, **({"grid": grid} if grid else {})}))
        return path

    def run_command(self, *arguments, code=0, binary=BINARY):
        done = subprocess.run([binary, "symmetries", *map(str, arguments)], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def ask(self, *arguments):
        done = self.run_command("--json", *arguments)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def test_the_page(self):
        done = self.run_command(QUICKSTART)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout, """\
task        modular add p=59
scope       free: each operand has its own permutation of tokens
order       403796, 10^5.606
inputs      3481 in 1 orbit
generators   1  swaps x and y
             2  multiplies x, y and the result by 2
             3  adds 1 to y and the result
split       1741 train and 1740 test inputs (train_fraction 0.5, data_seed 0)
derivable   100.0 % of the test labels follow from train labels through the group
families    in the group: commutativity, translation, negation, scaling
            not symmetries in this sense: associativity
            (no permutations of the whole table, but identities that tie some of its inputs)
""")

    def test_sentences(self):
        """Of each group the whole list, top down, free or tied."""
        expected = {
            ("free", '{"kind": "modular", "operation": "sub", "p": 13}'):
                ["negates the result, and swaps x and y", "multiplies x, y and the result by 2",
                 "adds 1 to y, and adds 12 to the result"],
            ("free", '{"kind": "modular", "operation": "mul", "p": 11}'):
                ["swaps x and y", "multiplies x and the result by 2", "takes t to t^7 in x, y and the result",
                 "multiplies y and the result by 2"],
            ("tied", '{"kind": "modular", "operation": "add", "p": 13}'):
                ["swaps x and y", "adds 1 to x and y, and adds 2 to the result", "multiplies x, y and the result by 2"],
            ("tied", '{"kind": "group", "group": "symmetric", "n": 3}'):
                ["inverts x, y and the result, and swaps x and y", "conjugates x, y and the result by 4",
                 "conjugates x, y and the result by 1"],
            ("free", '{"kind": "graph", "graph": "path", "nodes": 5}'):
                ["swaps x and y", "takes t to 4 - t in x and y"],
            ("free", '{"kind": "graph", "graph": "tree", "branching": 2, "depth": 2}'):
                ["swaps x and y", "moves 6 of 7 nodes of x and y (1 2)(3 5)(4 6)", "exchanges 3 and 4 in x and y",
                 "exchanges 5 and 6 in x and y"],
            ("free", '{"kind": "comparison", "sides": [3]}'):
                ["exchanges < and > in the relation, and swaps x and y",
                 "exchanges 0 and 2 in x and y, and exchanges < and > in the relation"],
            ("free", '{"kind": "comparison", "sides": [4], "form": "three_way"}'):
                ["exchanges < and > in the result, and swaps x and y",
                 "takes t to 3 - t in x and y, and exchanges < and > in the result"],
        }
        for (scope, task), sentences in expected.items():
            with self.subTest(scope=scope, task=task):
                page = self.run_command("--scope", scope, self.sweep(task=json.loads(task))).stdout
                lines = page[page.index("generators"):page.index("split")].splitlines()
                self.assertEqual([line[16:] for line in lines], sentences)

    def page_of(self, **run):
        return self.run_command(self.sweep(**run)).stdout.splitlines()

    def test_names_of_a_table(self):
        """Tokens and classes of a table file go by the names that it has; arithmetic is in their numbers, which the page
        tells. Numbers that are not those of the file are told as well."""
        days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        (self.folder / "days.csv").write_text("".join("%s,%s,%s\n" % (a, b, days[(i + j) % 7]) for i, a in enumerate(days) for j, b in enumerate(days)))
        page = self.page_of(task={"kind": "table", "file": "days.csv"})
        self.assertEqual(page[2], "tokens      0 = mon, 1 = tue, 2 = wed, 3 = thu, 4 = fri, 5 = sat, 6 = sun")
        self.assertEqual([line for line in page if line.startswith("labels")], [], "they are the tokens")
        self.assertIn("             3  adds 1 to y and the result", page)
        kinds = {"oak": "tree", "\\u202eelm": "tree", "red rose": "flower", "lily": "flower", "x": "fern"}
        (self.folder / "kinds.csv").write_text("".join("%s;%s;%s\n" % (a, b, "same" if kinds[a] == kinds[b] else "other") for a in kinds for b in kinds))
        page = self.page_of(task={"kind": "table", "file": "kinds.csv"})
        self.assertEqual(page[2:4], ["tokens      0 = oak, 1 = \\u202eelm, 2 = red rose, 3 = lily, 4 = x", "labels      0 = same, 1 = other"])
        said = "\n".join(page)
        self.assertIn('exchanges "red rose" and lily in ', said)
        self.assertNotRegex(said, r"exchanges \d")
        group = self.ask(self.sweep(task={"kind": "table", "file": "kinds.csv"}))
        self.assertIn('exchanges "red rose" and lily in ', " ".join(g["text"] for g in group["generators"]))
        (self.folder / "numbers.csv").write_text("".join("%d,%d,%d\n" % (a, b, min(a, b)) for a in (7, 5, 30) for b in (7, 5, 30)))
        page = self.page_of(task={"kind": "table", "file": "numbers.csv"})
        self.assertEqual(page[2], "tokens      0 = 5, 1 = 7, 2 = 30")
        (self.folder / "plain.csv").write_text("".join("%d,%d,%d\n" % (a, b, min(a, b)) for a in range(3) for b in range(3)))
        self.assertEqual([line for line in self.page_of(task={"kind": "table", "file": "plain.csv"}) if line.startswith(("tokens", "labels"))], [])

    def test_names_that_are_long(self):
        """They are cut, within no character, and so is the list of them."""
        long = ["a" * 40 + str(k) for k in range(3)] + ["\u00e4" * 30, "\u00e4" * 29 + "b"]
        (self.folder / "long.csv").write_text("".join("%s,%s,%d\n" % (a, b, a == b) for a in long for b in long))
        page = self.page_of(task={"kind": "table", "file": "long.csv"})
        self.assertTrue(page[2].startswith("tokens      0 = " + long[0] + ", 1 = ") and page[2].endswith(", ..."), page[2])
        said = "\n".join(page)
        self.assertIn("exchanges " + "a" * 21 + "... and " + "a" * 21 + "... in x and y", said)
        self.assertIn(" " + "\u00e4" * 10 + "... in", said)
        self.assertLess(max(map(len, page)), 220)

    def test_names_of_nodes(self):
        (self.folder / "cities.txt").write_text("paris,lyon\nparis,\"le mans\"\nlyon,nice\n\"le mans\",metz\nulm,jena\n")
        page = self.page_of(task={"kind": "graph", "graph": "edge_list", "file": "cities.txt", "component": "largest"})
        self.assertEqual(page[2], "nodes       0 = paris, 1 = lyon, 2 = le mans, 3 = nice, 4 = metz")
        self.assertIn('             2  moves 4 of 5 nodes of x and y (lyon "le mans")(nice metz)', page)
        (self.folder / "ranked.txt").write_text("100 7\n7 2000000000\n")
        page = self.page_of(task={"kind": "graph", "graph": "edge_list", "file": "ranked.txt"})
        self.assertEqual(page[2], "nodes       0 = 7, 1 = 100, 2 = 2000000000")
        self.assertIn("             2  exchanges 100 and 2000000000 in x and y", page)

    def test_a_long_list_and_a_long_order_are_cut(self):
        page = self.run_command(self.sweep(task={"kind": "comparison", "sides": [7, 7], "form": "three_way"})).stdout
        self.assertRegex(page, r"order       \d{37}\.\.\. \(\d+ digits\), 10\^")
        self.assertIn("exchanges 1 and 2 in x", page)
        self.assertRegex(page, r"\n            \.\.\. \d+ more: --json and -o list them\n")
        answer = self.ask(self.sweep(task={"kind": "comparison", "sides": [7, 7], "form": "three_way"}))
        self.assertEqual(int(answer["order"]), 4 * math.factorial(7) ** 14)
        self.assertLess(max(map(len, page.splitlines())), 220)

    def test_a_table_without_symmetry(self):
        page = self.run_command("--scope", "tied", self.sweep(task={"kind": "modular", "operation": "cubic", "p": 13})).stdout
        self.assertIn("order       1: the table has no symmetry\n", page)
        self.assertIn("inputs      169 in 169 orbits\n", page)
        self.assertIn("derivable   0.0 % of the test labels", page)
        self.assertIn("not in it, for labels do not follow: commutativity\n", page)
        self.assertNotIn("generators", page)

    def test_json_is_what_the_page_says(self):
        task = {"kind": "modular", "operation": "add", "p": 13}
        for scope, order, orbits in (("free", 2 * 13 ** 2 * 12, 1), ("tied", 2 * 13 * 12, 2)):
            answer = self.ask("--scope", scope, self.sweep(task=task, train_fraction=0.3))
            self.assertEqual(set(answer), {"order", "order_log10", "scope", "generators", "input_orbits", "derivable", "families"})
            self.assertEqual((answer["order"], answer["scope"], answer["input_orbits"]), (str(order), scope, orbits))
            self.assertAlmostEqual(answer["order_log10"], math.log10(order))
            self.assertEqual(answer["derivable"], 1)
            for generator in answer["generators"]:
                positions, tokens, classes = generator["positions"], generator["tokens"], generator["classes"]
                for (x, y), label in modular("add", 13).items():
                    image = [None, None]
                    image[positions[0]], image[positions[1]] = tokens[0][x], tokens[1][y]
                    self.assertEqual(sum(image) % 13, classes[label])
                if scope == "tied":
                    self.assertEqual(tokens[0], tokens[1])

    def test_free_is_the_default(self):
        sweep = self.sweep(task={"kind": "modular", "operation": "add", "p": 7})
        self.assertEqual(self.ask(sweep), self.ask("--scope", "free", sweep))

    def test_derivable_is_the_share_of_orbits_with_a_train_input(self):
        """A path of n nodes: the orbit of (x, y) is the input, its mirror, and both counted from the other end."""
        n = 9
        sweep = self.sweep(task={"kind": "graph", "graph": "path", "nodes": n}, train_fraction=0.2, save={"split": True},
                           steps=1, evaluate={"every": 1}, model={"kind": "mlp", "d_model": 4, "d_hidden": 4},
                           checkpoint={"every_seconds": 0})
        subprocess.run([BINARY, "--quiet", "--fresh", "-o", self.folder / "path.h5", sweep], check=True)
        import h5py
        with h5py.File(self.folder / "path.h5", "r") as file:
            train = file["/data/split"][0].astype(bool)
        orbit = [{x * n + y, y * n + x, (n - 1 - x) * n + n - 1 - y, (n - 1 - y) * n + n - 1 - x} for x in range(n) for y in range(n)]
        derived = [any(train[i] for i in orbit[k]) for k in range(n * n) if not train[k]]
        self.assertTrue(0 < sum(derived) < len(derived))
        answer = self.ask(sweep)
        self.assertAlmostEqual(answer["derivable"], sum(derived) / len(derived))
        self.assertEqual(answer["input_orbits"], len({min(o) for o in orbit}))

    def test_named_families(self):
        """Against their formulas, on every operation."""
        for operation in OPERATIONS:
            with self.subTest(operation=operation):
                expected = expected_families(operation, 7)
                sweep = self.sweep(task={"kind": "modular", "operation": operation, "p": 7})
                self.assertEqual(set(self.ask(sweep)["families"]), set(expected))
                self.assertEqual(set(self.ask("--scope", "tied", sweep)["families"]),
                                 {name for name, tied in expected.items() if tied})

    def test_named_families_of_other_tasks(self):
        cases = [({"kind": "group", "group": "symmetric", "n": 3}, ["translation"], []),
                 ({"kind": "group", "group": "cyclic", "n": 6}, ["commutativity", "translation"], ["commutativity"]),
                 ({"kind": "graph", "graph": "cycle", "nodes": 7}, ["distance_symmetry"], ["distance_symmetry"]),
                 ({"kind": "gcd", "n": 8}, ["commutativity"], ["commutativity"]),
                 ({"kind": "comparison", "sides": [4]}, ["converse"], ["converse"])]
        for task, free, tied in cases:
            sweep = self.sweep(task=task)
            self.assertEqual(self.ask(sweep)["families"], free)
            self.assertEqual(self.ask("--scope", "tied", sweep)["families"], tied)
        page = self.run_command("--scope", "tied", self.sweep(task=cases[0][0])).stdout
        self.assertIn("            in the group of scope free alone: translation\n".lstrip(), page)
        self.assertIn("not in it, for labels do not follow: commutativity\n", page)
        page = self.run_command(self.sweep(task=cases[2][0])).stdout
        self.assertIn("not symmetries in this sense: triangle, reflexivity\n", page)

    def test_a_sweep_of_several_tasks(self):
        sweep = self.sweep(task={"kind": "modular", "operation": "add"}, grid={"task.p": [5, 7], "seed": [0, 1]})
        page = self.run_command(sweep).stdout
        self.assertIn("task        modular add p=5\n            of run 0; the sweep has 2 tasks, --run N chooses another\n", page)
        self.assertIn("task        modular add p=7\n            of run 3; the sweep has 2 tasks", self.run_command("--run", 3, sweep).stdout)
        done = self.run_command("--json", sweep)
        self.assertEqual(json.loads(done.stdout)["order"], str(2 * 25 * 4))
        self.assertEqual(done.stderr, "symsweep: this is the task of run 0; the sweep has 2 tasks, --run N chooses another\n")
        self.assertEqual(self.ask("--run", 3, sweep)["order"], str(2 * 49 * 6))

    def test_output_is_the_json_and_never_replaces_a_file(self):
        sweep, output = self.sweep(task={"kind": "modular", "p": 7}), self.folder / "generators.json"
        page = self.run_command("-o", output, sweep)
        self.assertIn("order       588", page.stdout)
        self.assertEqual(json.loads(output.read_text()), self.ask(sweep))
        before = output.read_bytes()
        done = self.run_command("-o", output, sweep, code=3)
        self.assertIn("generators.json: File exists", done.stderr)
        self.assertEqual((done.stdout, output.read_bytes()), ("", before))
        missing = self.folder / "nowhere" / "g.json"
        self.assertIn("nowhere/g.json", self.run_command("-o", missing, sweep, code=3).stderr)

    def test_the_time_limit(self):
        sweep = self.sweep(task={"kind": "modular", "operation": "add", "p": 211})
        done = self.run_command("--time-limit", "0.02", sweep, code=75)
        self.assertEqual(done.stdout, "")
        self.assertIn("error: --time-limit: the symmetries of 44521 inputs were not found in 0.02 s", done.stderr)

    def test_a_table_that_is_too_large(self):
        sweep = self.sweep(task={"kind": "comparison", "sides": [3500], "form": "three_way"},
                           model={"kind": "mlp", "d_model": 4, "d_hidden": 4})
        done = self.run_command(sweep, code=2)
        self.assertIn("the table of 12250000 inputs makes a graph of 36750000 edges", done.stderr)

    def test_usage(self):
        sweep = self.sweep(task={"kind": "modular", "p": 5})
        for arguments, said in ((["--scope", "all", sweep], "--scope takes free or tied, not 'all'"),
                                (["--run", "-1", sweep], "--run takes a number from 0"),
                                (["--run", "1", sweep], "has 1 run, from 0: there is no run 1"),
                                (["--time-limit", "0", sweep], "--time-limit takes a time"),
                                (["--time-limit", "soon", sweep], "--time-limit takes a time"),
                                ([], "expected one sweep file"), ([sweep, sweep], "expected one sweep file"),
                                (["--all", sweep], "unknown option"), ([self.folder / "none.json"], "No such file")):
            with self.subTest(arguments=arguments):
                self.assertIn(said, self.run_command(*arguments, code=2).stderr)
        broken = self.folder / "broken.json"
        broken.write_text('{"name": "s", "run": {"task": {"kind": "modular", "q": 5}}}')
        self.assertIn("broken.json:1:", self.run_command(broken, code=2).stderr)

    def test_without_nauty(self):
        """The command says what is missing and how to get it; all else is there."""
        program = os.environ["SYMSWEEP_WITHOUT_NAUTY"]
        sweep = self.sweep(task={"kind": "modular", "p": 5}, steps=2, model={"kind": "mlp", "d_model": 4, "d_hidden": 4})
        done = self.run_command(sweep, code=2, binary=program)
        self.assertEqual(done.stdout, "")
        for word in ("built without nauty", "libnauty2-dev", "spack install nauty", "build symsweep again"):
            self.assertIn(word, done.stderr)
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertIn("\nnauty none: symsweep symmetries is not there\n", version)
        self.assertRegex(subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout,
                         r"\nnauty \d+\.\d+")
        subprocess.run([program, "--quiet", "-o", self.folder / "bare.h5", sweep], check=True)
        subprocess.run([program, "check", "--speed", "10", sweep], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    unittest.main()
