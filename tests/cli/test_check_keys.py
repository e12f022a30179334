#!/usr/bin/python3
"""The table of keys, docs/configuration.md and sweeps/sweep.schema.json say the same, and every sweep that ships is valid."""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

BINARY = os.environ["SYMSWEEP_BINARY"]
TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SWEEPS = sorted(path for path in (TOP / "sweeps").rglob("*.json") if path.name != "sweep.schema.json")


def run(*arguments):
    return subprocess.run([BINARY, "check", "--speed", "40", *arguments], capture_output=True, text=True)


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = {key["path"]: key for key in json.loads(run("--list-keys", "--json").stdout)}
        cls.schema = json.loads((TOP / "sweeps" / "sweep.schema.json").read_text())
        cls.validator = jsonschema.Draft202012Validator(cls.schema)
        cls.reference = (TOP / "docs" / "configuration.md").read_text()

    def leaves(self, node, path=""):
        for name, below in node["properties"].items():
            if "properties" in below:
                yield from self.leaves(below, path + name + ".")
            else:
                yield path + name, below

    def test_the_generated_files_are_current(self):
        """Their table of sweeps is made by `check` of each sweep, which must find no error: of every fifth of a folder,
        of all with SYMSWEEP_LONG=1."""
        every = "1" if os.environ.get("SYMSWEEP_LONG") == "1" else "5"
        done = subprocess.run([TOP / "scripts" / "generate-reference", "--check", every], capture_output=True, text=True,
                              env={**os.environ, "SYMSWEEP_BINARY": BINARY})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_key_is_complete(self):
        self.assertGreater(len(self.keys), 100)
        for path, key in self.keys.items():
            for member in ("type", "default", "meaning", "base"):
                self.assertTrue(key[member], path)

    def test_lists_of_names_are_whole(self):
        text = run("--list-keys").stdout
        for path, key in self.keys.items():
            if "values" in key:
                self.assertEqual(key["type"], "one of " + ", ".join(key["values"]))
                self.assertIn(key["type"], text)

    def test_the_schema_has_every_key_in_every_place(self):
        paths = {path for path, key in self.keys.items() if key["section"] == "run"}
        for section in ("refine", "prune"):
            beside = {path for path in self.keys if path.startswith(section + ".")}
            self.assertGreater(len(beside), 5)
            self.assertEqual({section + "." + path for path, _ in self.leaves(self.schema["properties"][section])}, beside)
            self.assertEqual(beside & paths, set())
        run_leaves = dict(self.leaves(self.schema["properties"]["run"]))
        self.assertEqual(set(run_leaves), paths)
        for path, leaf in run_leaves.items():
            self.assertEqual(leaf["$ref"], "#/$defs/" + path)
        for section in ("grid", "zip"):
            self.assertEqual(self.schema["properties"][section]["$ref"], "#/$defs/axes")
        self.assertEqual(set(self.schema["$defs"]["axes"]["properties"]), paths)
        random = self.schema["properties"]["random"]["properties"]
        self.assertEqual(set(random) - {"samples", "sampler_seed"}, paths)
        case = self.schema["properties"]["cases"]["items"]["properties"]
        self.assertTrue(paths <= set(case))

    def test_the_schema_has_their_ranges(self):
        for path, key in self.keys.items():
            leaf = self.schema["$defs"][path]
            if "values" in key:
                self.assertEqual(leaf["enum"], key["values"])
                continue
            if key["base"] == "steps":
                leaf = leaf["anyOf"][0]["items"]["anyOf"][0]
            if key["base"] == "row":  # a number of a row, or an id
                self.assertEqual(leaf["minimum"], 0)
                continue
            number = leaf["items"] if key["base"] == "array" else leaf["anyOf"][0] if "word" in key else leaf
            for name, word in (("minimum", "minimum"), ("maximum", "maximum"),
                               ("exclusive_minimum", "exclusiveMinimum"), ("exclusive_maximum", "exclusiveMaximum")):
                self.assertEqual(number.get(word), key.get(name), path)

    def test_the_reference_has_a_row_for_every_key(self):
        rows = re.findall(r"^\| `([^`]+)` \| (.*?) \| (.*?) \|", self.reference, re.MULTILINE)
        table = {path: (kind, default) for path, kind, default in rows}
        self.assertEqual(set(self.keys) - set(table), set())
        for path, key in self.keys.items():
            self.assertIn(key["type"], table[path][0])
            self.assertEqual(table[path][1], key["default"])

    def test_ranges_are_those_of_the_parser(self):
        """Just outside its range a value is refused."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "sweep.json"
            cases = []
            for name, key in self.keys.items():
                if key["base"] not in ("number", "integer") or key["section"] != "run":
                    continue
                step = 1 if key["base"] == "integer" else 1e-6
                for member, sign in (("minimum", -1), ("exclusive_minimum", 0), ("maximum", 1), ("exclusive_maximum", 0)):
                    if member in key:
                        cases.append({name: key[member] + sign * step})
            self.assertGreater(len(cases), 100)
            for first in range(0, len(cases), 50):
                chunk = cases[first:first + 50]
                path.write_text(json.dumps({"run": {"task": {"kind": "modular"}}, "cases": chunk}))
                errors = json.loads(run("--json", str(path)).stdout)["errors"]
                for i, case in enumerate(chunk):
                    place = "cases[%d].%s" % (i, *case)
                    self.assertTrue(any(error["path"] == place and "expected" in error["message"] for error in errors), place)

    def test_ranges_beside_run_are_those_of_the_parser(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "sweep.json"
            tried = 0
            for name, key in self.keys.items():
                limits = [key[m] + s for m, s in (("minimum", -1), ("exclusive_minimum", 0), ("maximum", 1),
                                                  ("exclusive_maximum", 0)) if m in key]
                if key["section"] == "run" or key["base"] not in ("number", "integer"):
                    continue
                for limit in limits:
                    *groups, last = name.split(".")
                    content = {last: limit}
                    for group in reversed(groups):
                        content = {group: content}
                    path.write_text(json.dumps({"run": {"task": {"kind": "modular"}}, **content}))
                    errors = json.loads(run("--json", str(path)).stdout)["errors"]
                    self.assertTrue(any(e["path"] == name and "expected" in e["message"] for e in errors), name)
                    tried += 1
            self.assertGreater(tried, 15)

    def test_written_defaults_are_the_listed_ones(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "sweep.json"
            path.write_text('{"run": {"task": {"kind": "modular"}}}')
            answer = json.loads(run("--json", "--list", "runs", "--tasks", "0", str(path)).stdout)
            config = answer["list"][0]["config"]
            seen = 0
            for name, key in self.keys.items():
                node = config
                for part in name.split("."):
                    node = node.get(part) if isinstance(node, dict) else None
                if node is None or key["default"] in ("required",):
                    continue
                text = json.dumps(node).strip('"')
                if text == key["default"] or (isinstance(node, (int, float)) and self.same_number(text, key["default"])):
                    seen += 1
                else:
                    # Defaults that follow another key are described, not listed.
                    self.assertIn(name, ("model.d_head", "model.d_mlp", "data_seed", "phase.family",
                                         "symmetry.automorphism.source", "symmetry.automorphism.source_sha256",
                                         "model.start.parameters_sha256", "geometry.lipschitz.neighbors"))
            self.assertGreater(seen, 90)

    @staticmethod
    def same_number(a, b):
        try:
            return float(a) == float(b)
        except ValueError:
            return False

    def test_every_sweep_that_ships_follows_the_schema(self):
        self.assertTrue(SWEEPS)
        for path in SWEEPS:
            with self.subTest(path.name):
                errors = list(self.validator.iter_errors(json.loads(path.read_text())))
                self.assertEqual([error.message for error in errors], [])

    def test_the_table_of_sweeps_is_complete(self):
        table = (TOP / "sweeps" / "README.md").read_text()
        for path in SWEEPS:
            with self.subTest(path.name):
                row = re.search(r"^\| \[`?%s`?\]\([^)]*\) \|(.*)\|$" % re.escape(str(path.relative_to(TOP / "sweeps"))),
                                table, re.MULTILINE)
                self.assertIsNotNone(row, "sweeps/README.md has no row for " + path.name)

    def test_every_paper_has_a_twin_and_a_section(self):
        literature = TOP / "sweeps" / "literature"
        papers = {path.stem for path in literature.glob("*.json")}
        self.assertGreater(len(papers), 15)
        self.assertEqual({path.stem for path in (literature / "small").glob("*.json")}, papers)
        page = (TOP / "docs" / "literature.md").read_text()
        for name in papers:
            self.assertIn("(../sweeps/literature/%s.json)" % name, page)
            self.assertRegex(page, "<!-- %s: scripts/literature writes what follows -->\n\n\\|" % name)

    @staticmethod
    def validity(sweep):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(sweep, file)
            file.flush()
            return run("--tasks", "0", file.name).returncode

    def test_the_schema_refuses_what_the_program_refuses(self):
        good = {"run": {"task": {"kind": "modular"}}, "grid": {"seed": [0, {"range": [1, 9]}]},
                "random": {"samples": 2, "model.d_model": {"integer": [32, 64, 4]}},
                "cases": [{"label": "a", "train_fraction": [0.3, {"linspace": [0.4, 0.6, 3]}], "model": {"heads": [2, 4]}},
                          {"label": "b", "task": {"kind": "graph", "graph": "torus", "sides": [[3, 4], [5, 5]]}}],
                "exclude": [{"seed": [1, {"range": [2, 4]}], "train_fraction": {"above": 0.4}},
                            {"label": ["b"], "model": {"heads": 4}, "task.sides": [3, 4], "seed": 0}]}
        self.assertTrue(self.validator.is_valid(good))
        self.assertEqual(self.validity(good), 0)
        for source in ("discovered", "generators.json"):
            named = {"run": {"task": {"kind": "modular"}, "symmetry": {"automorphism": {"source": source}}}}
            self.assertTrue(self.validator.is_valid(named), source)
            named["run"]["symmetry"]["automorphism"]["source_sha256"] = "none" if source == "discovered" else "0a" * 32
            self.assertTrue(self.validator.is_valid(named), source)
        changes = [
            lambda s: s["run"].update(sead=1),
            lambda s: s["run"].update(optimizer={"betaa1": 0.9}),
            lambda s: s["run"].update(train_fraction=0),
            lambda s: s["run"].update(train_fraction=1.5),
            lambda s: s["run"].update(steps="many"),
            lambda s: s["run"].update(optimizer={"batch_size": "all"}),
            lambda s: s["run"]["task"].update(kind="modulo"),
            lambda s: s["run"].update(symmetry={"automorphism": {"source": 3}}),
            lambda s: s["run"].update(symmetry={"automorphism": {"source_sha256": "abc"}}),
            lambda s: s.update(grid={}),
            lambda s: s["grid"].update(seed=[]),
            lambda s: s["grid"].update(seed=3),
            lambda s: s["grid"].update(seed={"rang": [0, 1]}),
            lambda s: s["grid"].update(seed=[0, {"rang": [0, 1]}]),
            lambda s: s["cases"][0].update(train_fraction=[0.3, {"linspace": [0.4, 0.6]}]),
            lambda s: s["cases"][0].update(train_fraction=[0.3, 3]),
            lambda s: s.update(exclude={}),
            lambda s: s.update(exclude=[{}]),
            lambda s: s.update(exclude=[{"sed": 3}]),
            lambda s: s.update(exclude=[{"seed": {"over": 3}}]),
            lambda s: s.update(exclude=[{"model.kind": {"above": 3}}]),
            lambda s: s["random"].update({"model.d_model": {"integer": [32, 64, 4, 4]}}),
            lambda s: s.update(random={"seed": {"integer": [0, 3]}}),
            lambda s: s.update(random={"samples": 2, "seed": {"uniform": [0, 3]}}),
            lambda s: s.update(name="../x"),
            lambda s: s.update(runs={}),
            lambda s: s.pop("run"),
        ]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "sweep.json"
            for change in changes:
                sweep = copy.deepcopy(good)
                change(sweep)
                path.write_text(json.dumps(sweep))
                with self.subTest(json.dumps(sweep)):
                    self.assertFalse(self.validator.is_valid(sweep))
                    self.assertEqual(run(str(path)).returncode, 2)


if __name__ == "__main__":
    sys.exit(unittest.main())
