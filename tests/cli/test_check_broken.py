#!/usr/bin/python3
"""Broken sweep files: each is refused with exit 2, a position and, where one exists, a hint, in little time and memory.

Every case is a text and what must be said of it: {(line, column): (path, words of the message, words of the hint)}.
Columns count characters from 1. All diagnostics of a file must be expected ones: no error hides behind another, and
none is invented.
"""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import facts  # noqa: E402

BINARY = os.environ["SYMSWEEP_BINARY"]
SECONDS = 1.0
MEGABYTES = 100
# Sanitizers keep shadow memory and are several times slower: the bounds are those of the product.
SANITIZED = b"__asan_init" in open(BINARY, "rb").read()

GOOD = '{"run": {"task": {"kind": "modular"}}}'


def run_with(members, rest=""):
    return '{"run": {"task": {"kind": "modular"}%s}%s}' % (members, rest)


def check(path, *options):
    """(exit code, stdout, stderr, seconds of processor time, peak megabytes) of symsweep check."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([BINARY, "check", "--speed", "40", *options, path], capture_output=True, timeout=60)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
        answer = json.dumps([done.returncode, done.stdout.decode(), done.stderr.decode(), seconds, usage.ru_maxrss / 1024])
        with os.fdopen(write_end, "w") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        answer = json.loads(pipe.read())
    os.waitpid(pid, 0)
    return answer


# name: (text, {(line, column): (path, message, hint)})
CASES = {
    "unknown key": (
        '{\n  "run": {\n    "task": {"kind": "modular"},\n    "optimizer": {"betaa1": 0.9}\n  }\n}',
        {(4, 19): ("run.optimizer.betaa1", "unknown key", "beta1")}),
    "unknown top key": (
        '{"runs": {}, "run": {"task": {"kind": "modular"}}}',
        {(1, 2): ("runs", "unknown key", "run")}),
    "key of run at the top": (
        '{"seed": 1, "run": {"task": {"kind": "modular"}}}',
        {(1, 2): ("seed", "unknown key", "belongs in run")}),
    "key in the wrong group": (
        run_with(', "model": {"learning_rate": 0.1}'),
        {(1, 49): ("run.model.learning_rate", "unknown key", "optimizer.learning_rate")}),
    "wrong type": (
        run_with(', "steps": "many"'),
        {(1, 48): ("run.steps", 'expected integer 1..1000000000, found the string "many"', "")}),
    "number in quotes": (
        run_with(', "train_fraction": "0.5"'),
        {(1, 57): ("run.train_fraction", 'found the string "0.5"', "without quotes")}),
    "fraction of an integer": (
        run_with(', "steps": 10.5'),
        {(1, 48): ("run.steps", "expected integer", "")}),
    "object for a value": (
        run_with(', "seed": {"a": 1}'),
        {(1, 47): ("run.seed", "found an object", "")}),
    "value for an object": (
        run_with(', "model": 3'),
        {(1, 48): ("run.model", "expected an object, found 3", "")}),
    "boolean as number": (
        run_with(', "save": {"split": 1}'),
        {(1, 57): ("run.save.split", "expected boolean, found 1", "true or false")}),
    "null": (
        run_with(', "seed": null'),
        {(1, 47): ("run.seed", "found null", "")}),
    "enumeration": (
        run_with(', "optimizer": {"kind": "adanw"}'),
        {(1, 61): ("run.optimizer.kind", "expected one of " + ", ".join(facts.OPTIMIZERS), "adamw")}),
    "word": (
        run_with(', "optimizer": {"batch_size": "all"}'),
        {(1, 67): ("run.optimizer.batch_size", 'expected integer or "full"', "full")}),
    "duplicate key": (
        '{"run": {"task": {"kind": "modular"},\n "seed": 1,\n "seed": 2}}',
        {(3, 2): ("run.seed", "stands twice, first in line 2, column 2", "once")}),
    "duplicate under an alias": (
        run_with(', "symmetry": {"consistency": {"weight": 1}, "commutativity": {"weight": 2}}'),
        {(1, 100): ("run.symmetry.commutativity.weight", "set twice", "symmetry.consistency.weight sets")}),
    "duplicate by two spellings": (
        run_with("", ', "cases": [{"seed": 1, "optimizer.beta1": 0.5, "optimizer": {"beta1": 0.6}}]'),
        {(1, 100): ("cases[0].optimizer.beta1", "set twice, first in line 1", "once")}),
    "trailing comma in an object": (
        '{"run": {"task": {"kind": "modular"},}}',
        {(1, 37): ("", "no comma before a closing bracket", "remove")}),
    "trailing comma in an array": (
        run_with("", ', "grid": {"seed": [1, 2,]}'),
        {(1, 62): ("", "no comma before a closing bracket", "remove")}),
    "missing comma": (
        '{"run": {"task": {"kind": "modular"} "seed": 1}}',
        {(1, 38): ("", "expected ',' or '}', found '\"'", "")}),
    "missing colon": (
        '{"run" {}}',
        {(1, 8): ("", "expected ':' after the key, found '{'", "")}),
    "unquoted key": (
        '{run: {}}',
        {(1, 2): ("", "expected a key in double quotes, found 'run'", "quotes every key")}),
    "single quotes": (
        "{'run': {}}",
        {(1, 2): ("", "expected a key in double quotes", "quotes every key")}),
    "unquoted string": (
        run_with("").replace('"modular"', "modular"),
        {(1, 27): ("", "expected a value, found 'modular'", "double quotes")}),
    "comment": (
        '{\n  // the base\n  "run": {"task": {"kind": "modular"}}\n}',
        {(2, 3): ("", "no comments", "description")}),
    "p not prime for div": (
        '{"run": {"task": {"kind": "modular", "operation": "div", "p": 60}}}',
        {(1, 63): ("run.task.p", "division needs a prime, found 60", "")}),
    "p not prime on an axis": (
        '{"run": {"task": {"kind": "modular", "operation": "div"}},\n "grid": {"task.p": [59, 60, 61]}}',
        {(2, 26): ("grid.task.p[1]", "division needs a prime, found 60", "")}),
    "refine without axes": (
        run_with("", ', "refine": {"share": 0.5}'),
        {(1, 50): ("refine", "the key axes is missing", "train_fraction")}),
    "refine of no axis of grid": (
        run_with("", ', "grid": {"seed": [1, 2]}, "refine": {"axes": ["steps"]}'),
        {(1, 86): ("refine.axes[0]", "expected an axis of grid", "")}),
    "refine of seeds": (
        run_with("", ', "grid": {"seed": [1, 2]}, "refine": {"axes": ["seed"]}'),
        {(1, 86): ("refine.axes[0]", "the seeds are repetitions", "")}),
    "refine of values out of order": (
        run_with("", ', "grid": {"steps": [1, 3, 2]}, "refine": {"axes": ["steps"]}'),
        {(1, 90): ("refine.axes[0]", "ascending numbers", "")}),
    "refine with an unknown key": (
        run_with("", ', "grid": {"steps": [1, 2]}, "refine": {"axes": ["steps"], "shared": 1}'),
        {(1, 97): ("refine.shared", "unknown key", "refine.share")}),
    "more first seeds than there are": (
        run_with("", ', "grid": {"steps": [1, 2]}, "refine": {"axes": ["steps"], "seeds": 2}'),
        {(1, 106): ("refine.seeds", "a point of the lattice has 1 seed", "seed")}),
    "rungs that descend": (
        run_with("", ', "prune": {"halving": {"rungs": [200, 100]}}'),
        {(1, 71): ("prune.halving.rungs", "expected ascending steps", "")}),
    "a rung without an evaluation": (
        run_with("", ', "prune": {"halving": {"rungs": [150]}}'),
        {(1, 71): ("prune.halving.rungs", "a rung at step 150 is no multiple of evaluate.every = 100", "")}),
    "halving within no axis": (
        run_with("", ', "prune": {"halving": {"rungs": [100], "within": ["label"]}}'),
        {(1, 89): ("prune.halving.within[0]", "expected an axis of the sweep", "")}),
    "refine and halving": (
        run_with("", ', "grid": {"steps": [100, 200]}, "prune": {"halving": {"rungs": [100]}}, "refine": {"axes": ["steps"]}'),
        {(1, 111): ("refine", "cuts runs short", "one of the two")}),
    "fraction 0": (
        run_with(', "train_fraction": 0'),
        {(1, 57): ("run.train_fraction", "expected number > 0 and <= 1, found 0", "")}),
    "fraction 1.5": (
        run_with(', "train_fraction": 1.5'),
        {(1, 57): ("run.train_fraction", "found 1.5", "")}),
    "fraction that leaves no test input": (
        run_with(', "train_fraction": 0.99999'),
        {(1, 57): ("run.train_fraction", "no test input is left", "1 = no test set")}),
    "share and number of train inputs": (
        run_with(', "train_fraction": 0.5, "train_inputs": 20'),
        {(1, 78): ("run.train_inputs", "both say how much is trained on", "leave out one")}),
    "more train inputs than there are": (
        run_with(', "train_inputs": 100000'),
        {(1, 55): ("run.train_inputs", "100000 train inputs of a table that has", "")}),
    "heads do not divide d_model": (
        run_with(', "model": {"heads": 5}'),
        {(1, 58): ("run.model.heads", "5 heads do not divide d_model = 64", "divisor")}),
    "heads do not divide d_model of an axis": (
        run_with("", ', "grid": {"model.d_model": [64, 66, 128]}'),
        {(1, 71): ("grid.model.d_model[1]", "4 heads do not divide d_model = 66", "divisor")}),
    "empty grid": (
        run_with("", ', "grid": {}'),
        {(1, 48): ("grid", "found an empty object", "leave it out")}),
    "axis without values": (
        run_with("", ', "grid": {"seed": []}'),
        {(1, 57): ("grid.seed", "without values", "leave the axis out")}),
    "empty range": (
        run_with("", ', "grid": {"seed": {"range": [5, 5]}}'),
        {(1, 67): ("grid.seed.range", "the range is empty", "a..b-1")}),
    "unknown generator": (
        run_with("", ', "grid": {"seed": {"rang": [0, 5]}}'),
        {(1, 58): ("grid.seed.rang", "unknown generator", "range")}),
    "exponents as ends of a logspace": (
        run_with("", ', "grid": {"optimizer.weight_decay": {"logspace": [-2, 1, 4]}}'),
        {(1, 88): ("grid.optimizer.weight_decay.logspace", "ends above 0", "not exponents")}),
    "axis as a scalar": (
        run_with("", ', "grid": {"seed": 3}'),
        {(1, 57): ("grid.seed", "expected an array of values or a generator, found 3", "range")}),
    "unknown axis": (
        run_with("", ', "grid": {"symmetry.comutativity.weight": [0, 1]}'),
        {(1, 49): ("grid.symmetry.comutativity.weight", "unknown key", "symmetry.commutativity.weight")}),
    "axis that starts with run": (
        run_with("", ', "grid": {"run.seed": [0, 1]}'),
        {(1, 49): ("grid.run.seed", "unknown key", "below run: seed")}),
    "axis twice": (
        run_with("", ', "grid": {"seed": [0, 1]}, "zip": {"seed": [3]}'),
        {(1, 49): ("grid.seed", "an axis already, in zip", "")}),
    "value twice": (
        run_with("", ', "grid": {"seed": [0, 1, 0]}'),
        {(1, 64): ("grid.seed[2]", "twice", "once")}),
    "zip of unequal lengths": (
        run_with("", ', "zip": {"task.p": [59, 61], "steps": [1, 2, 3]}'),
        {(1, 77): ("zip.steps", "3 values, but task.p has 2", "equal lengths")}),
    "random without samples": (
        run_with("", ', "random": {"seed": {"integer": [0, 9]}}'),
        {(1, 50): ("random", "samples is missing", "")}),
    "random with an unknown law": (
        run_with("", ', "random": {"samples": 2, "steps": {"loguniform": [1, 9]}}'),
        {(1, 75): ("random.steps.loguniform", "unknown law", "log_uniform")}),
    "cases with one label": (
        run_with("", ', "cases": [{"label": "a"}, {"label": "a", "seed": 1}]'),
        {(1, 76): ("cases[1].label", "stands at case 0", "own label")}),
    "two runs of one identity": (
        run_with("", ', "grid": {"optimizer.kind": ["adamw", "sgd"], "phase.tau": [0.1, 0.2]}'),
        {(1, 48): ("grid", "run 0 (optimizer.kind adamw, phase.tau 0.1) and run 1 (optimizer.kind adamw, phase.tau 0.2), "
                   "and 1 more", "phase and checkpoint make no other run")}),
    "NaN": (
        run_with(', "optimizer": {"learning_rate": NaN}'),
        {(1, 70): ("", "no NaN", "")}),
    "Infinity": (
        run_with(', "optimizer": {"learning_rate": -Infinity, "beta1": 2}'),
        {(1, 70): ("", "no Infinity", ""), (1, 90): ("run.optimizer.beta1", ">= 0 and < 1, found 2", "")}),
    "1e400": (
        run_with(', "optimizer": {"learning_rate": 1e400}'),
        {(1, 70): ("run.optimizer.learning_rate", "1e400 is beyond the largest number", "")}),
    "integer beyond 2^53": (
        run_with(', "seed": 9007199254740993'),
        {(1, 47): ("run.seed", "9007199254740993 is beyond 2^53", "")}),
    "leading zero": (
        run_with(', "seed": 007'),
        {(1, 47): ("", "'007' is not a number", "leading zero")}),
    "truncated": (
        '{\n  "run": {\n    "task": {"kind": "modu',
        {(3, 22): ("", "the string is not closed", "")}),
    "truncated between values": (
        '{\n  "run": {\n    "task": {"kind": "modular"},\n',
        {(4, 1): ("", "the file ends early: the '{' of line 2, column 10 is not closed", "")}),
    "empty file": ("", {(1, 1): ("", "the file is empty", "")}),
    "only blanks": (" \n \n", {(3, 1): ("", "the file is empty", "")}),
    "trailing text": (
        GOOD + "\n{}",
        {(2, 1): ("", "expected the end of the file after the object, found '{'", "")}),
    "an array at the top": ("[]", {(1, 1): ("", "expected an object, found an array", "")}),
    "binary": (
        b"\x7fELF\x02\x01\x01\x00\x00\x00\x00",
        {(1, 1): ("", "binary", "")}),
    "binary without zero bytes": (
        b'{"name": "\xff\xfe\xfa"}',
        {(1, 11): ("", "not UTF-8", "save the file as UTF-8")}),
    "columns count characters": (
        '{"name": "gr\u00f6\u00dfe", "rum": {}, "run": {"task": {"kind": "modular"}}}',
        {(1, 19): ("rum", "unknown key", "run")}),
    "200-deep nesting": (
        '{"run": ' + "[" * 200 + "]" * 200 + "}",
        {(1, 72): ("", "nested more than 64 deep", "")}),
    "10^12 runs of one axis": (
        run_with("", ', "grid": {"seed": {"range": [0, 1000000000000]}}'),
        {(1, 67): ("grid.seed.range", "1000000000000 values; a sweep has at most 200000 runs", "")}),
    "10^12 runs of a product": (
        run_with("", ', "grid": {"seed": {"range": [0, 10000]}, "data_seed": {"range": [0, 10000]},'
                     ' "evaluate.every": {"range": [1, 10001]}}'),
        {(1, 40): ("grid", "1000000000000 runs; at most 200000", "split")}),
    "runs beyond 2^64": (
        run_with("", ', "grid": {%s}' % ", ".join(
            '"symmetry.%s.weight": {"range": [0, 200000]}' % f for f in
            ("commutativity", "associativity", "translation", "negation", "scaling"))),
        {(1, 40): ("grid", "more than 18446744073709551615 runs", "split")}),
    "a hole in the keys": (
        '{"run": {}}',
        {(1, 9): ("run", "task.kind is missing", "")}),
    "no run": (
        '{"name": "x"}',
        {(1, 1): ("", "the key run is missing", "task"), }),
    "key of another task": (
        '{"run": {"task": {"kind": "graph", "p": 59}}}',
        {(1, 36): ("run.task.p", "concerns no run of the sweep: it needs task.kind modular", "remove")}),
    "family of another task": (
        run_with(', "symmetry": {"triangle": {"weight": 1}}'),
        {(1, 75): ("run.symmetry.triangle.weight", "triangle is not defined on this modular task", "commutativity"),
         }),
    "weight that ends before it begins": (
        run_with(', "geometry": {"nuclear": {"weight": 1, "from_step": 50, "until_step": 20}}'),
        {(1, 108): ("run.geometry.nuclear.until_step", "ends at step 20, before it begins", "end")}),
    "sides of another graph": (
        '{"run": {"task": {"kind": "graph", "graph": "grid3d", "sides": [7, 7]}}}',
        {(1, 64): ("run.task.sides", "a grid3d has 3 sides, found 2", "")}),
    "edge list that is missing": (
        '{"run": {"task": {"kind": "graph", "graph": "edge_list", "file": "nowhere.txt"}}}',
        {(1, 66): ("run.task.file", "No such file or directory", "relative paths")}),
    "no tuple within the train split": (
        '{"run": {"task": {"kind": "modular", "p": 7}, "train_fraction": 0.04,\n'
        '"symmetry": {"commutativity": {"weight": 1, "inputs": "train"}}}}',
        {(2, 55): ("run.symmetry.commutativity.inputs", "no tuple of commutativity lies within the train split of 2 inputs",
                   "train on more")}),
    "an output whose side files have no names": (
        '{"output": "%s.h5", "run": {"task": {"kind": "modular"}}}' % ("x" * 237),
        {(1, 12): ("output", "has 240 bytes; at most 239", "shorter")}),
    "an output with a path too long": (
        '{"output": "%s.h5", "run": {"task": {"kind": "modular"}}}' % ("/x" * 250 + "x" * 12),
        {(1, 12): ("output", "expected a text of 1 to 512 bytes", "")}),
    "a label too long": (
        run_with("", ', "cases": [{"label": "%s"}]' % ("x" * 128)),
        {(1, 60): ("cases[0].label", "at most 127 bytes, this one has 128", "shorten")}),
    "name with a slash": (
        '{"name": "../x", "run": {"task": {"kind": "modular"}}}',
        {(1, 10): ("name", "no slash", "safe")}),
    "many at once": (
        '{\n'
        ' "run": {\n'
        '  "task": {"kind": "modular", "p": 1},\n'
        '  "train_fraction": 0,\n'
        '  "model": {"layers": "one", "d_modle": 64},\n'
        '  "optimizer": {"betaa1": 0.9, "beta2": 1.5},\n'
        '  "seed": -1,\n'
        ' },\n'
        ' "grid": {"sead": [1]}\n'
        '}',
        {(3, 36): ("run.task.p", "expected integer 2..4096, found 1", ""),
         (4, 21): ("run.train_fraction", "found 0", ""),
         (5, 23): ("run.model.layers", "expected integer 1..12", ""),
         (5, 30): ("run.model.d_modle", "unknown key", "d_model"),
         (6, 17): ("run.optimizer.betaa1", "unknown key", "beta1"),
         (6, 41): ("run.optimizer.beta2", "found 1.5", ""),
         (7, 11): ("run.seed", "found -1", ""),
         (7, 13): ("", "no comma", "remove"),
         (9, 11): ("grid.sead", "unknown key", "seed")}),
    "errors of keys and of tasks at once": (
        '{"run": {"task": {"kind": "modular", "operation": "div", "p": 60}, "sed": 1}}',
        {(1, 63): ("run.task.p", "prime", ""), (1, 68): ("run.sed", "unknown key", "seed")}),
}

# name: (how to make it, words of the message)
FILES = {
    "a directory": (os.mkdir, "directory"),
    "a missing file": (lambda path: None, "No such file"),
    "a FIFO": (os.mkfifo, "not a regular file"),
    "a device": (lambda path: os.symlink("/dev/zero", path), "not a regular file"),
    "an unreadable loop of links": (lambda path: os.symlink(path, path), "symbolic links"),
    "more than 16 MiB": (lambda path: pathlib.Path(path).write_text(" " * (16 * 2 ** 20 + 1)), "16 MiB"),
}

# Large files that must not cost much.
LARGE = {
    "a million values": ('{"run": {"task": {"kind": "modular"}}, "grid": {"seed": [' + "1," * 999999 + "1]}}",
                         "more than 250000 values"),
    "100000 unknown keys": ('{"run": {"task": {"kind": "modular"}, ' + ", ".join('"k%d": 1' % i for i in range(100000))
                            + "}}", "unknown key"),
    "100000 repeated keys": ('{"run": {' + ", ".join('"seed": 1' for i in range(100000)) + "}}", "stands twice"),
    "a string of 15 MiB": ('{"name": "' + "x" * 15 * 2 ** 20 + '"}', "100 bytes"),
    "a file of control characters": ('{"name": "' + "\x01" * 2 ** 20 + '"}', "control character"),
    "a file of wrong bytes": (b'{"name": "' + b"\xff" * 2 ** 20 + b'"}', "not UTF-8"),
    "a file of opening brackets": ("[" * 2 ** 20, "nested more than 64 deep"),
    "a file of commas": ("," * 2 ** 20, "expected a value"),
    "a number of a million digits": (run_with(', "seed": ' + "1" * 10 ** 6), "1000000 characters"),
    "200000 runs that all fail": (run_with(', "model": {"heads": 5}', ', "grid": {"seed": {"range": [0, 200000]}}'),
                                  "do not divide"),
    "100000 wrong values of an axis": (run_with("", ', "grid": {"seed": ['
                                                + ",".join(str(-i) for i in range(1, 100001)) + "]}"), "found -1"),
}


class Broken(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "sweep.json")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, text):
        with open(self.path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def refuse(self):
        code, out, err, seconds, megabytes = check(self.path, "--json")
        self.assertEqual(code, 2, err)
        if not SANITIZED:
            self.assertLess(seconds, SECONDS)
            self.assertLess(megabytes, MEGABYTES)
        answer = json.loads(out)
        self.assertFalse(answer["valid"])
        self.assertTrue(answer["errors"])
        for error in answer["errors"]:
            place = "%s:%d:%d: " % (self.path, error["line"], error["column"]) if error["line"] else self.path + ": "
            self.assertIn(place, err)
        return answer["errors"], err

    def test_texts(self):
        for name, (text, expected) in CASES.items():
            with self.subTest(name):
                self.write(text)
                errors, err = self.refuse()
                found = {(e["line"], e["column"]): e for e in errors}
                self.assertEqual(sorted(found), sorted(expected), err)
                self.assertEqual(len(errors), len(expected), err)
                for place, (path, message, hint) in expected.items():
                    self.assertEqual(found[place]["path"], path)
                    self.assertIn(message, found[place]["message"])
                    self.assertIn(hint, found[place]["hint"])

    def test_files(self):
        for name, (make, message) in FILES.items():
            with self.subTest(name):
                self.path = os.path.join(self.folder.name, name.replace(" ", "_") + ".json")
                make(self.path)
                errors, err = self.refuse()
                self.assertEqual(len(errors), 1, err)
                self.assertIn(message, errors[0]["message"])

    def test_large_files(self):
        for name, (text, message) in LARGE.items():
            with self.subTest(name):
                self.write(text)
                errors, err = self.refuse()
                self.assertTrue(any(message in error["message"] for error in errors), err[:1000])
                self.assertLess(len(err), 200000)

    def test_every_truncation(self):
        text = json.dumps({"name": "q", "run": {"task": {"kind": "modular", "p": 7}, "save": {"split": True}},
                           "grid": {"seed": [1, 2], "optimizer.beta1": [0.5, 1e-3]}})
        for length in range(0, len(text), 5 if not SANITIZED else 11):
            self.write(text[:length])
            code, _, err, _, _ = check(self.path)
            self.assertEqual(code, 2, text[:length])
            self.assertIn(self.path + ":1:", err)

    def test_the_good_one_is_accepted(self):
        self.write(GOOD)
        code, out, err, _, _ = check(self.path)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("runs        1", out)


if __name__ == "__main__":
    sys.exit(unittest.main())
