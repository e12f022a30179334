/* figure.js: what every figure has: a title, controls, a drawing with a spoken summary, its data as table and CSV. */
"use strict";

(() => {
    /* ---- elements ---- */

    /* element("p", {class: "note"}, "text", child, ...) */
    page.element = (name, attributes = {}, ...children) => {
        const made = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) {
            if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
            else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
        }
        made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
        return made;
    };
    const element = page.element;

    let names = 0;
    page.unique = (stem) => `${stem}-${++names}`;

    /* ---- controls ---- */

    /* A labelled list of choices: [{id, name}] or [{group, choices}]. `choose(id)` is called when the reader chooses. */
    page.select = (label, choices, chosen, choose) => {
        const id = page.unique("choice");
        const list = element("select", { id, onchange: (event) => choose(event.target.value) });
        const fill = (parent, items) => {
            for (const item of items) {
                if (item.choices) {
                    const group = element("optgroup", { label: item.group });
                    fill(group, item.choices);
                    parent.append(group);
                } else {
                    parent.append(element("option", { value: item.id, selected: item.id === chosen }, item.name));
                }
            }
        };
        fill(list, choices);
        return element("label", { class: "control", for: id }, element("span", {}, label), list);
    };

    page.check = (label, checked, change) => {
        const id = page.unique("check");
        const box = element("input", { type: "checkbox", id, checked, onchange: (event) => change(event.target.checked) });
        return element("label", { class: "control check", for: id }, box, element("span", {}, label));
    };

    page.button = (label, press, attributes = {}) => element("button", { type: "button", onclick: press, ...attributes }, label);

    /* ---- tables ---- */

    page.cell = (value) => {
        if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
        if (typeof value === "number") return value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(+value.toPrecision(6));
        return String(value);
    };

    function csvText({ columns, rows }) {
        const quote = (text) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
        return [columns, ...rows].map((row) => row.map((value) => quote(page.cell(value))).join(",")).join("\r\n") + "\r\n";
    }

    page.download = (name, table) => {
        const link = element("a", { href: URL.createObjectURL(new Blob([csvText(table)], { type: "text/csv" })), download: name + ".csv" });
        document.body.append(link);
        link.click();
        link.remove();
        setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };

    const MOST_ROWS = 500;

    page.table = ({ columns, rows }, caption) => {
        const shown = rows.slice(0, MOST_ROWS);
        const numeric = columns.map((_, c) => shown.every((row) => typeof row[c] !== "string" || row[c] === ""));
        const align = (c) => (numeric[c] ? "number" : null);
        const table = element("table", {},
            element("caption", {}, caption + (rows.length > MOST_ROWS ? ` (the first ${MOST_ROWS} of ${rows.length} rows; the CSV has all)` : "")),
            element("thead", {}, element("tr", {}, columns.map((name, c) => element("th", { scope: "col", class: align(c) }, name)))),
            element("tbody", {}, shown.map((row) => element("tr", {}, row.map((value, c) =>
                element("td", { class: align(c) }, typeof value === "number" ? page.number(value) : value === null || value === undefined ? "–" : String(value)))))));
        return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
    };

    /* ---- figures ---- */

    page.figures = [];

    /* figure = {
     *   id, title, about,
     *   controls(refresh) -> elements,
     *   draw(area, width) -> {summary, note} or {empty: reason},
     *   table() -> {columns, rows}
     * } */
    page.addFigure = (section, figure) => {
        const area = element("div", { class: "area" });
        const note = element("p", { class: "note", "aria-live": "polite" });
        const controls = element("div", { class: "controls" });
        const data = element("details", { class: "data" }, element("summary", {}, "Data"));
        const place = element("div");
        data.append(place);
        const title = element("h3", { id: figure.id + "-title" }, figure.title);
        const buttons = element("div", { class: "downloads" },
            page.button("CSV", () => page.download(`${page.data.title}-${figure.id}`.replace(/[^\w.-]+/g, "_"), figure.table()),
                { "aria-label": `Download the data of “${figure.title}” as CSV` }));
        const frame = element("figure", { id: figure.id, "aria-labelledby": title.id },
            element("div", { class: "head" }, title, buttons),
            figure.about ? element("p", { class: "about" }, figure.about) : null, controls, area, note, data);
        section.append(frame);

        const fillTable = () => place.replaceChildren(figure.empty ? "" : page.table(figure.table(), `Data of “${figure.title}”`));
        data.addEventListener("toggle", () => data.open && fillTable());

        figure.refresh = () => {
            const width = Math.max(280, Math.floor(area.getBoundingClientRect().width || 600));
            figure.width = width;
            page.hideTip();
            area.replaceChildren();
            const result = figure.draw(area, width) || {};
            figure.empty = Boolean(result.empty);
            frame.classList.toggle("empty", figure.empty);
            buttons.hidden = data.hidden = figure.empty;
            if (figure.empty) area.append(element("p", { class: "nothing" }, result.empty));
            for (const drawing of area.querySelectorAll("svg")) {
                drawing.setAttribute("role", "img");
                if (!drawing.hasAttribute("aria-label")) drawing.setAttribute("aria-label", `${figure.title}. ${result.summary || ""}`);
            }
            note.replaceChildren(...[result.note || ""].flat());
            if (data.open) fillTable();
        };
        figure.rebuild = () => {
            controls.replaceChildren(...(figure.controls ? figure.controls(figure.refresh) : []).filter(Boolean));
            figure.refresh();
        };
        page.figures.push(figure);
        figure.rebuild();
        return figure;
    };

    page.refreshAll = (rebuild) => page.figures.forEach((figure) => (rebuild ? figure.rebuild() : figure.refresh()));

    /* ---- what the pointer is on ---- */

    const tip = element("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    document.addEventListener("DOMContentLoaded", () => document.body.append(tip));

    page.showTip = (event, lines) => {
        tip.replaceChildren(...lines.filter(Boolean).map((line) => element("div", {}, line)));
        tip.hidden = false;
        const box = tip.getBoundingClientRect();
        const x = event.clientX + 14 + box.width > window.innerWidth ? event.clientX - box.width - 14 : event.clientX + 14;
        const y = Math.min(event.clientY + 12, window.innerHeight - box.height - 4);
        tip.style.transform = `translate(${Math.max(4, x)}px, ${Math.max(4, y)}px)`;
    };
    page.hideTip = () => (tip.hidden = true);
    page.tipOn = (selection, lines) => selection.each(function (datum) {
        this.addEventListener("pointermove", (event) => page.showTip(event, lines(datum)));
        this.addEventListener("pointerleave", page.hideTip);
    });

    /* ---- which groups are drawn ---- */

    /* Buttons that show and hide groups; the same choice for every figure. */
    page.legend = () => {
        const { groups, grouping } = page.selection();
        if (groups.length < 2) return null;
        const redraw = () => page.changed();
        const chips = groups.map((group) => {
            const shown = !page.state.hidden.has(group.name);
            const press = () => {
                if (shown) page.state.hidden.add(group.name);
                else page.state.hidden.delete(group.name);
                const figure = chip.closest("figure").id;
                redraw();
                const again = [...document.querySelectorAll(`#${figure} .chip`)].find((c) => c.dataset.group === group.name);
                if (again) again.focus();
            };
            const chip = page.button("", press, { class: "chip", "aria-pressed": String(shown), "data-group": group.name });
            chip.append(page.swatch(group), group.name);
            return chip;
        });
        const all = page.button("all", () => { page.state.hidden.clear(); redraw(); }, { class: "chip plain" });
        const none = page.button("none", () => { groups.forEach((group) => page.state.hidden.add(group.name)); redraw(); }, { class: "chip plain" });
        return element("div", { class: "legend", role: "group", "aria-label": `Groups by ${grouping.name}` },
            element("span", { class: "legend-name" }, grouping.name), chips, groups.length > 2 ? [all, none] : null);
    };

    page.swatch = (style) => {
        const svg = d3.create("svg").attr("class", "swatch").attr("width", 26).attr("height", 12).attr("aria-hidden", "true");
        svg.append("line").attr("x1", 1).attr("x2", 25).attr("y1", 6).attr("y2", 6).attr("stroke", style.color)
            .attr("stroke-width", 2).attr("stroke-dasharray", style.dash || null);
        if (style.symbol) svg.append("path").attr("transform", "translate(13,6)").attr("d", d3.symbol().type(style.symbol).size(40)()).attr("fill", style.color);
        return svg.node();
    };
})();
