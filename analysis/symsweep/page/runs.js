/* runs.js: runs that failed or diverged, with their reasons; the table of all runs, sorted and searched. */
"use strict";

(() => {
    const element = page.element, TROUBLES = ["failed", "diverged", "pruned"];

    const troubled = () => page.selection().runs.filter((run) => TROUBLES.includes(page.value("status", run)) || page.value("error", run));

    function setting(run) {
        const keys = page.keys.filter((key) => key.isAxis && !page.isSeed(key.id));
        return [page.column("label") ? page.value("label", run) : "", ...keys.map((key) => `${key.name} ${key.text(run)}`)].filter(Boolean).join(", ");
    }

    page.addTroubles = (section) => {
        const table = () => ({
            columns: ["run", "status", "reason", "setting", "seed", "steps", "attempts", "host"],
            rows: troubled().map((run) => [page.data.runs[run], page.value("status", run), page.value("error", run), setting(run), page.value("seed", run), page.lastStep(run), page.value("attempts", run), page.value("host", run)]),
        });
        page.addFigure(section, {
            id: "troubles", title: "Failed and diverged runs", listed: true, table,
            draw: (area) => {
                if (!troubled().length) return { empty: page.count ? "No run failed or diverged." : "This file holds no runs." };
                area.append(page.table(table(), "Failed and diverged runs with their reasons"));
                return {};
            },
        });
    };

    /* ---- all runs ---- */

    const AT_FIRST = 50;
    let state, chosen = null, most = AT_FIRST, search;
    page.onData((now) => { if (chosen) chosen.runs = chosen.runs.map(now).filter((run) => run >= 0); });

    function columns() {
        const of = (name) => (run) => page.value(name, run), family = page.data.families[0];
        return [
            ["run", (run) => page.data.runs[run]], ["status", of("status")], ["phase", page.phase], ...(page.column("label") ? [["label", of("label")]] : []), ["seed", of("seed")],
            ...page.keys.filter((key) => key.isAxis && !page.isSeed(key.id)).map((key) => [key.name, (run) => key.values[run]]),
            ...page.onsets.filter((o) => page.column(o.id)).map((o) => [o.id, of(o.id)]),
            ["steps", page.lastStep], ["test accuracy", of("final.test_accuracy")], ["test loss", of("final.test_loss")], ...(family ? [[`${page.words(family)}, largest`, of(`final.${family}_max`)]] : []),
        ];
    }

    const found = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? page.number(value) : String(value));

    /* Runs that pass the filters, are in the cell that was pressed, and hold every word of the search, in their order. */
    function listed(all) {
        const words = state.search.toLowerCase().split(/\s+/).filter(Boolean), within = chosen && new Set(chosen.runs);
        let runs = page.selection().runs.filter((run) => !within || within.has(run));
        if (words.length) runs = runs.filter((run) => { const text = all.map(([, value]) => found(value(run))).join(" ").toLowerCase() + " " + (page.value("id", run) || ""); return words.every((word) => text.includes(word)); });
        const column = all.find(([name]) => name === state.sort);
        if (!column) return runs;
        const sign = state.down ? -1 : 1, none = (v) => v === null || v === undefined || v === "" || Number.isNaN(v);
        return runs.map((run) => [run, column[1](run)]).sort(([, a], [, b]) => none(a) - none(b) || (none(a) ? 0 : sign * d3.ascending(a, b))).map(([run]) => run);
    }

    function draw(area) {
        if (!page.selection().runs.length) return { empty: page.count ? "No run passes the filters." : "This file holds no runs." };
        const all = columns(), runs = listed(all), numeric = all.map(([, value]) => runs.slice(0, 200).some((run) => typeof value(run) === "number"));
        const redraw = () => figure.refresh();
        const head = all.map(([name], c) => {
            const mine = state.sort === name, press = () => {
                if (mine && state.down) Object.assign(state, { sort: "", down: false });
                else Object.assign(state, { sort: name, down: mine });
                redraw();
                document.querySelectorAll("#run-table thead button")[c].focus();
            };
            return element("th", { scope: "col", class: numeric[c] ? "number" : null, "aria-sort": mine ? (state.down ? "descending" : "ascending") : null }, page.button(name + (mine ? (state.down ? " ▾" : " ▴") : ""), press, { class: "sort" }));
        });
        const phase = all.findIndex(([name]) => name === "phase");
        const body = runs.slice(0, most).map((run) => element("tr", {}, all.map(([, value], c) => {
            const text = found(value(run));
            if (c === 0 && page.evaluated(run)) return element("td", { class: "number" }, page.button(text, () => page.showRun(run), { class: "link", "aria-label": `Run ${text}, phase by phase` }));
            return element("td", { class: numeric[c] ? "number" : null }, c === phase ? element("span", { class: "key phase-" + text }) : null, c === phase ? " " + text : text);
        })));
        if (chosen) area.append(element("p", { class: "where" }, `Runs of the cell ${chosen.name}`, page.button("All runs", () => { chosen = null; redraw(); search.focus(); })));
        const caption = element("caption", { "aria-live": "polite" }, runs.length === page.selection().runs.length ? page.plural(runs.length, "run") : `${page.number(runs.length)} of ${page.plural(page.selection().runs.length, "run")}`, runs.length > most ? `; the first ${most} are shown` : "");
        area.append(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of runs" }, element("table", {}, caption, element("thead", {}, element("tr", {}, head)), element("tbody", {}, body))));
        if (runs.length > most) area.append(page.button(`Show ${page.number(Math.min(900, runs.length - most))} more`, () => { most += 900; redraw(); }));
        return {};
    }

    let figure;
    page.addRuns = (section) => {
        state = page.choices("runs", { sort: "", down: false, search: "" });
        figure = page.addFigure(section, {
            id: "run-table", title: "All runs", listed: true, draw,
            about: "Press a column’s name to sort, a run’s number to see it phase by phase. The CSV has every column.",
            controls: (refresh) => {
                search = element("input", { type: "search", value: state.search, placeholder: "grokking 0.3", oninput: () => { state.search = search.value; most = AT_FIRST; refresh(); } });
                return page.count ? [element("label", { class: "control" }, element("span", {}, "Search"), search)] : [];
            },
            /* The CSV has every column that the page holds, of the runs that are listed. */
            table: () => {
                const names = Object.keys(page.data.columns);
                return { columns: ["run", ...names], rows: listed(columns()).map((run) => [page.data.runs[run], ...names.map((name) => page.value(name, run))]) };
            },
        });
    };

    /* Leads to some runs of the table. */
    page.showRuns = (runs, name) => {
        chosen = { runs, name };
        Object.assign(state, { search: "" });
        figure.rebuild();
        page.goTo("run-table", ".where button");
    };
})();
