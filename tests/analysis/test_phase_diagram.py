"""The figure of the phase diagram: its axes, and what its cells say, of runs with known times."""

import unittest

import synthetic
from symsweep import drawing, phase_diagram


def runs(settings, **times):
    """Made results with seeds 0, 1, 2 of each setting (a dict of keys): t_gen of the three by its place in `times`, None =
    not reached; all memorized at step 10."""
    rows = []
    for k, (keys, label) in enumerate(settings):
        for seed, t_gen in enumerate(times.get("s%d" % k, (None, None, None))):
            rows.append({"p": 23, "train_inputs": 100, "test_inputs": 429, "unmirrored_inputs": 200, "seed": seed, "budget": 1000,
                         "at": [0, 1000], "accuracy": [0.0, 1.0], "t_mem": 10, "t_gen": t_gen, "label": label, "config": keys, **keys})
    made = synthetic.Made(rows)
    made.sweeps = [{"config": ""}]
    made.axes = list(dict.fromkeys(key for keys, _ in settings for key in keys if key != "steps"))
    return made


def drawn(results):
    """{(x, y): text} of each panel by its title, and names of the axes."""
    figure = phase_diagram.phase_diagram(results)
    found = {}
    for panel in figure.axes:
        if not panel.get_visible() or panel.get_label() == "<colorbar>":
            continue
        x, y = ([tick.get_text() for tick in axis.get_ticklabels()] for axis in (panel.xaxis, panel.yaxis))
        found[panel.get_title()] = {(x[round(t.get_position()[0])], y[round(t.get_position()[1])]): t.get_text() for t in panel.texts}
        names, order = (panel.get_xlabel(), panel.get_ylabel()), (x, y)
    drawing.plt.close(figure)
    return found, names, order


class PhaseDiagram(unittest.TestCase):
    def test_medians_and_shares(self):
        keys = [({"train_fraction": r, "optimizer.weight_decay": w}, "") for w in (1, 0.5, 2) for r in (0.5, 0.3, 0.4)]
        found, names, (x, y) = drawn(runs(keys, s0=(100, 300, 200), s1=(400, 500, None), s2=(None, None, 50)))
        self.assertEqual((x, y), (["0.3", "0.4", "0.5"], ["0.5", "1", "2"]))
        self.assertEqual(names, ("train_fraction", "weight_decay"))
        cells = found[""]
        self.assertEqual(len(cells), 9)
        self.assertEqual((cells["0.5", "1"], cells["0.3", "1"], cells["0.4", "1"], cells["0.3", "2"]), ("200", "500", "1/3", "0/3"))

    def test_a_value_that_some_have_not(self):
        keys = [({"train_fraction": r, "optimizer.weight_decay": w}, "") for w in (59, None, 23, 41) for r in (0.5, 0.3, 0.4)]
        _, _, (x, y) = drawn(runs(keys, s0=(5, 6, 7)))
        self.assertIn(["23", "41", "59", "–"], (x, y))

    def test_what_a_label_decides_is_no_axis(self):
        keys = [({"train_fraction": r, "steps": s}, label) for r, s, label in ((0.3, 100, "add"), (0.4, 200, "cycle"), (0.5, 300, "comparison"))]
        found, names, (x, y) = drawn(runs(keys, s0=(5, 6, 7)))
        self.assertEqual(names[0], "label")
        self.assertEqual(x, ["add", "cycle", "comparison"])

    def test_at_step_0(self):
        keys = [({"train_fraction": r}, "") for r in (0.3, 0.5)]
        for times in ((0, 0, 0), (0, 0, 0)), ((0, 0, 0), (10, 20, 30)):
            found, _, _ = drawn(runs(keys, s0=times[0], s1=times[1]))
            self.assertEqual(sorted(text for cells in found.values() for text in cells.values())[0], "0")

    def test_too_many(self):
        keys = [({"optimizer.weight_decay": w / 1000}, "") for w in range(phase_diagram.MOST_LEVELS + 1)]
        with self.assertRaisesRegex(drawing.FigureError, "bins"):
            phase_diagram.phase_diagram(runs(keys, s0=(5, 6, 7)))


if __name__ == "__main__":
    unittest.main()
