"""The page of analysis/report in headless Chromium: drawn, quiet, steerable by keyboard, right."""

import csv
import io
import itertools
import json
import math
import os
import re
import sys
import unittest
from pathlib import Path

import numpy as np

import browser
import fixtures
import pages
import symsweep
from symsweep import generators, statistics


def setUpModule():
    pages.start()


def tearDownModule():
    pages.stop()


class Drawn(pages.Case):
    def setUp(self):
        pages.open_page(pages.FINISHED)

    def test_every_figure_is_drawn(self):
        self.assert_quiet()
        facts = self.facts()
        self.assertEqual(list(facts), pages.FIGURES)
        for name, fact in facts.items():
            self.assertFalse(fact["empty"], name)
            self.assertGreater(fact["table"], 0, name)
            if name in pages.TABLES_ONLY:
                self.assertGreater(fact["rows"], 0, name)
            else:
                self.assertGreaterEqual(fact["marks"], 6, name)
                self.assertGreater(fact["inside"], 150, name)
                self.assertGreater(len(fact["name"]), 40, name)

    def test_letters_do_not_collide(self):
        for width in (pages.WIDE, pages.PHONE):
            pages.open_page(pages.FINISHED, width)
            self.assertEqual(self.overlaps(), [], width)
            self.assertLessEqual(pages.CHROMIUM.evaluate("document.documentElement.scrollWidth"), width)

    def test_names_of_narrow_bands_and_panels_do_not_collide(self):
        """The phases of the story wherever the onsets are, and long names above small multiples."""
        phases = ["memorization", "symmetry", "generalization"]
        for width in (pages.PHONE, pages.WIDE):
            pages.open_page(pages.FINISHED, width)
            pages.touch_page()
            end = pages.CHROMIUM.evaluate("page.lastStep(page.representative())")
            for mem, gen, logarithmic in itertools.product((1, end - 2), (2, end // 2, end - 1), (True, False)):
                if mem >= gen:
                    continue
                names = pages.CHROMIUM.evaluate("""(() => {
                    const run = Number(document.querySelector("#story select").value), box = [...document.querySelectorAll("#story input[type=checkbox]")].pop();
                    Object.assign(page.data.columns, {t_mem: page.data.columns.t_mem.with(run, %d), t_gen: page.data.columns.t_gen.with(run, %d)});
                    do box.click(); while (box.checked !== %s);
                    return [...document.querySelectorAll("#story .area > svg:first-of-type text")].map((t) => t.textContent);
                })()""" % (mem, gen, json.dumps(logarithmic)))
                self.assertEqual([name for name in phases if name not in names], [], (width, mem, gen))
                self.assertEqual([found for found in self.overlaps() if found.startswith("story")], [], (width, mem, gen, logarithmic))
            pages.CHROMIUM.evaluate("""page.state.color = "train_fraction"; page.recolor(); page.groups().forEach((g, i) => { g.panel = `weight_decay 0.${i}, operation multiplication, ${"long ".repeat(20)}${i}`; }); page.changed()""")
            self.assertEqual(self.overlaps(), [], width)
            names = pages.CHROMIUM.evaluate("[...document.querySelectorAll('#survival .area svg:not(.swatch) text')].map((t) => t.textContent)")
            self.assertEqual(len({name for name in names if "operation" in name}), 6, width)
        self.assert_quiet()

    def test_every_choice_redraws(self):
        """Options of each list, a dozen of long ones, and each box, one after the other, from the top of the page to
        its end."""
        pages.touch_page()
        count = pages.CHROMIUM.evaluate("""(() => {
            let done = 0;
            const ids = ["toolbar", ...page.figures.map((f) => f.id)];
            for (const id of ids) {
                const lists = () => [...document.getElementById(id).querySelectorAll("select, input[type=checkbox]")];
                for (let i = 0; i < lists().length; i++) {
                    const control = lists()[i];
                    if (control.type === "checkbox") { control.click(); lists()[i].click(); done += 2; continue; }
                    const first = control.value;
                    const options = [...control.options].map((o) => o.value), every = Math.ceil(options.length / 12);
                    for (const value of options.filter((_, k) => k % every === 0).concat(first)) {
                        const now = lists()[i];
                        if (!now || ![...now.options].some((o) => o.value === value)) continue;
                        now.value = value;
                        now.dispatchEvent(new Event("change", {bubbles: true}));
                        for (const figure of page.figures.filter((f) => id === "toolbar" || f.id === id)) {
                            const box = document.getElementById(figure.id);
                            if (!box.querySelector(".area").childElementCount) throw new Error(`${id} ${value}: ${figure.id} is bare`);
                            const bad = [...box.querySelectorAll(".area svg *")].find((e) => [...e.attributes].some((a) => /NaN|undefined|Infinity/.test(a.value)));
                            if (bad) throw new Error(`${id} ${value}: ${figure.id} has ${bad.outerHTML.slice(0, 120)}`);
                        }
                        done++;
                    }
                }
            }
            return done;
        })()""")
        self.assertGreater(count, 90)
        self.assert_quiet()

    def test_axes_of_the_phase_diagram(self):
        pages.touch_page()

        def choose(label, text):
            pages.CHROMIUM.evaluate("""(() => {
                const label = [...document.querySelectorAll("#phase-diagram .control")].find((l) => l.firstChild.textContent === %s);
                const list = label.querySelector("select");
                list.value = [...list.options].find((o) => o.textContent.startsWith(%s)).value;
                list.dispatchEvent(new Event("change", {bubbles: true}));
            })()""" % (json.dumps(label), json.dumps(text)))

        def table():
            return pages.CHROMIUM.evaluate("page.figures.find((f) => f.id === 'phase-diagram').table()")

        choose("Across", "train_fraction")
        choose("Up", "label")
        data = table()
        self.assertEqual(data["columns"][:3], ["train_fraction", "label", "runs"])
        self.assertEqual(len(data["rows"]), 6)
        self.assertEqual({row[2] for row in data["rows"]}, {3})
        choose("Up", "seed")
        self.assertEqual(table()["columns"][1], "seed")
        choose("Cells show", "generalization")
        self.assertEqual(table()["columns"][-3:], ["median_t_gen", "runs_with_value", "runs_reached"])

    def test_scrubber_moves_by_keyboard_and_plays(self):
        pages.touch_page()
        state = """JSON.stringify({at: document.querySelector('.scrubber output').textContent,
            dots: [...document.querySelectorAll('#embedding circle')].map((c) => c.getAttribute('cx')).join(),
            bars: [...document.querySelectorAll('#spectrum rect')].map((c) => c.getAttribute('y')).join(),
            line: document.querySelector('#dimension .here line').getAttribute('x1')})"""
        pages.CHROMIUM.evaluate("document.querySelector('.scrubber input').focus()")
        seen = [json.loads(pages.CHROMIUM.evaluate(state))]
        for key in ("ArrowLeft", "ArrowLeft", "Home"):
            pages.CHROMIUM.key(key)
            seen.append(json.loads(pages.CHROMIUM.evaluate(state)))
        for part in ("at", "dots", "line"):
            self.assertEqual(len({s[part] for s in seen}), 4, part)
        self.assertGreater(len({s["bars"] for s in seen}), 2)
        self.assertEqual(seen[-1]["at"], "step 0")
        pages.CHROMIUM.evaluate("document.querySelector('.play').focus()")
        pages.CHROMIUM.key(" ", "Space", " ")
        pages.CHROMIUM.wait("document.querySelector('.scrubber output').textContent !== 'step 0'")
        pages.CHROMIUM.wait("document.querySelector('.play').textContent === 'Play'")
        self.assertEqual(json.loads(pages.CHROMIUM.evaluate(state))["at"], seen[0]["at"])
        self.assert_quiet()

    def test_csv_of_every_figure(self):
        """What the button downloads, caught on its way: parses, and has the figure's rows."""
        pages.touch_page()
        texts = pages.CHROMIUM.evaluate("""(async () => {
            const found = {}, make = URL.createObjectURL, blobs = [];
            URL.createObjectURL = (blob) => { blobs.push(blob); return "data:,"; };
            HTMLAnchorElement.prototype.click = () => {};
            for (const figure of page.figures) {
                document.querySelector(`#${figure.id} .downloads .csv`).click();
                found[figure.id] = await blobs.pop().text();
            }
            return found;
        })()""")
        facts = self.facts()
        for name in pages.FIGURES:
            rows = list(csv.reader(io.StringIO(texts[name])))
            self.assertEqual(len(rows) - 1, facts[name]["table"], name)
            self.assertEqual({len(row) for row in rows}, {len(rows[0])}, name)
        runs = list(csv.DictReader(io.StringIO(texts["run-table"])))
        table = symsweep.load(pages.FINISHED).runs
        self.assertEqual(len(runs), len(table))
        for row, (_, expected) in zip(runs, table.iterrows()):
            self.assertEqual(row["status"], expected["status"])
            self.assertEqual(row["t_gen"], "" if statistics.is_missing(expected["t_gen"]) else str(expected["t_gen"]))

    def test_curves_are_those_of_the_file(self):
        results = symsweep.load(pages.FINISHED)
        for metric in ("test_accuracy", "associativity_max", "effective_dimension", "test_loss"):
            for run in range(len(results)):
                curve = pages.CHROMIUM.evaluate("""(() => { const c = page.curve(%s, %d);
                    return c && [Array.from(c.steps), Array.from(c.values, (v) => Number.isNaN(v) ? null : v)]; })()"""
                                          % (json.dumps(metric), run))
                steps = results.curves["step"].values[run]
                values = results.curves[metric].values[run].astype(float)
                whole = results.curves[metric].values
                width = np.nanmax(whole) - np.nanmin(whole)
                for step, value in zip(*curve):
                    there = values[steps == step][0]
                    if value is None or np.isnan(there):
                        self.assertTrue(value is None and np.isnan(there))
                    else:
                        self.assertLess(abs(value - there), max(width / 60000, abs(there) * 1e-3))

    def table_of(self, figure):
        data = pages.CHROMIUM.evaluate("""JSON.stringify(page.figures.find((f) => f.id === '%s').table(), (k, v) => v === Infinity ? 'inf' : v)""" % figure)
        data = json.loads(data)
        return [dict(zip(data["columns"], row)) for row in data["rows"]]

    def test_generators_are_those_of_the_file(self):
        """Their curves run by run, and when they are acquired: as symsweep.generators says it, which tests hold against
        the program."""
        results = symsweep.load(pages.FINISHED)
        names = pages.CHROMIUM.evaluate("page.data.generators.metrics.map((m) => m.text)")
        self.assertEqual(names, results.by_generator["generator"].values.tolist())
        self.assertEqual(len(names), 3)
        for k in range(3):
            # Values lie on one of 65,534 places of a scale.
            scale = pages.CHROMIUM.evaluate("page.metrics.get('generator %d')" % k)
            place = (scale["max"] - scale["min"]) / 65533
            near = {"atol": 0, "rtol": 10 ** place - 1} if scale["scale"] == "log" else {"atol": place, "rtol": 0}
            for run in range(len(results)):
                steps, values = pages.CHROMIUM.evaluate("(({steps, values}) => [Array.from(steps), Array.from(values, (v) => Number.isNaN(v) ? null : v)])(page.curve('generator %d', %d))" % (k, run))
                curve = dict(zip(results.by_generator["step"].values[run].tolist(), results.by_generator.values[run, :, k].tolist()))
                for step, value in zip(steps, values):
                    self.assertTrue(np.isclose(curve[step], np.nan if value is None else value, equal_nan=True, **near), (run, step, curve[step], value))
        ours, theirs = generators.acquisition(results).to_dict("records"), self.table_of("acquisition")
        self.assertEqual(len(ours), 18)
        key = lambda row: (row["setting"] if "setting" in row else row["group"], row.get("generator", row.get("symmetry")))
        theirs = {key(row): row for row in theirs}
        self.assertEqual({key(row) for row in ours}, set(theirs))
        for row in ours:
            for name in ("runs", "reached", "first", "median", "lower", "upper"):
                self.assertEqual(float(row[name]), float(theirs[key(row)][name]), (key(row), name))
        self.assertGreater(sum(row["reached"] for row in ours), 5)

    def test_one_run_of_the_generators(self):
        pages.touch_page()
        pages.CHROMIUM.evaluate("""(() => { const list = document.querySelector('#generators select'); list.value = 'run 3';
            list.dispatchEvent(new Event('change')); })()""")
        self.assertEqual(pages.CHROMIUM.evaluate("document.querySelectorAll('#generators .line path').length"), 3)
        self.assertEqual(pages.CHROMIUM.evaluate("document.querySelectorAll('#generators .band path').length"), 0)
        self.assertIn("swaps x and y", pages.CHROMIUM.evaluate("document.querySelector('#generators .keys').textContent"))
        self.assertEqual(self.overlaps(), [])
        self.assert_quiet()

    def test_wrong_answers_that_agree(self):
        """Medians of the difference over the runs of a group, at the evaluations that measure it."""
        results = symsweep.load(pages.FINISHED)
        family = pages.CHROMIUM.evaluate("document.querySelector('#consistent select').value")
        part = {name: results.curves["%s_%s" % (family, name)].values for name in ("agreement_wrong", "agreement_chance", "wrong_tuples")}
        checked = 0
        for row in self.table_of("consistent"):
            self.assertEqual(row["symmetry"], family)
            runs = np.nonzero((results.settings == row["group"]).to_numpy())[0]
            found = []
            for run in runs:
                at = np.nonzero(results.curves["step"].values[run] == row["step"])[0]
                if len(at) and part["wrong_tuples"][run, at[0]] > 0:
                    found.append(part["agreement_wrong"][run, at[0]] - part["agreement_chance"][run, at[0]])
            if len(found) == row["runs"]:
                checked += 1
                self.assertAlmostEqual(row["difference"], np.median(found), places=3)
        self.assertGreater(checked, 10)

    def test_a_run_of_the_table_opens_the_page(self):
        pages.touch_page()
        pages.CHROMIUM.evaluate("[...document.querySelectorAll('#run-table button.link')][4].click()")
        self.assertEqual(pages.CHROMIUM.evaluate("document.querySelector('#story select').value"), "4")
        self.assertEqual(pages.CHROMIUM.evaluate("document.activeElement.id"), "story")
        self.assertEqual(self.overlaps(), [])
        self.assert_quiet()


class Steered(pages.Case):
    """What a reader does: sorts, searches, follows cells, keeps pictures, comes back by the address."""

    def setUp(self):
        pages.open_page(pages.FINISHED)
        pages.touch_page()

    def column(self, name):
        return pages.CHROMIUM.evaluate("""(() => { const k = [...document.querySelectorAll('#run-table thead th')].findIndex((h) => h.textContent.replace(/ [▴▾]$/, '') === %s);
            return [...document.querySelectorAll('#run-table tbody tr')].map((r) => r.cells[k].textContent.trim()); })()""" % json.dumps(name))

    def test_the_table_sorts_and_searches(self):
        press = """[...document.querySelectorAll('#run-table thead button')].find((b) => b.textContent.startsWith('t_mem')).click()"""
        number = lambda text: math.inf if text == "–" else float(text.replace(",", ""))
        pages.CHROMIUM.evaluate(press)
        up = [number(text) for text in self.column("t_mem")]
        self.assertEqual(up, sorted(up))
        pages.CHROMIUM.evaluate(press)
        down = [number(text) for text in self.column("t_mem") if text != "–"]
        self.assertEqual(down, sorted(down, reverse=True))
        self.assertEqual(self.column("t_mem")[:len(down)], [text for text in self.column("t_mem") if text != "–"], "what is missing comes last")
        self.assertEqual(pages.CHROMIUM.evaluate("document.querySelector('#run-table [aria-sort]').ariaSort"), "descending")
        pages.CHROMIUM.evaluate("(() => { const s = document.querySelector('#run-table input'); s.value = 'BASELINE 0.8'; s.dispatchEvent(new Event('input')); })()")
        self.assertEqual((set(self.column("label")), set(self.column("train_fraction")), len(self.column("run"))), ({"baseline"}, {"0.8"}, 3))

    def test_a_cell_leads_to_its_runs(self):
        pages.CHROMIUM.evaluate("document.querySelector('#phase-diagram .cell[tabindex=\"0\"]').focus()")
        pages.CHROMIUM.key("ArrowDown")
        runs = pages.CHROMIUM.evaluate("document.activeElement.__data__.runs")
        pages.CHROMIUM.key("Enter")
        self.assertEqual([int(text) for text in self.column("run")], runs)
        self.assertEqual(pages.CHROMIUM.evaluate("document.activeElement.textContent"), "All runs")
        self.assert_quiet()

    def test_the_address_has_what_is_chosen(self):
        pages.CHROMIUM.evaluate("""(() => { const choose = (figure, label, value) => { const list = [...document.querySelectorAll(figure + ' label')].find((l) => l.textContent.startsWith(label)).control;
            list.value = value; list.dispatchEvent(new Event('change')); };
            choose('#phase-diagram', 'Cells show', 't_gen'); choose('#toolbar', 'Group by', 'train_fraction'); choose('#story', 'Run', '7'); page.state.filters.set('label', 'baseline'); page.changed(); })()""")
        shown = "JSON.stringify([page.figures.find((f) => f.id === 'phase-diagram').table(), page.groups().map((g) => g.name), document.querySelector('#story select').value, page.selection().runs])"
        before, address = pages.CHROMIUM.evaluate(shown), pages.CHROMIUM.evaluate("location.href")
        self.assertIn("phases.value=t_gen", address)
        pages.CHROMIUM.send("Page.navigate", url="about:blank")
        pages.CHROMIUM.send("Page.navigate", url=address)
        pages.CHROMIUM.wait("document.body && document.body.classList.contains('ready')")
        self.assertEqual(pages.CHROMIUM.evaluate(shown), before)
        for broken in ("#story.run=999&phases.x=nothing&curves.family=%F0&page.group=?&geometry.run=x&only.label=gone&phases.region=9,9,9,9,9", "#curves-section"):
            pages.CHROMIUM.send("Page.navigate", url="about:blank")
            pages.CHROMIUM.send("Page.navigate", url=address.split("#")[0] + broken)
            pages.CHROMIUM.wait("document.body && document.body.classList.contains('ready')")
            self.assertEqual(pages.CHROMIUM.evaluate("page.selection().runs.length"), 18)

    def test_every_drawing_is_kept_as_svg_and_png(self):
        found = pages.CHROMIUM.evaluate("""(async () => {
            const kept = [], click = HTMLAnchorElement.prototype.click;
            HTMLAnchorElement.prototype.click = function () { kept.push([this.download, this.href.slice(0, 22), this.href.length]); };
            const out = [];
            for (const figure of page.figures.filter((f) => !f.listed && !f.empty)) {
                const { text } = page.picture(figure), parsed = new DOMParser().parseFromString(text, "image/svg+xml");
                document.querySelector(`#${figure.id} .downloads .svg`).click();
                await page.savePicture(figure, "png");
                out.push([figure.id, parsed.querySelector("parsererror") === null, text.includes("var("), parsed.querySelectorAll("path, circle, rect").length, kept.splice(0)]);
            }
            HTMLAnchorElement.prototype.click = click;
            return out;
        })()""")
        self.assertEqual([row[0] for row in found], [name for name in pages.FIGURES if name not in pages.TABLES_ONLY])
        for name, parses, variables, marks, kept in found:
            self.assertTrue(parses and not variables and marks > 5, name)
            self.assertEqual([row[0].rsplit(".", 1)[1] for row in kept], ["svg", "png"], name)
            self.assertEqual(kept[1][1], "data:image/png;base64,")
            self.assertGreater(kept[1][2], 5000, name)

    def test_no_tip_is_cut(self):
        for x, y in ((0, 0), (pages.WIDE, 900), (pages.WIDE - 5, 2)):
            box = pages.CHROMIUM.evaluate("""(() => { page.showTip({clientX: %d, clientY: %d}, ["a line of words that is rather long, as the names of groups are", "another"]);
                const r = document.querySelector('.tip').getBoundingClientRect(); page.hideTip(); return [r.left, r.top, r.right - innerWidth, r.bottom - innerHeight]; })()""" % (x, y))
            self.assertTrue(box[0] >= 0 and box[1] >= 0 and box[2] <= 0 and box[3] <= 0, box)

    def test_settings_are_not_pooled_and_ordered_values_are_ordered(self):
        groups = pages.CHROMIUM.evaluate("page.groups().map((g) => g.name + ' ' + g.runs.length)")
        self.assertEqual(len(groups), 6)
        self.assertTrue(all(name.endswith(" 3") for name in groups), groups)
        pages.CHROMIUM.evaluate("page.setGrouping('train_fraction'); page.changed()")
        self.assertEqual(pages.CHROMIUM.evaluate("page.groups().map((g) => g.color)"), ["var(--ramp-1)", "var(--ramp-5)"])


class Accessible(pages.Case):
    def test_tab_reaches_every_control(self):
        pages.open_page(pages.FINISHED)
        pages.touch_page()
        pages.CHROMIUM.evaluate("""document.querySelectorAll("details").forEach((d) => (d.open = true));
            window.wanted = [...document.querySelectorAll("a[href], button, select, input, summary")].filter((e) => e.offsetParent !== null && !e.disabled);
            wanted.forEach((e, i) => (e.dataset.stop = i)); document.activeElement.blur(); window.scrollTo(0, 0)""")
        wanted = pages.CHROMIUM.evaluate("wanted.length")
        self.assertGreater(wanted, 60)
        reached, outlined = set(), True
        for _ in range(wanted + 60):
            pages.CHROMIUM.key("Tab")
            at = pages.CHROMIUM.evaluate("[document.activeElement.dataset.stop || '', getComputedStyle(document.activeElement).outlineStyle]")
            if at[0]:
                reached.add(int(at[0]))
                outlined = outlined and at[1] != "none"
            if len(reached) == wanted:
                break
        missing = [pages.CHROMIUM.evaluate("wanted[%d].outerHTML.slice(0, 100)" % i) for i in set(range(wanted)) - reached]
        self.assertEqual(missing, [])
        self.assertTrue(outlined, "what has the focus shows it")

    def test_everything_has_a_name(self):
        pages.open_page(pages.FINISHED)
        nodes = pages.CHROMIUM.send("Accessibility.getFullAXTree")["nodes"]
        roles = {}
        for node in nodes:
            role = node.get("role", {}).get("value")
            if node.get("ignored") or role not in ("button", "combobox", "slider", "checkbox", "image", "img", "figure", "region", "link", "ComboBoxSelect"):
                continue
            roles[role] = roles.get(role, 0) + 1
            self.assertTrue(node.get("name", {}).get("value"), node)
        self.assertGreater(roles.get("image", 0) + roles.get("img", 0), 8)
        self.assertGreater(roles.get("figure", 0), 8)
        self.assertGreater(roles.get("combobox", 0) + roles.get("ComboBoxSelect", 0), 10)

    def test_contrast(self):
        """WCAG 2: letters 4.5 to 1 on every surface they stand on, marks and lines 3 to 1, in both themes."""
        def luminance(color):
            parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
            linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

        def ratio(a, b):
            high, low = sorted((luminance(a), luminance(b)), reverse=True)
            return (high + 0.05) / (low + 0.05)

        pages.open_page(pages.FINISHED)
        for theme in ("light", "dark"):
            names = ("page surface raised ink soft faint accent warn warn-ink " + " ".join("series-%d" % i for i in range(1, 9)) + " " +
                     " ".join("%s%s" % (on, p) for p in fixtures.facts.PHASES for on in ("", "on-"))).split()
            color = pages.theme_colours(theme, names)
            letters = [(ink, ground) for ink in ("ink", "soft") for ground in ("page", "surface", "raised")]
            letters += [("accent", "page"), ("accent", "surface"), ("warn-ink", "warn"), ("surface", "ink")]
            letters += [("on-" + p, p) for p in fixtures.facts.PHASES]
            for ink, ground in letters:
                self.assertGreaterEqual(ratio(color[ink], color[ground]), 4.5, (theme, ink, ground))
            names = ["ramp-%d" % i for i in range(1, 6)]
            color.update(pages.theme_colours(theme, names))
            for name in ["series-%d" % i for i in range(1, 9)] + names + ["faint"]:
                self.assertGreaterEqual(ratio(color[name], color["surface"]), 3, (theme, name))

    def test_contrast_of_what_is_drawn(self):
        """The computed colour of all letters on what they stand on, in both themes, with phases and with numbers."""
        measure = """(() => {
            const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
            const rgb = (color) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = color; pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; };
            const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
            const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
            const ground = (e) => { for (let n = e; n; n = n.parentElement) { const c = rgb(getComputedStyle(n).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
            const found = [];
            let count = 0;
            for (const node of document.querySelectorAll("body *")) {
                if (![...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !node.getClientRects().length || node.closest("option, .skip, script, style, title")) continue;
                const style = getComputedStyle(node), svg = node.ownerSVGElement, cell = node.closest(".cell");
                if (style.fill.startsWith("url")) continue;
                const grounds = cell ? [rgb(getComputedStyle(cell.querySelector("rect")).fill)] : [ground(svg ? svg.parentElement : node)];
                if (cell && getComputedStyle(cell.querySelector("rect")).fill.startsWith("url")) continue;
                if (svg && node.closest("#story")) for (const i of [1, 2, 3]) grounds.push(rgb(getComputedStyle(document.documentElement).getPropertyValue("--phase-" + i)));
                const ink = rgb(svg ? style.fill : style.color), least = Math.min(...grounds.map((g) => ratio(ink, g)));
                count++;
                if (least < 4.5 && !"▸◂▴".includes(node.textContent)) found.push(`${node.closest("figure")?.id} ${node.textContent.slice(0, 30)}: ${least.toFixed(2)}`);
            }
            return [count, found];
        })()"""
        for scheme in ("light", "dark"):
            pages.open_page(pages.FINISHED, scheme=scheme)
            pages.touch_page()
            pages.CHROMIUM.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
            for value in ("phase", "t_mem", "final.test_accuracy"):
                pages.CHROMIUM.evaluate("""(() => { const list = [...document.querySelectorAll('#phase-diagram label')].find((l) => l.textContent.startsWith('Cells show')).control;
                    list.value = '%s'; list.dispatchEvent(new Event('change')); })()""" % value)
                count, found = pages.CHROMIUM.evaluate(measure)
                self.assertGreater(count, 300)
                self.assertEqual(found, [], (scheme, value))

    def test_axe(self):
        """axe-core, where a copy of axe.min.js is (SYMSWEEP_AXE): nothing serious."""
        axe = os.environ.get("SYMSWEEP_AXE", "/usr/share/nodejs/axe-core/axe.min.js")
        if not os.path.isfile(axe):
            self.skipTest("no axe-core")
        for scheme in ("light", "dark"):
            pages.open_page(pages.FINISHED, scheme=scheme)
            pages.touch_page()
            pages.CHROMIUM.evaluate(Path(axe).read_text(encoding="utf-8") + "; 1")
            found = pages.CHROMIUM.evaluate("axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes.length, v.nodes[0].html.slice(0, 160)]))")
            self.assertEqual([v for v in found if v[0] in ("serious", "critical")], [])

    def test_colours_are_apart_for_everyone(self):
        """Series, and phases, under normal vision and the three dichromacies (Machado, Oliveira and Fernandes 2009)."""
        seen = {"normal": np.eye(3),
                "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
                "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
                "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]}

        def lab(color, matrix):
            c = np.array([int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)])
            linear = np.clip(np.array(matrix) @ np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4), 0, 1)
            xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear / [0.9505, 1, 1.089]
            x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
            return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])

        pages.open_page(pages.FINISHED)
        groups = [["series-%d" % i for i in range(1, 9)], [phase for phase in fixtures.facts.PHASES if phase != "unfinished"]]
        for theme, names, vision in itertools.product(("light", "dark"), groups, seen):
            places = [lab(c, seen[vision]) for c in pages.theme_colours(theme, names).values()]
            apart = min(np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2))
            self.assertGreater(apart, 12, (theme, names[0], vision))

    def test_dark_theme(self):
        pages.open_page(pages.FINISHED, scheme="dark")
        pages.touch_page()
        ground = pages.CHROMIUM.evaluate("getComputedStyle(document.body).backgroundColor")
        self.assertLess(max(int(n) for n in re.findall(r"\d+", ground)[:3]), 60)
        pages.CHROMIUM.evaluate("document.getElementById('theme').click()")
        ground = pages.CHROMIUM.evaluate("getComputedStyle(document.body).backgroundColor")
        self.assertGreater(min(int(n) for n in re.findall(r"\d+", ground)[:3]), 200)


if __name__ == "__main__":
    if browser.find() is None:
        print("chromium is not installed: skipped")
        sys.exit(77)
    unittest.main()
