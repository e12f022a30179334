"""Tasks from a file: how other programs write tables, what is refused and in which line, and what is found on them."""

import csv
import hashlib
import io
import itertools
import random
import tempfile
import unittest
from pathlib import Path

import numpy as np
import pandas as pd

from dump import bits, dump, run


class Tables(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name, "table.txt")

    def load(self, content, **options):
        run.cache_clear()  # the file has another content under the same name
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return dump(kind="table", file=self.path, **options)


def text(rows, separator=","):
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def expected(rows):
    """Operands and labels by number, in lexicographic order, from rows of Python integers and strings."""
    def numbered(words):
        seen = list(dict.fromkeys(words))
        return {w: i for i, w in enumerate(sorted(w for w in seen if isinstance(w, int)) + [w for w in seen if isinstance(w, str)])}
    tokens = numbered(w for row in rows for w in row[:-1])
    labels = numbered(row[-1] for row in rows)
    return sorted(([tokens[w] for w in row[:-1]], labels[row[-1]]) for row in rows)


class Reading(Tables):
    def same(self, content, rows, **options):
        found, wanted = self.load(content, **options), expected(rows)
        self.assertEqual(found["message"], "")
        width = len(rows[0]) - 1
        self.assertEqual(found["operands"], width)
        self.assertEqual(np.reshape(found["input"], (-1, found["tokens"]))[:, :width].tolist(), [w[0] for w in wanted])
        self.assertEqual(found["true_label"], [w[1] for w in wanted])
        self.assertEqual(found["classes"], len({w[1] for w in wanted}))
        self.assertEqual(found["entities"], len({t for w in wanted for t in w[0]}))
        return found

    ADD = [(x, y, (x + y) % 5) for x in range(5) for y in range(5)]
    WORDS = [("red", "blue", "violet"), ("blue", "yellow", "green"), ("red", "yellow", "orange"), ("blue", "blue", "blue")]

    def test_separators_encodings_and_line_ends(self):
        for separator in (",", ";", "\t", " ", "  ", ", ", " ; "):
            plain = text(self.ADD, separator)
            for content in (plain, plain.replace("\n", "\r\n"), "\ufeff" + plain, plain.rstrip(), "\n\n" + plain + " \n\n",
                            "# a table\n" + plain, plain.replace("\n", "  # sum\n"), "\ufeff" + plain.replace("\n", "\r\n")):
                with self.subTest(separator=separator, content=content[:40]):
                    self.assertFalse(self.same(content, self.ADD)["listed"])

    def test_pandas(self):
        frame = pd.DataFrame(self.ADD, columns=["x", "y", "label"])
        self.assertEqual(self.same(frame.to_csv(index=False), self.ADD)["header_line"], 1)
        self.assertEqual(self.same(frame.to_csv(index=False, header=False), self.ADD)["header_line"], 0)
        self.same(frame.to_csv(index=False, sep=";"), self.ADD)
        self.same(frame.to_csv(index=False, sep="\t", quoting=csv.QUOTE_ALL), self.ADD)
        self.same(frame.astype(float).to_csv(index=False), self.ADD)
        words = pd.DataFrame(self.WORDS, columns=["a", "b", "mix"])
        self.same(words.to_csv(index=False), self.WORDS, header=True)
        self.same(words.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC), self.WORDS, header=True)

    def test_numpy(self):
        for options in ({}, {"fmt": "%d"}, {"fmt": "%d", "delimiter": ","}, {"fmt": "%d", "header": "x y sum"},
                        {"fmt": "%.3f", "delimiter": ";", "newline": "\r\n"}):
            with self.subTest(options):
                out = io.StringIO(newline="")
                np.savetxt(out, np.array(self.ADD), **options)
                self.same(out.getvalue(), self.ADD)

    def test_words_with_blanks_behind_numbers_apart_by_tabs(self):
        rows = [(1, 2, 3), (1, "a b", 5), ("a b", 2, "c d")]
        self.same(text(rows, "\t"), rows)
        self.same("1 2\t3\n4 5\t6\n", [(1, 2, 3), (4, 5, 6)])
        self.same("1\t2 3\n4 5\t6\n", [(1, 2, 3), (4, 5, 6)])

    def test_spreadsheets(self):
        self.same("\ufeffx;y;sum\r\n" + text(self.ADD, ";").replace("\n", "\r\n"), self.ADD)
        self.same("\ufeffsep=;\r\nx;y;sum\r\n" + text(self.ADD, ";").replace("\n", "\r\n"), self.ADD)
        self.same("\ufeffFarbe A;Farbe B;gemischt\r\n" + text(self.WORDS, ";").replace("\n", "\r\n"), self.WORDS, header=True)

    def test_order_of_lines_does_not_matter(self):
        draw = random.Random(3)
        rows = list(self.ADD)
        for _ in range(5):
            draw.shuffle(rows)
            self.same(text(rows), rows)

    def test_numbers_come_in_numeric_order_and_words_behind_them(self):
        rows = [(10, "plus", 9, 19), (9, "plus", 10, 19), (100, "minus", 9, 91), (-3, "plus", 9, 6)]
        found = self.same(text(rows, " "), rows)
        self.assertEqual(found["input"][:3], [0, 4, 1])  # -3, plus, 9 among -3 9 10 100 plus minus

    def test_an_operator_as_middle_operand(self):
        rows = [(x, op, y, (x + y if op == "+" else x - y if op == "-" else x * y) % 7) for x in range(7) for op in "+-*" for y in range(7)]
        for separator in (" ", ",", "\t"):
            self.assertTrue(self.same(text(rows, separator), rows)["listed"])
        rows = [(x, op, y, (x * y if op == "%" else x + y) % 5) for x in range(5) for op in "%@" for y in range(5)]
        self.same(text(rows, " "), rows)

    def test_three_to_sixteen_operands(self):
        draw = random.Random(1)
        for operands in range(3, 17):
            size = 2 if operands > 8 else 3
            every = list(itertools.product(range(size), repeat=operands)) if operands < 8 else None
            inputs = every or {tuple(draw.randrange(size) for _ in range(operands)) for _ in range(300)}
            rows = [(*x, sum(x) % size) for x in sorted(inputs)]
            with self.subTest(operands=operands):
                found = self.same(text(draw.sample(rows, len(rows))), rows)
                self.assertEqual(found["listed"], every is None)

    def test_a_single_operand(self):
        rows = [(x, x * x % 11) for x in range(11)]
        found = self.same(text(rows), rows)
        self.assertFalse(found["families"]["commutativity"]["applies"])
        self.assertFalse(found["families"]["associativity"]["applies"])

    def test_spellings_of_one_number_are_one_token(self):
        self.same("1,2.0,3\n1e0,+1,05\n", [(1, 2, 3), (1, 1, 5)])

    def test_numbers_are_told_apart_exactly(self):
        """Whatever a double makes of them; what is not decimal is a word."""
        spelled = {"9007199254740992": 2**53, "9007199254740993": 2**53 + 1, "9007199254740993.0": 2**53 + 1, "9007199254740994.": 2**53 + 2,
                   "0.99999999999999999999": "0.99999999999999999999", "1": 1, "10e-1": 1, "0.01e2": 1, "1.00000000000000000001": "1.00000000000000000001",
                   "1e-400": "1e-400", "0": 0, "0e-400": 0, "-0.0": 0, "0x10": "0x10", "16": 16, "1e17": 10**17, "1e18": "1e18", "1e999999999": "1e999999999",
                   "inf": "inf", "-5e0": -5, "1.000000000000000000e+00": 1, "1.130000000000000000e+02": 113, ".5e1": 5}
        self.same("".join("%s,%d,%s\n" % (w, 1000 + i, w) for i, w in enumerate(spelled)), [(n, 1000 + i, n) for i, n in enumerate(spelled.values())])

    def test_random_tables_of_words_and_numbers(self):
        draw = random.Random(5)
        for case in range(60):
            words = [draw.choice([draw.randrange(-20, 2000), "w%d" % k, "ü%d" % k, "a b%d" % k, "q\"%d" % k]) for k in range(draw.randrange(2, 9))]
            operands = draw.randrange(1, 5)
            inputs = {tuple(draw.choice(words) for _ in range(operands)) for _ in range(30)}
            rows = [(*x, draw.choice(words)) for x in sorted(inputs, key=str)]
            out = io.StringIO()
            csv.writer(out, delimiter=draw.choice(",;\t"), lineterminator=draw.choice(["\n", "\r\n"])).writerows(rows)
            with self.subTest(case=case):
                self.same(out.getvalue(), [tuple(w.replace('"', '""') if isinstance(w, str) else w for w in row) for row in rows])

    def test_largest(self):
        rows = [(x, (x * 7) % 4096) for x in range(4096)]
        self.same(text(rows), rows, time_limit=0.1)  # of the search for its 4096! symmetries


