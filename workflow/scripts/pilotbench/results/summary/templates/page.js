(function () {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const specs = read("specs"), themes = read("themes"), cellRows = read("cell-rows");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = {};
  const views = {};

  // ---- figures ----
  function keeps(row) {
    return Object.keys(chosen).every((axis) => row[axis] == null || chosen[axis].has(String(row[axis])));
  }
  function darkened(spec) {
    const text = JSON.stringify(spec).replace(/#[0-9A-F]{6}/g, (light) => themes.onDark[light] || light);
    return JSON.parse(text);
  }
  function legendWords(spec) {
    return (spec.layer || spec.spec?.layer || [spec]).flatMap((layer) => {
      const color = layer.encoding && layer.encoding.color;
      return color && color.legend !== null && color.scale && typeof color.scale.domain?.[0] === "string" ? color.scale.domain : [];
    });
  }
  // Names below a heat map are turned where they would meet; its cells keep room for their numbers.
  function fit(spec, element) {
    const space = () => Math.max(240, element.clientWidth - 24);
    let room = space();
    const layers = (spec.layer || []).filter((layer) => layer.encoding?.x?.axis?.labelAngle === 0), rows = spec.data.values;
    if (!layers.length || !rows.length) return;
    const most = (words) => Math.max(...words.map((word) => String(word ?? "").length)), letter = room < 440 ? 4.8 : 6.8;
    const names = [...new Set(rows.map((row) => String(row[layers[0].encoding.x.field])))], side = 20 + letter * most(rows.map((row) => row.model));
    const needed = 8 + (room < 440 ? 5.8 : 7) * most(rows.map((row) => row.label));
    if (needed * names.length + side > room) { element.closest("figure").classList.add("tall"); room = space(); }
    const cell = Math.max((room - side) / names.length, needed);
    if (letter * most(names.flatMap((name) => name.split("_"))) > cell - 4) for (const layer of layers) layer.encoding.x.axis = { labelAngle: -40, labelLimit: 150, labelFontSize: 11 };
    if (needed * names.length + side > room) spec.width = needed * names.length;
  }
  function prepared(name, element, theme) {
    const spec = theme === "dark" ? darkened(specs[name]) : structuredClone(specs[name]);
    spec.data.values = spec.data.values.filter(keeps);
    spec.config = Object.assign({}, themes[theme], { background: "transparent" });
    const room = Math.max(240, element.clientWidth - 24);
    const meta = spec.usermeta || {};
    if (meta.lines) spec.height = meta.step * meta.lines.reduce((n, field) => n * new Set(spec.data.values.map((row) => row[field])).size, 1);
    if (meta.inner) spec.spec.width = Math.max(180, room - (meta.beside || 60));
    const longest = Math.max(1, ...legendWords(spec).map((word) => String(word).length));
    const columns = Math.floor((room - (meta.lines ? 120 : 60)) / (7 * longest + 30));
    spec.config.legend = Object.assign({}, spec.config.legend, { columns: Math.max(1, columns) });
    if (room < 440) {
      spec.config.axis = Object.assign({}, spec.config.axis, { labelFontSize: 10 });
      spec.config.axisXDiscrete = { labelFontSize: 8 };
      for (const layer of spec.layer || []) if (layer.mark.type === "text") layer.mark.fontSize = 10;
    }
    spec.padding = { left: 5, top: 5, right: 20, bottom: 5 }; // half of a number at the end of an axis
    fit(spec, element);
    const menu = (spec.params || []).find((p) => p.name === "prompt_menu");
    if (menu) {
      const left = [...new Set(spec.data.values.map((row) => row.shown))];
      menu.bind.options = menu.bind.options.filter((shown) => left.includes(shown));
      if (!left.includes(menu.value)) menu.value = menu.bind.options[0];
    }
    return spec;
  }
  async function draw(element, theme) {
    const name = element.dataset.figure;
    const spec = prepared(name, element, theme || (dark.matches ? "dark" : "light"));
    if (views[name]) { views[name].finalize(); delete views[name]; }
    if (!spec.data.values.length) {
      element.replaceChildren(Object.assign(document.createElement("p"), { className: "empty", textContent: "Nothing is left by the filters." }));
      return;
    }
    views[name] = await vegaEmbed(element, spec, { actions: false, renderer: "svg", tooltip: { theme: dark.matches ? "dark" : "light" } });
    window.pilotbenchTables.announce(element);
    element.dataset.drawn = "yes";
  }
  const charts = [...document.querySelectorAll(".chart")];
  const drawAll = () => Promise.all(charts.map((element) => draw(element)));
  function drawInTurn(waiting) {
    const next = waiting.shift();
    if (next) draw(next).then(() => setTimeout(() => drawInTurn(waiting), 0));
    else document.body.dataset.ready = "yes";
  }
  dark.addEventListener("change", drawAll);
  let width = innerWidth, timer;
  addEventListener("resize", () => {
    if (Math.abs(innerWidth - width) < 8) return;
    width = innerWidth; clearTimeout(timer); timer = setTimeout(drawAll, 200);
  });

  // ---- filters ----
  function filtered() {
    for (const box of document.querySelectorAll(".filter")) {
      const axis = box.dataset.axis, all = [...box.querySelectorAll("input")], on = all.filter((i) => i.checked);
      const some = on.length < all.length;
      if (some) chosen[axis] = new Set(on.map((i) => i.value)); else delete chosen[axis];
      box.classList.toggle("on", some);
      box.querySelector("summary b").textContent = some ? (on.length === 1 ? on[0].value : on.length + " of " + all.length) : "all";
    }
    document.getElementById("reset").hidden = !Object.keys(chosen).length;
    for (const row of document.querySelectorAll(".sortable tbody tr, .ranking tbody tr[data-model]")) {
      row.hidden = !Object.keys(chosen).every((axis) => row.dataset[axis] == null || chosen[axis].has(row.dataset[axis]));
    }
    drawAll(); shown = PAGE; drawCells();
  }
  for (const box of document.querySelectorAll(".filter")) {
    box.addEventListener("change", filtered);
    box.querySelector("[data-all]").addEventListener("click", () => { box.querySelectorAll("input").forEach((i) => { i.checked = true; }); filtered(); });
    box.addEventListener("toggle", () => { if (box.open) document.querySelectorAll(".filter[open]").forEach((other) => { if (other !== box) other.open = false; }); });
    box.addEventListener("keydown", (event) => { if (event.key === "Escape") { box.open = false; box.querySelector("summary").focus(); } });
  }
  document.addEventListener("click", (event) => { if (!event.target.closest(".filter")) document.querySelectorAll(".filter[open]").forEach((box) => { box.open = false; }); });
  const reset = document.getElementById("reset");
  if (reset) reset.addEventListener("click", () => { document.querySelectorAll(".filter input").forEach((i) => { i.checked = true; }); filtered(); });

  // ---- tables ----
  const { compare, turned } = window.pilotbenchTables;
  const PAGE = 30;
  let shown = PAGE, order = cellRows.slice();
  const table = document.getElementById("cell-table"), find = document.getElementById("find"), more = document.getElementById("more");
  const sortOf = (row, at) => row[1][at] === null ? row[0][at] : row[1][at];
  function drawCells() {
    if (!table) return;
    const axes = Object.entries(JSON.parse(table.dataset.axes));
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = order.filter((row) => axes.every(([axis, at]) => !chosen[axis] || chosen[axis].has(sortOf(row, at))) && words.every((word) => row[0].join(" ").toLowerCase().includes(word)));
    const heads = table.tHead.rows[0].cells, bar = Number(table.dataset.bar);
    table.tBodies[0].replaceChildren(...rows.slice(0, shown).map((row) => {
      const line = document.createElement("tr");
      const first = line.insertCell();
      row[0].forEach((text, i) => { const cell = line.insertCell(); cell.textContent = text; cell.className = heads[i + 1].className; if (i === bar && typeof row[1][i] === "number") cell.style.setProperty("--part", (100 * row[1][i]).toFixed(1) + "%"); });
      if (row[2]) first.append(Object.assign(document.createElement("a"), { href: row[2], textContent: "open" }));
      return line;
    }));
    document.getElementById("count").textContent = rows.length === cellRows.length ? "" : rows.length.toLocaleString("en") + " of " + cellRows.length.toLocaleString("en");
    more.hidden = rows.length <= shown;
  }
  if (table) {
    table.tHead.addEventListener("click", (event) => {
      const head = event.target.closest("th"), button = event.target.closest("button");
      if (!button) return;
      const way = turned(head), at = Number(button.dataset.column);
      order.sort((a, b) => { const x = sortOf(a, at), y = sortOf(b, at); return x === "" || y === "" ? compare(x, y) : way * compare(x, y); });
      drawCells();
    });
    find.addEventListener("input", () => { shown = PAGE; drawCells(); });
    more.addEventListener("click", () => { shown += 500; drawCells(); });
    drawCells();
  }

  // ---- links and buttons ----
  function opened() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details")) { target.open = true; target.scrollIntoView(); }
  }
  addEventListener("hashchange", opened); opened();
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(() => { button.textContent = "Copied"; }, () => { button.textContent = "Select and copy"; }));
  }
  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", async () => {
      const { save, of } = button.dataset;
      const href = await views[of].view.toImageURL(save, 2);
      Object.assign(document.createElement("a"), { href, download: of + "." + save }).click();
    });
  }
  // ---- a run in progress: how far it is, and this page again when it has been written again ----
  const live = document.getElementById("live");
  let stamp;
  window.pilotbenchWatch((now, isFresh) => {
    live.hidden = !isFresh;
    if (!now) return;
    if (stamp && now.page && now.page !== stamp) { location.reload(); return; }
    stamp = now.page;
    if (isFresh) live.replaceChildren("A run is in progress: " + now.percent + ", " + now.left + ". ", Object.assign(document.createElement("a"), { href: "live.html", textContent: "Follow it" }));
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details.table").forEach((box) => { box.open = true; }));
  drawInTurn(charts.slice());
})();
