/* runs.js: runs that failed or diverged, with their reasons; the table of all runs. */
"use strict";

(() => {
    const element = page.element;

    function troubled() {
        return page.selection().runs.filter((run) => ["failed", "diverged", "pruned"].includes(page.value("status", run)) || page.value("error", run));
    }

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
            id: "troubles", title: "Failed and diverged runs",
            draw: (area) => {
                if (!troubled().length) return { empty: page.count ? "No run failed or diverged." : "This file holds no runs." };
                area.append(page.table(table(), "Failed and diverged runs with their reasons"));
                return {};
            },
            table,
        });
    };

    page.addRuns = (section) => {
        const columns = () => [
            ["run", (run) => page.data.runs[run]], ["status", (run) => page.value("status", run)], ["phase", page.phase],
            ...(page.column("label") ? [["label", (run) => page.value("label", run)]] : []),
            ["seed", (run) => page.value("seed", run)],
            ...page.onsets.filter((o) => page.column(o.id)).map((o) => [o.id, (run) => page.value(o.id, run)]),
            ["steps", page.lastStep], ["test accuracy", (run) => page.value("final.test_accuracy", run)], ["test loss", (run) => page.value("final.test_loss", run)],
            ...(page.data.families[0] ? [[`${page.words(page.data.families[0])}, largest`, (run) => page.value(`final.${page.data.families[0]}_max`, run)]] : []),
            ...page.keys.filter((key) => key.isAxis && !page.isSeed(key.id)).map((key) => [key.name, (run) => key.values[run]]),
        ];
        const table = () => ({ columns: columns().map(([name]) => name), rows: page.selection().runs.map((run) => columns().map(([, value]) => value(run))) });
        /* The CSV has every column that the page holds. */
        const everything = () => {
            const names = Object.keys(page.data.columns);
            return { columns: ["run", ...names], rows: page.selection().runs.map((run) => [page.data.runs[run], ...names.map((name) => page.value(name, run))]) };
        };
        page.addFigure(section, {
            id: "run-table", title: "All runs",
            about: "Press a run’s number to see its curves. The CSV has every column.",
            draw: (area) => {
                if (!page.selection().runs.length) return { empty: page.count ? "No run passes the filters." : "This file holds no runs." };
                const box = page.table(table(), "Runs");
                box.querySelectorAll("tbody tr").forEach((row, i) => {
                    const run = page.selection().runs[i];
                    if (page.evaluated(run)) row.cells[0].replaceChildren(element("button", { type: "button", class: "link", "aria-label": `Curves of run ${page.data.runs[run]}`, onclick: () => page.showRun(run) }, String(page.data.runs[run])));
                });
                area.append(box);
                return {};
            },
            table: everything,
        });
    };
})();
