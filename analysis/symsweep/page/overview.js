/* overview.js: the head of the page, the choices that hold for all of it, the table of groups. */
"use strict";

(() => {
    const element = page.element;

    /* ---- names of metrics ---- */

    const PARTS = {
        mean: "mean violation", max: "largest violation", disagreement: "answers that disagree",
        null_mean: "mean violation of random pairs", null_max: "largest violation of random pairs",
        ratio_mean: "mean violation over random pairs’", ratio_max: "largest violation over random pairs’",
        agreement_wrong: "wrong answers that agree", agreement_chance: "wrong answers that agree by chance",
        wrong_tuples: "tuples both sides of which are wrong", mass_beyond_diameter: "mass beyond the diameter",
        gradient_cosine: "cosine of its gradient and the train loss’s",
    };
    page.words = (name) => name.replace(/_/g, " ");
    page.metricName = (metric) =>
        metric.family ? `${page.words(metric.family)}: ${PARTS[metric.name.slice(metric.family.length + 1)]}` : page.words(metric.name);
    page.units = (metric) => (metric.units && metric.units !== "1" ? ` (${metric.units})` : "");
    page.metricChoices = () => {
        const metrics = page.data.curves.metrics;
        const choice = (metric) => ({ id: metric.name, name: page.metricName(metric) + page.units(metric) });
        const own = metrics.filter((metric) => !metric.family).map(choice);
        const groups = page.data.families.map((family) => ({ group: page.words(family), choices: metrics.filter((m) => m.family === family).map(choice) }));
        return [{ group: "curves and geometry", choices: own }, ...groups.filter((g) => g.choices.length)];
    };

    /* ---- head ---- */

    page.drawHead = () => {
        const statuses = d3.rollup(page.all, (runs) => runs.length, (run) => page.value("status", run) || "pending");
        const n = (status) => statuses.get(status) || 0, open = n("pending") + n("running") + n("damaged");
        const solved = page.all.filter((run) => page.value("t_gen", run) !== null).length, ended = page.all.filter(page.ended).length;
        const seconds = d3.sum(page.all, (run) => page.value("wall_seconds", run) || 0);
        const parts = [page.plural(page.count, "run") + (page.rows.length > page.count ? `, chosen of a lattice of ${page.number(page.rows.length)}` : ""),
            open ? `${page.number(page.count - open)} ended` : "", ended ? `${page.number(solved)} generalized (${page.percent(solved / ended)})` : "none has ended",
            n("diverged") ? `${page.number(n("diverged"))} diverged` : "", n("failed") ? `${page.number(n("failed"))} failed` : "", seconds ? `${page.duration(seconds)} of training` : ""];
        if (page.count) document.querySelector(".summary-line").textContent = parts.filter(Boolean).join(" · ");
        const banner = document.getElementById("banner");
        banner.hidden = n("pending") + n("running") === 0;
        banner.textContent = `${page.live ? "The sweep is not over" : "This file was not complete when the page was made"}: ${page.plural(n("running"), "run")} training, ` +
            `${page.plural(n("pending"), "run")} waiting. Those that end early are the fast ones, so times shown here are too short.`;
        phaseBar();
    };

    function phaseBar() {
        const place = document.getElementById("phase-bar");
        if (!page.count) return place.replaceChildren();
        const counts = page.phases.map((phase) => ({ ...phase, n: page.all.filter((run) => page.phase(run) === phase.id).length })).filter((p) => p.n);
        const bar = element("div", { class: "bar", "aria-hidden": "true" }, counts.map((p) =>
            element("span", { class: "phase-" + p.id, style: `flex-grow:${p.n}`, title: `${p.word}: ${p.n}` })));
        const list = element("ul", { class: "keys" }, counts.map((p) =>
            element("li", {}, element("span", { class: "key phase-" + p.id }), element("span", {}, element("b", {}, page.number(p.n)), ` ${p.word} `, element("span", { class: "meaning" }, p.meaning)))));
        place.replaceChildren(bar, list);
    }

    /* ---- choices for all figures ---- */

    const MOST_FILTER_VALUES = 40;

    page.drawToolbar = () => {
        const bar = document.getElementById("toolbar");
        const rebuild = () => { page.changed(); page.drawToolbar(); };
        const controls = [];
        if (page.keys.some((key) => !page.isSeed(key.id))) {
            controls.push(page.select("Group by", page.groupings().map(({ id, name }) => ({ id, name })), page.state.group, (id) => {
                page.setGrouping(id);
                rebuild();
            }));
            const { keys } = page.selection().grouping;
            if (keys.length) controls.push(page.select("Colour by", [{ id: "auto", name: "as it fits" }, { id: "", name: "the group" }, ...keys.map(({ id, name }) => ({ id, name }))], page.state.color, (id) => {
                page.state.color = id;
                page.recolor();
                rebuild();
            }));
        }
        const filters = page.keys.filter((key) => key.distinct.length <= MOST_FILTER_VALUES).map((key) => {
            const values = [{ id: "", name: "any" }, ...[...new Set(key.values.map((_, run) => key.text(run)))].sort(byNumber).map((text) => ({ id: text, name: text }))];
            return page.select(key.name, values, page.state.filters.get(key.id) || "", (text) => {
                if (text) page.state.filters.set(key.id, text);
                else page.state.filters.delete(key.id);
                rebuild();
            });
        });
        const open = bar.querySelector("details") ? bar.querySelector("details").open : false;
        const kept = page.selection().runs.length;
        const count = element("span", { class: "count", "aria-live": "polite" }, kept === page.count ? `all ${page.plural(kept, "run")}` : `${page.number(kept)} of ${page.plural(page.count, "run")}`);
        const clear = page.button("Clear filters", () => { page.state.filters.clear(); rebuild(); });
        const focused = document.activeElement && bar.contains(document.activeElement) ? [...bar.querySelectorAll("select,button,summary")].indexOf(document.activeElement) : -1;
        bar.replaceChildren(...controls, filters.length ? element("details", { open },
            element("summary", {}, "Only runs with …"), element("div", { class: "controls" }, filters)) : "", count, page.state.filters.size ? clear : "");
        if (focused >= 0) [...bar.querySelectorAll("select,button,summary")][focused]?.focus();
        bar.hidden = !controls.length && !filters.length;
    };
    const byNumber = (a, b) => {
        const [x, y] = [a, b].map((text) => Number(text.replace(/,/g, "").replace("−", "-").replace("e−", "e-")));
        return Number.isNaN(x) || Number.isNaN(y) ? d3.ascending(a, b) : x - y;
    };

    /* ---- table of groups ---- */

    const PLANNED = ["t_mem", "t_sym", "t_gen"], MOST_ROWS = 100;

    page.groupRows = (most = Infinity) => page.selection().groups.slice(0, most).map((group) => {
        const medians = PLANNED.map((onset) => page.onsetMedian(onset, group.runs));
        const phases = page.phases.map((phase) => group.runs.filter((run) => page.phase(run) === phase.id).length);
        return { group, medians, phases };
    });

    page.addGroupTable = (section) => {
        const draw = (area, width) => {
            if (!page.all.some(page.ended)) return { empty: "No run has ended yet: nothing to summarize." };
            const rows = page.groupRows(MOST_ROWS), count = page.selection().groups.length;
            const { grouping } = page.selection();
            const bar = (phases) => element("span", { class: "bar small" }, page.phases.map((phase, i) =>
                phases[i] ? element("span", { class: "phase-" + phase.id, style: `flex-grow:${phases[i]}` }) : null));
            const words = (phases) => page.phases.map((phase, i) => (phases[i] ? `${phases[i]} ${phase.word}` : "")).filter(Boolean).join(", ");
            const head = [grouping.keys.length ? grouping.name : "runs", "runs", "phases", "t_mem", "t_sym", "t_gen"];
            const table = element("table", { class: "groups" },
                element("thead", {}, element("tr", {}, head.map((name) => element("th", { scope: "col" }, name)))),
                element("tbody", {}, rows.map(({ group, medians, phases }) => element("tr", {},
                    element("th", { scope: "row" }, page.swatch(group), group.name),
                    element("td", { class: "number" }, page.number(group.runs.length)),
                    element("td", { class: "phases" }, bar(phases), element("span", { class: "small-text" }, words(phases))),
                    medians.map((m) => element("td", { class: "number" }, page.interval(m.interval),
                        element("span", { class: "small-text" }, m.times.length ? `${m.reached} of ${m.times.length}` : "")))))));
            area.append(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of groups" }, table));
            return { note: page.pooledNote() + (count > MOST_ROWS ? `The first ${MOST_ROWS} of ${page.number(count)} groups; the CSV has all. ` : "") + "Median step [95 % bootstrap interval over the group’s runs], and how many of the runs that ended got there. t_mem, t_gen: train and test accuracy reach " +
                "phase.accuracy; t_sym: the largest violation of phase.family stays at or below phase.tau. Runs that did not get there are censored at their last step." };
        };
        const table = () => ({
            columns: ["group", "runs", ...page.phases.map((p) => p.id), ...PLANNED.flatMap((onset) => [onset + "_median", onset + "_lower", onset + "_upper", onset + "_reached", onset + "_ended"])],
            rows: page.groupRows().map(({ group, medians, phases }) => [group.name, group.runs.length, ...phases,
                ...medians.flatMap((m) => [m.interval.estimate, m.interval.lower, m.interval.upper, m.reached, m.times.length])]),
        });
        page.addFigure(section, { id: "groups", title: "Groups", listed: true, draw, table });
    };
})();
