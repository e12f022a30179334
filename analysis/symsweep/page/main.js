/* main.js: puts the page together. */
"use strict";

(() => {
    const sections = [
        ["summary", page.addGroupTable], ["phases", page.addPhaseDiagram], ["curves-section", page.addCurves], ["consistent-section", page.addConsistent], ["generators-section", page.addGenerators],
        ["threshold-section", page.addThreshold],
        ["onsets-section", page.addOnsets], ["survival-section", page.addSurvival], ["geometry-section", page.addGeometry], ["troubles-section", page.addTroubles], ["runs-section", page.addRuns],
    ];

    function theme() {
        const button = document.getElementById("theme"), order = ["auto", "light", "dark"];
        const show = (name) => {
            if (name === "auto") delete document.documentElement.dataset.theme;
            else document.documentElement.dataset.theme = name;
            button.textContent = `Theme: ${name}`;
        };
        let at = 0;
        button.addEventListener("click", () => show(order[(at = (at + 1) % order.length)]));
        button.hidden = false;
        show("auto");
    }

    function redrawOnResize() {
        let width = document.body.clientWidth, waiting = null;
        new ResizeObserver(() => {
            if (document.body.clientWidth === width) return;
            width = document.body.clientWidth;
            clearTimeout(waiting);
            waiting = setTimeout(() => page.refreshAll(false), 120);
        }).observe(document.body);
    }

    async function start() {
        theme();
        const waiting = document.getElementById("waiting");
        if (typeof DecompressionStream === "undefined") {
            waiting.textContent = "This page needs a browser of 2023 or later: the data are compressed in it.";
            return;
        }
        await page.load();
        page.setGrouping(page.firstGrouping());
        page.drawHead();
        page.drawToolbar();
        for (const [id, add] of sections) add(document.getElementById(id));
        // Some sections are there only where they have something to show.
        for (const link of document.querySelectorAll("nav a")) if (!document.querySelector(link.hash)) link.remove();
        page.onChange(() => page.refreshAll(true));
        waiting.remove();
        document.body.classList.add("ready");
        redrawOnResize();
        page.drawnAfter = performance.now();
    }

    document.addEventListener("DOMContentLoaded", () => {
        start().catch((error) => {
            document.getElementById("waiting").textContent = `The page could not be drawn: ${error.message}`;
            throw error;
        });
    });
})();
