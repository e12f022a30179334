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

    def test_what_is_refused(self):
        self.refused("0 1\n2 3\n", "not connected", "2 of 4")
        self.refused("0 1\n1 two\n", ":2:", "1 two")
        self.refused("0 1\n1\n", ":2:")
        self.refused("0 1 5\n", ":1:")
        self.refused("0 -1\n", ":1:")
        self.refused("0 1.5\n", ":1:")
        self.refused("0 2147483648\n", ":1:")
        self.refused("", "0 edges")
        self.refused("# nothing\n", "0 edges")
        self.refused("3 3\n", "single node")
        self.refused(b"0 1\n\x00\x01", "not a text file")
        self.refused("".join(f"{v} {v + 1}\n" for v in range(4096)), "4097", "limit")

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
