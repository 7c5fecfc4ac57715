// The episodes of a shard, from its file below transcripts/. A path is as on disk, without suffix.
window.pilotbenchShards = (function () {
  "use strict";
  const KEPT = 40; // shards in memory
  const { parts, unpacked } = window.pilotbenchFiles;
  const { lowered } = window.pilotbenchText;
  const kept = new Map();

  const addressOf = (path) => path.split("/").map(encodeURIComponent).join("/");
  const wordsOf = (path) => path.split("/").map(decodeURIComponent);
  // The file of a shard does not say what its judges say: the score of their verdicts is the database's.
  function withVerdicts(episode, judged) {
    const score = judged.scores[episode.episode], verdicts = judged.verdicts[episode.episode] || [];
    if (!score) return { ...episode, verdicts };
    const { why, ...rest } = score;
    return { ...episode, ...rest, verdicts, verdict: { ...episode.verdict, right: score.success, why } };
  }
  async function opened(base, path) {
    const [packed, said, command] = await parts(base + addressOf(path) + ".js", path);
    const lines = (await unpacked(packed)).split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const judged = said ? JSON.parse(await unpacked(said)) : { scores: {}, verdicts: {} };
    return { path, words: wordsOf(path), header: lines[0], command, episodes: lines.slice(1).map((episode) => withVerdicts(episode, judged)) };
  }
  function keep(path, found) {
    kept.delete(path); kept.set(path, found); // the last one used is the last one dropped
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return found;
  }
  // `passing`: it is read once, and does not take the place of what is looked at.
  function read(base, path, passing) {
    if (kept.has(path)) return passing ? kept.get(path) : keep(path, kept.get(path));
    const found = opened(base, path);
    if (passing) return found;
    found.catch(() => kept.delete(path));
    return keep(path, found);
  }
  const quoted = (word) => /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\"'\"'") + "'";
  // A number would be read as an index.
  const nameOf = (episode) => episode.question_id == null ? String(episode.index) : /^[0-9]+$/.test(episode.question_id) ? "id=" + episode.question_id : episode.question_id;
  // The command that shows an episode, with the config of the run.
  const commandOf = (command, name, repeat) => [command, quoted(name), repeat ? "--repeat " + repeat : "", window.OPTIONS || ""].filter(Boolean).join(" ");
  const showCommand = (shard, episode) => commandOf(shard.command, nameOf(episode), episode.repeat);

  function sign(episode) {
    if (episode.status === "refused") return ["⊘", "mid", "refused"];
    if (episode.status === "not_applicable") return ["–", "quiet", "not applicable"];
    if (episode.level == null) return ["…", "quiet", "not judged yet"];
    if (episode.success) return ["✓", "good", "success"];
    return episode.level === "partial_success" ? ["◐", "mid", "partial"] : ["✗", "bad", "failure"];
  }
  // All text of an episode that somebody wrote, in lower case, for a search.
  const searched = new WeakMap();
  function textOf(episode) {
    if (!searched.has(episode)) {
      const found = [], gather = (value) => { if (typeof value === "string") found.push(value); else if (value && typeof value === "object") for (const part of Object.values(value)) gather(part); };
      gather([episode.question_id, episode.user, episode.messages, episode.transcript, episode.answer, episode.reason, episode.goals, episode.verdict, Object.keys(episode.errors || {})]);
      searched.set(episode, lowered(found.join("\n")));
    }
    return searched.get(episode);
  }
  // The raw request and answer of a turn, from a file that is only written when asked for.
  const raws = new Map();
  async function rawOf(base, path, episode, turn) {
    const name = path + ".raw";
    if (!raws.has(path)) raws.set(path, parts(base + addressOf(path) + ".raw.js", name).then(async ([packed]) => JSON.parse(await unpacked(packed))));
    try { return (await raws.get(path))[[episode.index, episode.repeat, turn.turn].join(" ")] || null; } catch (error) { raws.delete(path); throw error; }
  }
  return { read, rawOf, addressOf, wordsOf, commandOf, showCommand, nameOf, sign, textOf, paths: window.SHARDS || [] };
})();
