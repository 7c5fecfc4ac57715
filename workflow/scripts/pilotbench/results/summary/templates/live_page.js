// The page of a run in progress: a bar, why it waits, tables of models and keys, and notices.
(function () {
  "use strict";
  const { el, visible } = window.pilotbenchText;
  const main = document.getElementById("main"), state = document.getElementById("state");
  const table = (id, head, rows) => rows.length > 0 && el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": head[0] }, el("table", { id }, el("thead", {}, el("tr", {}, head.map((word, at) => el("th", { scope: "col", class: at ? "n" : null }, ...visible(word))))), el("tbody", {}, rows.map((row) => el("tr", {}, row.map((value, at) => el(at ? "td" : "th", { scope: at ? null : "row", class: at ? "n" : null }, ...visible(String(value)))))))));
  window.pilotbenchWatch((now, isFresh) => {
    if (!now) { state.textContent = "Waiting for live_data.js."; document.body.dataset.ready = "yes"; return; }
    const written = new Date(1000 * now.written).toLocaleTimeString();
    state.textContent = now.over ? "The run is over." : isFresh ? "As of " + written + ", refreshed every " + now.every + " s." : "As of " + written + ". Nothing has been written since: start `status --watch --page` again to go on.";
    document.title = now.percent + " – pilot-bench";
    main.replaceChildren(...[
      el("h1", {}, now.percent + ", " + now.left),
      el("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(Math.round(100 * now.share)), "aria-label": "requests answered" }, el("i", { class: "completed", style: "flex:" + now.share }), el("i", { class: "not_applicable", style: "flex:" + (1 - now.share) })),
      el("p", {}, ...visible(now.parts.join(" · "))),
      now.waiting.length > 0 && el("div", { class: "state" }, el("p", {}, el("strong", {}, "Why it waits")), el("ul", { class: "reasons" }, now.waiting.map((line) => el("li", {}, ...visible(line))))),
      ...now.tables.map(({ name, head, rows }) => table(name, head, rows)),
      now.notices.length > 0 && el("section", {}, el("h2", {}, "Notices"), el("ul", { class: "reasons" }, now.notices.map((line) => el("li", {}, ...visible(line))))),
      now.page && el("p", {}, el("a", { href: "index.html" }, now.over ? "The summary" : "The summary of an earlier state")),
    ].filter(Boolean));
    main.querySelectorAll(".scroll").forEach(window.pilotbenchTables.announce);
    document.body.dataset.ready = "yes";
  }, true);
})();