class Refusals(Tables):
    def refused(self, content, *words, **options):
        found = self.load(content, **options)
        self.assertLess(found["status"], 0, found["message"])
        self.assertTrue(found["message"].startswith("task.file:"), found["message"])
        for word in words:
            self.assertIn(word, found["message"])

    def test_broken_tables(self):
        good = "0,0,0\n0,1,1\n1,0,1\n"
        line = str(self.path) + ":%d:"
        refusals, lines = set(), 0
        for content, words in [
                ("", ["no inputs"]), ("\n\n", ["no inputs"]), ("# only\n", ["no inputs"]), ("\ufeff", ["no inputs"]),
                ("sep=;\n", ["no inputs"]),
                (good + "1,1\n", [line % 4, "3 fields as in line 1", "1,1"]),
                (good + "1,1,0,0\n", [line % 4, "3 fields as in line 1"]),
                ("x,y,z\n" + good + "1,1\n", [line % 5, "3 fields as in line 2"]),
                (good + "\n\n1 1 0\n", [line % 6, "3 fields"]), (good + "1;1;0\n", [line % 4, "3 fields"]),
                (good + "1,,0\n", [line % 4, "token", "missing"]), (good + ",1,0\n", [line % 4, "token", "missing"]),
                (good + "1,1,\n", [line % 4, "label", "missing"]), (good + "1,nan,0\n", [line % 4, "token", "missing"]),
                (good + "1,1,NaN\n", [line % 4, "label", "missing"]), (good + '1,"",0\n', [line % 4, "missing"]),
                (good + "1,  ,0\n", [line % 4, "missing"]),
                (good + "0,1,0\n", ["lines 2 and 4", "same input"]), (good + "0,1,1\n", ["lines 2 and 4"]),
                (good + "0.0,1e0,1\n", ["lines 2 and 4"]), ("a,b,c\na,b,d\n", ["lines 1 and 2"]),
                ("# c\na b c\n\na  b d\n", ["lines 2 and 4"]),
                (good + '1,"1,0\n', [line % 4, "quote"]), ('"a,b,c\n', [line % 1, "quote"]),
                ("1\n2\n3\n", [line % 1, "1 to 16 operands and a label"]), ("word\n", [line % 1, "1 to 16 operands"]),
                (" ".join(["0"] * 18) + "\n", [line % 1, "1 to 16 operands"]),
                (",x,y,label\n0,0,0,0\n1,0,1,1\n", ["index=False", line % 1]),
                (";x;y;label\n0;0;0;0\n", ["index=False"]),
                (text([(x, 0) for x in range(4097)]), ["4096 different tokens", line % 4097]),
                (text([(x % 70, x // 70, x) for x in range(4097)]), ["4096 different labels", line % 4097]),
                (text([("w%d" % x, 0) for x in range(4097)]), ["4096 different tokens"]),
                ("0,0,0\0\n", ["zero byte"]), (b"\xff\xfe0\x00,\x001\x00", ["UTF-16"]), (b"0\x00,\x001\x00\n\x00", ["UTF-16"]),
                ("0,0,0\n0,1\n", [line % 2]), ("0 0 0\n0 1 1 1\n", [line % 2]), ("0\t0\t0\n0\t1\n", [line % 2]),
                (good.replace("\n", "\r") + "1,1\r", [line % 4]), ("x,y,z\nx,y\n", [line % 2]),
                ("0,0,0 # a\n0,1 # b\n", [line % 2]),
                ("0,0,\n", [line % 1, "label", "missing"]), ("0\t0\t0\n0\t\t1\n", [line % 2, "token", "missing"]),
                ("a;b;c\na;;d\n", [line % 2, "token", "missing"]), (good + "nan,1,1\n", [line % 4, "token", "missing"]),
                ("a b c\n# x\na b\n", [line % 3, "3 fields"]), (good + "1,1,0,\n", [line % 4, "3 fields"]),
                ("0,0,0\n0" + ",1" * 20 + "\n", [line % 2, "3 fields"]), ('0,0,0\n"0,1",1\n', [line % 2, "3 fields"]),
                ("\ufeff0,0,0\r\n0,1\r\n", [line % 2, "3 fields"]), ("sep=;\n0;0;0\n0;1\n", [line % 3, "3 fields as in line 2"]),
                ("sep=;\n0,0,0\n", [line % 2, "1 to 16 operands"]), ("0|0|0\n0|1|1\n", [line % 1, "1 to 16 operands"]),
                ('{"table": [0,0,0]}\n', [line % 1, "1 to 16 operands"]), ("[[0,0,0],\n[0,1,1]]\n", [line % 1, "label"]),
                ('0,0,0\n0,1,"1""\n', [line % 2, "quote"]), ('"x,y,label\n0,0,0\n', [line % 1, "quote"]),
                ('a b c\na b "c d\n', [line % 2, "quote"]), ('"","x","y","label"\n"1",0,0,0\n', ["index=False", line % 1]),
                ("0 1 0 1\n0 0 0 0\n0 1 0 0\n", ["lines 1 and 3"]), ('"a",b,c\na,"b",d\n', ["lines 1 and 2"]),
                ("-0,1,0\n0,1,1\n", ["lines 1 and 2"]), ("0,1\n0,1\n", ["lines 1 and 2"]),
                ("x,y,z\r\n0,0,0\r\n0,1,1\r\n0,1,0\r\n", ["lines 3 and 4"]),
                (b"rot,rot,rot\nrot,gr\xfcn,braun\n", [line % 2, "UTF-8", "rot,gr\\xfcn"]),
                (b"rot,rot,rot\nrot,gr\xc3,braun\n", [line % 2, "UTF-8"]), (b"# \xe4\n0,0,0 # \xe4\n0,1,\xff\n", [line % 3, "UTF-8"])]:
            with self.subTest(content=content[:60]):
                self.refused(content, *words)
                refusals.add(content)
                lines += any("table.txt:" in word or word.startswith("lines ") for word in words)
        self.assertGreater(len(refusals), 60)
        self.assertGreater(lines, 50)  # where a line is at fault, it is named

    def test_a_first_line_that_may_be_a_header_is_told(self):
        names = "first,second,mixed\n"
        self.assertEqual(self.load(names + text(Reading.WORDS))["lone_line"], 1)
        self.assertEqual(self.load("# colours\n\n" + names + text(Reading.WORDS))["lone_line"], 3)
        self.assertEqual(self.load(names + text(Reading.WORDS), header=True)["lone_line"], 0)
        self.assertEqual(self.load("x,y,sum\n" + text(Reading.ADD))["lone_line"], 0)
        for content in (text(Reading.WORDS), text(Reading.ADD), "red,second,mixed\n" + text(Reading.WORDS),
                        "first,second,green\n" + text(Reading.WORDS), "a,b,c\n"):
            self.assertEqual(self.load(content)["lone_line"], 0, content)

    def test_a_word_among_numbers_is_told(self):
        def mixed(content):
            notes = self.load(content)
            return notes["mixed_line"], notes["mixed_column"]
        self.assertEqual(mixed("0,0,0\n0,1,1\n1,O,1\n1,1,0\n"), (3, 2))
        self.assertEqual(mixed("0,0,0\n0,1,1\n1,0,l\n1,1,0\n"), (3, 3))
        self.assertEqual(mixed("a,a,b\nb,7,a\nb,a,a\n"), (2, 2))  # the other way round
        for content in ("0,+,0,0\n0,+,1,1\n1,-,0,1\n", "0,0,even\n0,1,odd\n", text(Reading.WORDS), text(Reading.ADD)):
            self.assertEqual(mixed(content), (0, 0), content)

    def test_header_is_not_an_input(self):
        self.refused("x,y,label\n", "no inputs", header=True)
        self.refused("x,y,label\nx,y\n", ":2:", header=False)

    def test_no_such_file(self):
        run.cache_clear()
        found = dump(kind="table", file="/nowhere/table.csv")
        self.assertIn("cannot open", found["message"])
        self.assertIn("not a regular file", dump(kind="table", file=self.folder.name)["message"])

    def test_the_content_is_what_was_planned_with(self):
        content = "0,0,0\n0,1,1\n"
        digest = hashlib.sha256(content.encode()).hexdigest()
        self.assertEqual(self.load(content, sha256=digest)["message"], "")
        self.refused("0,0,1\n0,1,1\n", "no longer what the sweep was planned with", sha256=digest)


class Truth(Tables):
    """What is true of a table is found on it, by brute force here."""

    def families(self, rows, **options):
        return self.load(text(rows), tuples=True, **options)["families"]

    def test_products(self):
        draw = random.Random(2)
        operations = {"add": lambda x, y: (x + y) % 6, "sub": lambda x, y: (x - y) % 6, "mul": lambda x, y: x * y % 6,
                      "min": min, "left": lambda x, y: x, "square": lambda x, y: (x * x + y * y) % 6,
                      "random": lambda x, y: draw.randrange(6)}
        for name, f in operations.items():
            table = {(x, y): f(x, y) for x in range(6) for y in range(6)}
            if len(set(table.values())) < 6:
                table[0, 0] = 5  # so that all six are classes
                table.update({(0, k): k for k in range(5)})
            found = self.families([(*x, c) for x, c in table.items()])
            commutes = all(table[x, y] == table[y, x] for x, y in table)
            associates = all(table[table[x, y], z] == table[x, table[y, z]] for x, y in table for z in range(6))
            with self.subTest(name):
                self.assertTrue(found["commutativity"]["applies"] and found["associativity"]["applies"])
                self.assertEqual(found["commutativity"]["holds"], commutes)
                self.assertEqual(found["associativity"]["holds"], associates)
                for family in ("translation", "negation", "scaling", "triangle", "transitivity"):
                    self.assertFalse(found[family]["applies"])

    def test_random_products(self):
        """Tables with few values, so that some are associative and some commute; with holes too."""
        draw = random.Random(7)
        seen = set()
        for case in range(150):
            n = draw.choice([2, 3])
            table = {(x, y): draw.randrange(n) for x in range(n) for y in range(n)}
            if case % 3 == 0:
                table = {x: max(x) if draw.random() < 0.9 else 0 for x in table}
            if case % 5 == 0:
                del table[draw.randrange(n), draw.randrange(n)]
            if {c for c in table.values()} != set(range(n)) or {t for x in table for t in x} != set(range(n)):
                continue
            commutes = all(table.get((y, x), c) == c for (x, y), c in table.items())
            def product(x, y):
                return None if x is None or y is None else table.get((x, y))
            associates = True
            for x, y, z in itertools.product(range(n), repeat=3):
                a, b = product(product(x, y), z), product(x, product(y, z))
                associates &= a is None or b is None or a == b
            found = self.families([(*x, c) for x, c in table.items()])
            with self.subTest(case=case, table=table):
                self.assertEqual(found["commutativity"]["applies"], any(x != y and (y, x) in table for x, y in table))
                for family, holds in (("commutativity", commutes), ("associativity", associates)):
                    if found[family]["applies"]:
                        self.assertEqual(found[family]["holds"], holds)
                        seen.add((family, holds))
        self.assertEqual(len(seen), 4)

    def test_tuples_of_a_table_with_holes(self):
        draw = random.Random(4)
        table = {(x, y): (x + y) % 6 for x in range(6) for y in range(6) if draw.random() < 0.7}
        order = {x: i for i, x in enumerate(sorted(table))}
        found = self.families([(*x, c) for x, c in table.items()])
        swaps = {(order[x, y], order[y, x]) for x, y in table if x != y and (y, x) in table}
        self.assertEqual({tuple(t[:2]) for t in found["commutativity"]["tuples"]}, swaps)
        triples = set()
        for x, y, z in itertools.product(range(6), repeat=3):
            if (x, y) not in table or (y, z) not in table:
                continue
            left, right = (table[x, y], z), (x, table[y, z])
            if left in table and right in table and left != right:
                triples.add((order[left], order[right]))
        self.assertEqual({tuple(t[:2]) for t in found["associativity"]["tuples"]}, triples)

    def test_neighbouring_operands_are_exchanged(self):
        rows = [(x, y, z, (x + y + z) % 3) for x in range(3) for y in range(3) for z in range(3)]
        found = self.families(rows)["commutativity"]
        self.assertTrue(found["holds"])
        def at(x):
            return (x[0] * 3 + x[1]) * 3 + x[2]
        pairs = {(at(x), at((x[1], x[0], x[2]))) for x in itertools.product(range(3), repeat=3)}
        pairs |= {(at(x), at((x[0], x[2], x[1]))) for x in itertools.product(range(3), repeat=3)}
        self.assertEqual({tuple(t[:2]) for t in found["tuples"]}, {p for p in pairs if p[0] != p[1]})
        self.assertFalse(self.families([(x, y, z, (x + y - z) % 3) for x, y, z, _ in rows])["commutativity"]["holds"])

    def test_mirrors_where_the_table_commutes(self):
        add = self.load(text([(x, y, (x + y) % 4) for x in range(4) for y in range(4)]))
        self.assertEqual(add["mirror"], [y * 4 + x for x in range(4) for y in range(4)])
        self.assertIsNone(self.load(text([(x, y, (x - y) % 4) for x in range(4) for y in range(4)]))["mirror"])
        holes = [(x, y) for x in range(4) for y in range(4) if (x, y) != (1, 2)]
        found = self.load(text([(x, y, (x + y) % 4) for x, y in holes]))
        self.assertEqual(found["mirror"], [holes.index((y, x)) if (y, x) in holes else -1 for x, y in holes])

    def test_classes_that_are_no_tokens_make_no_product(self):
        rows = [(x, y, ("even", "odd")[(x + y) % 2]) for x in range(4) for y in range(4)]
        found = self.families(rows)
        self.assertFalse(found["associativity"]["applies"])
        self.assertTrue(found["commutativity"]["holds"] and found["label_pairs"]["applies"])

    def test_the_same_table_as_modular_addition(self):
        p = 7
        found = self.load(text([(x, y, (x + y) % p) for x in range(p) for y in range(p)]), tuples=True, derived=bits("commutativity"))
        modular = dump(kind="modular", operation="add", p=p, tuples=True, derived=bits("commutativity"))
        for name in ("input", "label", "mirror", "split", "derived", "vocabulary", "classes"):
            self.assertEqual(found[name], modular[name], name)
        for family in ("commutativity", "associativity", "label_pairs"):
            self.assertEqual(found["families"][family], modular["families"][family])


if __name__ == "__main__":
    unittest.main()
