"""Graphs from files: what is tolerated, what is refused, and that the content must be what was planned with."""

import hashlib
import random
import tempfile
import unittest
from pathlib import Path

import reference
from dump import dump, run


class EdgeList(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name, "edges.txt")

    def load(self, content, **options):
        run.cache_clear() # the file has another content under the same name
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return dump(kind="graph", graph="edge_list", file=self.path, **options)

    def refused(self, content, *words, **options):
        found = self.load(content, **options)
        self.assertLess(found["status"], 0)
        self.assertTrue(found["message"].startswith("task.file:"), found["message"])
        for word in words:
            self.assertIn(word, found["message"])

    def test_distances_of_a_random_graph(self):
        draw = random.Random(1)
        nodes = list(range(40))
        edges = [(draw.randrange(v), v) for v in nodes[1:]] + [tuple(draw.sample(nodes, 2)) for _ in range(15)]
        found = self.load("".join(f"{a} {b}\n" for a, b in edges), tuples=True)
        expected = reference.graph_from_edges(nodes, edges)
        self.assertEqual(found["true_label"], expected["label"])
        self.assertEqual(found["classes"], expected["classes"])
        inputs = expected["inputs"]
        listed = {tuple(inputs[i] for i in row[:3]) + (None,) for row in found["families"]["triangle"]["tuples"]}
        self.assertEqual(listed, set(reference.triangle(expected)))

    def test_what_is_tolerated(self):
        plain = self.load("0 1\n1 2\n2 3\n")
        for content in ("# a path\n0 1\n1\t2 % SNAP or KONECT\n\n   \n2,3", "0;1\r\n1 , 2\r\n2 3\r\n", "  0 1\n1 2\n2 3\n2 1\n3 3\n",
                        "2 3\n1 2\n0 1\n"):
            with self.subTest(content=content):
                self.assertEqual(self.load(content)["label"], plain["label"])

    def test_node_numbers_are_ranked(self):
        """100 - 7 - 2000000000: tokens 0, 1, 2 are the nodes 7, 100, 2000000000."""
        self.assertEqual(self.load("100 7\n7 2000000000\n")["label"], [0, 1, 1, 1, 0, 2, 1, 2, 0])

    # ---- how other programs write edges; the triangle with a tail 1-2-3-1, 3-4 in each ----

    TAIL = "1 2\n2 3\n3 1\n3 4\n"

    def same_graph(self, content, **facts):
        plain, found = self.load(self.TAIL), self.load(content)
        self.assertEqual(found["message"], "")
        self.assertEqual(found["label"], plain["label"])
        for name, value in {"nodes": 4, "edges": 4, "diameter": 2, "components": 1, **facts}.items():
            self.assertEqual(found["graph"][name], value, name)

    def test_encodings_and_line_ends(self):
        for content in (b"\xef\xbb\xbf" + self.TAIL.encode(), self.TAIL.replace("\n", "\r\n"), self.TAIL.replace("\n", "\r"),
                        b"\xef\xbb\xbf" + self.TAIL.replace("\n", "\r\n").encode(), self.TAIL.rstrip(), "\n\n" + self.TAIL + "  \n\t\n",
                        self.TAIL.replace("\n", " \t\n"), b"\xef\xbb\xbf# a\r\n" + self.TAIL.replace("\n", "\r\n").encode()):
            with self.subTest(content=content):
                self.same_graph(content)

    def test_utf16_is_named(self):
        for code in ("utf-16", "utf-16-le", "utf-16-be"):
            with self.subTest(code):
                self.refused(self.TAIL.encode(code), "UTF-16", "UTF-8")

    def test_networkx(self):
        self.same_graph(self.TAIL.replace("\n", " {}\n"), further=4, further_line=1, further_text="{}")
        self.same_graph("".join(f"{line} {{'weight': 1.5, 'name': 'a b'}}\n" for line in self.TAIL.splitlines()), further=4)
        self.same_graph(self.TAIL.replace(" ", ",").replace("\n", ",{'weight': 1.0, 'x': 2}\n"), further=4)
        self.same_graph("#example.py\n# GMT Sat Nov 28\n#\n" + self.TAIL.replace("\n", " {}\n"), comments=3, further=4)
        found = self.load("Smith,J Doe,J {}\nDoe,J Lee,K {'weight': 2}\n")
        self.assertEqual((found["graph"]["nodes"], found["graph"]["edges"]), (3, 2))

    def test_snap_konect_and_matrix_market(self):
        self.same_graph("# Directed graph\n# Nodes: 4 Edges: 4\n# FromNodeId\tToNodeId\n" + self.TAIL.replace(" ", "\t"), comments=3)
        self.same_graph("% sym unweighted\n% 4 4 4\n" + self.TAIL, comments=2)
        self.same_graph("% sym positive\n" + self.TAIL.replace("\n", "\t1\t1082040961\n"), further=4, further_text="1\\t1082040961")
        self.same_graph("%%MatrixMarket matrix coordinate pattern symmetric\n% a comment\n4 4 4\n" + self.TAIL, counts_line=3)
        self.same_graph("%%MatrixMarket matrix coordinate real general\n4 4 4\n" + self.TAIL.replace("\n", " 0.5\n"), counts_line=2, further=4,
                        further_line=3)
        self.refused("%%MatrixMarket matrix coordinate pattern general\n4 4 5\n" + self.TAIL, ":2:", "entries", "4 4 5")
        self.refused("%%MatrixMarket matrix coordinate pattern general\n4 7 4\n" + self.TAIL, ":2:", "square")
        self.refused("%%MatrixMarket matrix array real general\n2 2\n1\n0\n0\n1\n", ":2:", "coordinate")

    def test_pandas_and_spreadsheets(self):
        rows = self.TAIL.replace(" ", ",")
        self.same_graph("source,target\n" + rows, header_line=1)
        self.same_graph("Source;Target;Weight\n" + self.TAIL.replace(" ", ";").replace("\n", ";0,5\n"), header_line=1, further=4)
        self.same_graph("source\ttarget\tweight\n" + self.TAIL.replace(" ", "\t").replace("\n", "\t2\n"), header_line=1, further=4)
        self.same_graph('"from","to"\n' + "".join('"%s","%s"\n' % tuple(line.split()) for line in self.TAIL.splitlines()), header_line=1)
        self.same_graph("from_station,to_station\n" + rows, header_line=1)  # no known names, but no numbers
        self.same_graph("# exported\nsource,target\n" + rows, header_line=2, comments=1)
        self.refused(",source,target\n0,1,2\n1,2,3\n", ":1:", "index=False")
        self.refused("id,source,target\n0,1,2\n1,2,3\n", ":1:", "columns 2 and 3")
        self.refused("weight,source,target\n0.5,1,2\n0.7,2,3\n", ":1:", "columns 2 and 3")

    def test_names_of_nodes(self):
        """Texts are numbered in the order of their appearance; whole numbers by their values."""
        path = [0, 1, 2, 1, 0, 1, 2, 1, 0]
        for content in ("zoe adam\nadam kim\n", "zoe,adam\nadam,kim\n", '"zoe";"adam"\n"adam";kim\n', "New York\tBoston\nBoston\tA Coruña\n",
                        '"a, b",c\nc,"d ""e"""\n', "source,target\nzoe,adam\nadam,kim\n", "a b 1.5\nb c 2.5\n", "1 two\ntwo 3\n", "0 1.5\n1.5 2\n"):
            with self.subTest(content=content):
                found = self.load(content)
                self.assertEqual(found["message"], "")
                self.assertEqual(found["label"], path)
                self.assertEqual(found["graph"]["named"], 1)
        self.assertEqual(self.load("5 -3\n-3 9999999999\n")["label"], [0, 1, 1, 1, 0, 2, 1, 2, 0])  # -3, 5, 9999999999
        found = self.load("source target\ntarget x\n")  # nodes of these names
        self.assertEqual((found["graph"]["nodes"], found["graph"]["header_line"]), (3, 0))
        found = self.load("person1,person2,weight\nann,bob,3\nbob,cid,2\n")
        self.assertEqual((found["graph"]["nodes"], found["graph"]["header_line"]), (3, 1))

    def test_counts_of_nodes_and_edges(self):
        ring = "1 2\n2 3\n3 4\n4 5\n5 1\n2 5\n"
        plain = self.load(ring)
        for first in ("5 6", "6 5", "5,6", "5 5 6", "5\t6"):
            with self.subTest(first=first):
                found = self.load(first + "\n" + ring)
                self.assertEqual(found["message"], "")
                self.assertEqual(found["label"], plain["label"])
                self.assertEqual(found["graph"]["counts_line"], 1)
        for first, nodes in (("5 7", 6), ("4 6", 6), ("1 5", 5), ("5 6 {}", 6)):  # no counts, so edges
            with self.subTest(first=first):
                found = self.load(first + "\n" + ring)
                self.assertEqual((found["graph"]["nodes"], found["graph"]["counts_line"]), (nodes, 0))
        found = self.load("3 2\nann bob\nbob cid\n")
        self.assertEqual((found["graph"]["nodes"], found["graph"]["edges"], found["graph"]["counts_line"]), (3, 2, 1))

    def test_self_loops_and_repeats_are_counted(self):
        found = self.load(self.TAIL + "2 1\n1 2\n4 4\n")["graph"]
        self.assertEqual((found["edges"], found["repeats"], found["self_loops"]), (4, 2, 1))

    def test_components(self):
        content = "1 2\n2 3\n5 6\n9 9\n"
        self.refused(content, "not connected", "3 components", "3, 2 and 1 nodes", '"component": "largest"')
        found = self.load(content, component="largest")
        self.assertEqual(found["label"], self.load("1 2\n2 3\n")["label"])
        self.assertEqual([found["graph"][name] for name in ("nodes", "edges", "components", "file_nodes", "self_loops")], [3, 2, 3, 6, 0])
        found = self.load("7 8\n8 9\n1 2\n2 3\n3 1\n", component="largest")  # as large: the one of the least node
        self.assertEqual((found["graph"]["edges"], found["graph"]["diameter"]), (3, 1))
        self.assertEqual(self.load(self.TAIL, component="largest")["label"], self.load(self.TAIL)["label"])
        star = "".join(f"{v} {v + 1}\n" for v in range(0, 10000, 2))
        self.assertEqual(self.load(star + "1 2\n", component="largest")["graph"]["nodes"], 4)
        self.refused(star, "5000 components", "2, 2, 2, 2, ... nodes")

    def test_what_is_refused(self):
        self.refused("0 1\n1\n", ":2:", "apart by blanks", '"1"')
        self.refused("0,1\n1 2\n2,x\n", ":2:", "apart by a comma", '"1 2"')
        self.refused("a;b\nb;\n", ":2:", "apart by a semicolon")
        self.refused("a\tb\nb c\n", ":2:", "apart by a tab")
        self.refused('a,b\n"b,c\n', ":2:", "quote")
        self.refused("0 1\n1\u00a02\n", ":2:", '"1\\u00a02"')  # what cannot be seen is shown
        self.refused("0 1\n1\ufeff\u200b\n", ":2:", "\\ufeff\\u200b")
        self.refused(b"0 1\n\xe9t\xe9\n", ":2:", "\\xe9t\\xe9")
        self.refused("1 2 5\n2 3\n3 4\n4 5\n", "adjacency", "one edge a line")
        self.refused("", "0 edges")
        self.refused("# nothing\n", "0 edges")
        self.refused("\ufeff", "0 edges")
        self.refused("3 3\n", "single node")
        self.refused("3 3\n4 4\n", "no component of more than one node", component="largest")
        self.refused(b"0 1\n1 2 \x00\x01", "not a text file", "zero byte")
        self.refused("".join(f"{v} {v + 1}\n" for v in range(4096)), "4097", "limit")
        self.assertLess(self.load(self.TAIL, component=2)["status"], 0)

    def test_whatever_the_bytes_there_is_an_answer(self):
        """Files of the kinds above with bytes changed, taken out, doubled and cut off: no crash, no hang."""
        draw = random.Random(7)
        kinds = [self.TAIL, "\ufeff" + self.TAIL, '"a, b",c,1.5\nc,"d ""e""",2\n', "source;target\n1;2\n2;3\n", "1 2 {'w': 1}\n2 3 {}\n",
                 "%%MatrixMarket matrix coordinate\n4 4 4\n" + self.TAIL, "5 4\n" + self.TAIL, "ann\tbob\nbob\tcid\n"]
        special = [b'"', b"{", b"}", b"#", b"%", b",", b";", b"\t", b"\r", b"\n", b" ", b"\x00", b"\xff\xfe", b"-", b"9" * 30, b"\xef\xbb\xbf"]
        for _ in range(250):
            content = bytearray(draw.choice(kinds).encode())
            for _ in range(draw.randrange(1, 6)):
                at = draw.randrange(len(content) + 1)
                change = draw.randrange(4)
                if change == 0:
                    content[at:at + 1] = bytes([draw.randrange(256)])
                elif change == 1:
                    del content[at:at + draw.randrange(1, 5)]
                elif change == 2:
                    content[at:at] = draw.choice(special)
                else:
                    content[at:at] = content[at:at + draw.randrange(1, 30)]
            found = self.load(bytes(content), component=draw.choice(["all", "largest"]))
            if found["status"] != 0:
                self.assertTrue(found["message"].startswith("task.file: "), found["message"])

    def test_files_that_are_none(self):
        missing = dump(kind="graph", graph="edge_list", file=Path(self.folder.name, "missing"))
        self.assertIn("No such file", missing["message"])
        folder = dump(kind="graph", graph="edge_list", file=self.folder.name)
        self.assertIn("not a regular file", folder["message"])

    def test_content_must_match_its_digest(self):
        content = "0 1\n1 2\n"
        digest = hashlib.sha256(content.encode()).hexdigest()
        self.assertEqual(self.load(content, sha256=digest)["status"], 0)
        self.refused(content + "2 0\n", "no longer", sha256=digest)

    def test_complete_graph_has_no_triangle(self):
        found = self.load("0 1\n1 2\n2 0\n")
        self.assertFalse(found["families"]["triangle"]["applies"])
        self.assertTrue(found["families"]["distance_symmetry"]["applies"])


if __name__ == "__main__":
    unittest.main()
