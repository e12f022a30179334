/* main.js: puts the page together. */
"use strict";

(() => {
    const sections = [
        ["story-section", page.addStory], ["phases", page.addPhaseDiagram], ["summary", page.addGroupTable], ["curves-section", page.addCurves], ["measures-section", page.addMeasures], ["dial-section", page.addDial],
        ["consistent-section", page.addConsistent], ["generators-section", page.addGenerators], ["threshold-section", page.addThreshold], ["onsets-section", page.addOnsets],
        ["survival-section", page.addSurvival], ["geometry-section", page.addGeometry], ["troubles-section", page.addTroubles], ["runs-section", page.addRuns],
    ];

    /* Shows a part of the page and moves the focus there, without a word in the address: that has what is chosen. */
    page.goTo = (id, within) => {
        freshen(document.getElementById(id).closest("section"));
        const place = document.getElementById(id), target = (within && place.querySelector(within)) || place;
        place.scrollIntoView();
        if (!target.matches("button, a, input, select")) target.setAttribute("tabindex", -1);
        target.focus({ preventScroll: true });
    };

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

    const breath = () => new Promise((next) => setTimeout(next));

    /* The figures of a section; one that has nothing to show is not seen. */
    function draw(section, add) {
        section.hidden = false;
        section.replaceChildren();
        add(section);
        section.hidden = !section.childElementCount;
        document.querySelectorAll(`nav a[href="#${section.id}"], .skip[href="#${section.id}"]`).forEach((link) => { link.hidden = section.hidden; });
    }

    /* The same of new data: the reader stays where they were. */
    function redraw(section, add) {
        const boxes = () => [...section.querySelectorAll(".scroll")], stops = () => [...section.querySelectorAll("a, button, input, select, summary, [tabindex]")];
        const scrolled = boxes().map((box) => [box.scrollLeft, box.scrollTop]), focused = stops().indexOf(document.activeElement), caret = document.activeElement.selectionStart;
        section.style.minHeight = `${section.offsetHeight}px`;
        draw(section, add);
        section.style.minHeight = "";
        boxes().forEach((box, i) => scrolled[i] && box.scrollTo(...scrolled[i]));
        const stop = focused >= 0 && stops()[focused];
        if (stop) stop.focus({ preventScroll: true });
        if (stop && typeof caret === "number" && stop.matches("input[type=search]")) stop.setSelectionRange(caret, caret);
        page.figures = [...document.querySelectorAll("figure")].map((frame) => page.figures.find((figure) => figure.id === frame.id));
    }

    /* Sections that show older data than the page has: those that are out of sight are drawn when they come near. */
    const stale = new Map();
    function freshen(section) {
        const add = stale.get(section);
        stale.delete(section);
        if (add) redraw(section, add);
    }
    const isNear = (section) => { const { top, bottom } = section.getBoundingClientRect(); return bottom > -innerHeight / 2 && top < 1.5 * innerHeight; };
    const coming = new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => isIntersecting && freshen(target)), { rootMargin: "50% 0px" });

    async function update() {
        page.drawHead();
        page.drawToolbar();
        for (const [id, add] of sections) stale.set(document.getElementById(id), add);
        for (const section of [...stale.keys()].filter((place) => place.hidden || isNear(place))) {
            freshen(section);
            await breath();
        }
    }

    async function start() {
        theme();
        const waiting = document.getElementById("waiting");
        if (typeof DecompressionStream === "undefined") {
            waiting.textContent = "This page needs a browser of 2023 or later: the data are compressed in it.";
            return;
        }
        await page.load();
        page.drawHead();
        page.drawToolbar();
        /* What is seen first is drawn first. */
        for (const [id, add] of sections) {
            draw(document.getElementById(id), add);
            await breath();
        }
        for (const link of document.querySelectorAll("nav a, .skip")) link.addEventListener("click", (event) => { event.preventDefault(); page.goTo(link.hash.slice(1)); });
        page.onChange(() => page.refreshAll(true));
        addEventListener("hashchange", () => location.reload());
        document.body.classList.add("ready");
        redrawOnResize();
        page.drawnAfter = performance.now();
        if (!page.live) return;
        sections.forEach(([id]) => coming.observe(document.getElementById(id)));
        page.follow(update);
    }

    document.addEventListener("DOMContentLoaded", () => {
        start().catch((error) => {
            const place = document.getElementById("waiting") || document.querySelector("main").insertBefore(page.element("p", { id: "waiting", class: "banner" }), null);
            place.textContent = `The page could not be drawn: ${error.message}`;
            throw error;
        });
    });
})();
