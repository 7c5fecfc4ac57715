// Sorting of tables: a click on a heading, missing values always last.
window.pilotbenchTables = (function () {
  "use strict";
  function compare(a, b) {
    if (a === b) return 0;
    if (a === "" || a == null) return 1;
    if (b === "" || b == null) return -1;
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? String(a).localeCompare(String(b)) : x - y;
  }
  function turned(head) {
    const way = head.getAttribute("aria-sort") === "descending" ? "ascending" : head.getAttribute("aria-sort") === "ascending" ? "descending" : head.classList.contains("n") ? "descending" : "ascending";
    head.parentElement.querySelectorAll("th").forEach((th) => { if (th.hasAttribute("aria-sort")) th.setAttribute("aria-sort", th === head ? way : "none"); });
    return way === "ascending" ? 1 : -1;
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    table.tHead.addEventListener("click", (event) => {
      const head = event.target.closest("th");
      if (!head) return;
      const way = turned(head), body = table.tBodies[0], at = head.cellIndex;
      [...body.rows].sort((a, b) => { const x = a.cells[at].dataset.sort, y = b.cells[at].dataset.sort; return x === "" || y === "" ? compare(x, y) : way * compare(x, y); }).forEach((row) => body.append(row));
    });
  }
  // Says at which edge something is scrolled out.
  function edges(box) {
    const left = box.scrollLeft, more = box.scrollWidth - box.clientWidth;
    box.classList.toggle("more-left", more > 1 && left > 1);
    box.classList.toggle("more-right", more > 1 && left < more - 1);
  }
  const watch = new ResizeObserver((found) => { for (const { target } of found) edges(target.matches("table") ? target.parentElement : target); });
  const announced = new WeakSet();
  function announce(box) {
    edges(box);
    if (announced.has(box)) return;
    announced.add(box);
    box.addEventListener("scroll", () => edges(box), { passive: true });
    watch.observe(box);
    if (box.firstElementChild) watch.observe(box.firstElementChild);
  }
  document.querySelectorAll(".scroll").forEach(announce);
  return { compare, turned, announce };
})();
