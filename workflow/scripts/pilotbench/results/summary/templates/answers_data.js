// The data of the page: what its head says, rows, and replies, from the scripts beside it.
window.pilotbenchAnswers = (function () {
  "use strict";
  const KEPT = 8; // files of replies in memory
  const head = JSON.parse(document.getElementById("head").textContent);
  const columns = head.columns.map(([model, prompt], at) => ({ at, model, prompt, key: model + "/" + prompt }));
  const arrived = {};
  window.pilotbenchData = (name, packed) => { arrived[name] = packed; };

  function script(name) {
    return new Promise((resolve, reject) => {
      const made = document.createElement("script");
      made.src = name + ".js";
      made.onload = () => { made.remove(); const packed = arrived[name]; delete arrived[name]; resolve(packed); };
      made.onerror = () => { made.remove(); reject(new Error(name + ".js beside this page cannot be read")); };
      document.head.append(made);
    });
  }
  function bytesOf(packed) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(packed);
    const text = atob(packed), bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    return bytes;
  }
  async function read(name) {
    const stream = new Blob([bytesOf(await script(name))]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  // A mark says whether an episode counts as right ("1") or wrong ("0"); "~": what was read is
  // right, and not in the form that was asked for; "r" refused, "n" not applicable, "o" owed.
  const FINISHED = new Set(["1", "1~", "0", "0~", "r"]);
  const isRight = (mark) => mark[0] === "1";
  function rowOf([number, index, id, question, target, meta, cells, where]) {
    const name = id == null ? [...where, index].join(" · ") : id;
    return { number, index, id, name, question, target, meta, where, cells: cells.map((cell) => cell && cell.map(([mark, text, progress]) => ({ mark, read: text || "", progress }))) };
  }
  // How evenly the finished replies of the columns are divided into right and wrong: 0 to 1.
  function disagreement(row, shown) {
    let right = 0, all = 0;
    for (const { at } of shown) for (const { mark } of row.cells[at] || []) if (FINISHED.has(mark)) { all += 1; right += isRight(mark); }
    return all ? 4 * (right / all) * (1 - right / all) : 0;
  }

  // Gives the rows file by file; the next one is read while the last one is shown.
  async function eachFile(use) {
    let next = head.rowFiles ? read("rows-0") : null;
    for (let at = 0; at < head.rowFiles; at += 1) {
      const rows = await next;
      next = at + 1 < head.rowFiles ? read("rows-" + (at + 1)) : null;
      await use(rows.map(rowOf));
    }
  }
  const kept = new Map();
  function file(at) {
    if (!kept.has(at)) kept.set(at, read("replies-" + at));
    const found = kept.get(at);
    kept.delete(at); kept.set(at, found); // the last one used is the last one dropped
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return found;
  }
  // The whole question and target of a row, and its replies by column and repeat.
  async function repliesOf(row) {
    const { shards, rows } = await file(Math.floor(row.number / head.perFile));
    const [question, target, cells] = rows[row.number % head.perFile];
    return { shards, question, target, cells };
  }
  // Gives every file of replies: the number of its first row, and its rows.
  async function eachReplies(use) {
    const files = Math.ceil(head.rows / head.perFile);
    for (let at = 0; at < files; at += 1) {
      const { rows } = await (kept.get(at) || read("replies-" + at));
      if (await use(at * head.perFile, rows, (at + 1) / files) === false) return;
    }
  }
  return { head, columns, FINISHED, isRight, disagreement, eachFile, repliesOf, eachReplies };
})();
