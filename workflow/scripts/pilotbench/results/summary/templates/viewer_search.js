// Search: which episodes have all words, shard by shard; what is found is shown at once.
window.pilotbenchSearch = (function () {
  "use strict";
  const AROUND = 60;
  const { read, paths, textOf } = window.pilotbenchShards;
  const { lowered } = window.pilotbenchText;

  const wordsOf = (text) => lowered(text).split(/\s+/).filter(Boolean);
  const has = (episode, words) => { const text = textOf(episode); return words.every((word) => text.includes(word)); };
  // The place of the word that comes last for the first time, which says most, with what is around it.
  function snippet(episode, words) {
    const text = textOf(episode), at = Math.max(...words.map((word) => text.indexOf(word))), from = Math.max(0, at - AROUND);
    return (from ? "… " : "") + text.slice(from, at + AROUND).replace(/\s+/g, " ") + " …";
  }
  // Gives shard by shard the episodes that have all words, the shard `first` first; false ends it.
  async function everywhere(first, words, use) {
    const order = [first, ...paths.filter((path) => path !== first)];
    for (const [at, path] of order.entries()) {
      const shard = await read("", path, true).catch(() => ({ path, episodes: [] }));
      if (use(shard, shard.episodes.filter((episode) => has(episode, words)), (at + 1) / order.length) === false) return;
    }
  }
  // Marks the words in what is shown, and shows the first of them.
  function mark(view, words) {
    if (!window.Highlight) return;
    CSS.highlights.delete("found");
    if (!words.length) return;
    const ranges = [], walk = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const text = lowered(walk.currentNode.data);
      for (const word of words) for (let at = text.indexOf(word); at >= 0 && ranges.length < 2000; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(walk.currentNode, at); range.setEnd(walk.currentNode, Math.min(at + word.length, walk.currentNode.length));
        ranges.push(range);
      }
    }
    if (!ranges.length) return;
    CSS.highlights.set("found", new Highlight(...ranges));
    const first = ranges[0].startContainer.parentElement, box = first.closest("details");
    if (box) box.open = true;
    first.scrollIntoView({ block: "center" });
  }
  return { wordsOf, has, snippet, everywhere, mark };
})();
