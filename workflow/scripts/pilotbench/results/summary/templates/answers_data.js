// The data of the page: what its head says, rows, and replies, from the scripts beside it.
window.pilotbenchAnswers = (function () {
  "use strict";
  const KEPT = 8; // files of replies in memory
  const head = JSON.parse(document.getElementById("head").textContent);
  const columns = head.columns.map(([model, prompt], at) => ({ at, model, prompt, key: model + "/" + prompt }));
  const { lowered } = window.pilotbenchText;
  const { parts, unpacked } = window.pilotbenchFiles, { textOf } = window.pilotbenchShards;
  const shardOf = (path, passing) => window.pilotbenchShards.read("../../transcripts/", path, passing);
  const read = async (name) => JSON.parse(await unpacked((await parts(name + ".js", name))[0]));

  // A mark says whether an episode counts as right ("1") or wrong ("0"); "~": what was read is
  // right, and not in the form that was asked for; "r" refused, "n" not applicable, "o" owed.
  const FINISHED = new Set(["1", "1~", "0", "0~", "r"]);
  const isRight = (mark) => mark[0] === "1";
  window.OPTIONS = head.options;
  function rowOf([number, index, id, question, target, meta, cells, where]) {
    const name = id == null ? [index, ...where].join(" · ") : id;
    return { number, index, id, name, question, target, meta, where, cells: cells.map((cell) => cell && cell.map(([mark, text, progress, shard]) => ({ mark, read: text || "", progress, shard }))) };
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
  // Of a benchmark task: the episodes of a row in some columns, from the files of the transcripts.
  const episodesOf = (row, shown) => Promise.all(shown.map(async (column) => Promise.all((row.cells[column.at] || []).map(async ({ shard }, repeat) => {
    if (shard == null) return null;
    const found = await shardOf(head.shards[shard]), episode = found.episodes.find((one) => one.index === row.index && one.repeat === repeat);
    return episode ? { episode, found } : null;
  }))));
  // The whole question and target of a row, and its replies by column and repeat.
  async function repliesOf(row) {
    const { shards, rows } = await file(Math.floor(row.number / head.perFile));
    const [question, target, cells] = rows[row.number % head.perFile];
    return { shards, question, target, cells };
  }
  // Gives file by file what was said: numbers of rows, each with its texts, and the part read so far.
  async function eachText(rows, use) {
    if (!head.shards) return eachReplies((first, several, part) => use(several.map(([question, , cells], at) => [first + at, [question, ...cells.flat().map((reply) => reply && reply.reply || "")].map(lowered)]), part));
    const byPlace = new Map(rows.map((row) => [[...row.where, row.index].join("/"), row.number]));
    for (const [at, path] of head.shards.entries()) {
      const { words, episodes } = await shardOf(path, true), where = words.slice(3, 5).filter((word) => word !== "none");
      if (use(episodes.map((episode) => [byPlace.get([...where, episode.index].join("/")), [textOf(episode)]]), (at + 1) / head.shards.length) === false) return;
    }
  }
  // Gives every file of replies: the number of its first row, and its rows.
  async function eachReplies(use) {
    const files = Math.ceil(head.rows / head.perFile);
    for (let at = 0; at < files; at += 1) {
      const { rows } = await (kept.get(at) || read("replies-" + at));
      if (await use(at * head.perFile, rows, (at + 1) / files) === false) return;
    }
  }
  return { head, columns, FINISHED, isRight, disagreement, eachFile, repliesOf, episodesOf, eachText };
})();
