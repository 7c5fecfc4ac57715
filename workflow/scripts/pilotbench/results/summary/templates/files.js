// Data files: scripts that hand over gzip bytes in base64, since a page from disk may load nothing else.
window.pilotbenchFiles = (function () {
  "use strict";
  const arrived = {};
  window.pilotbenchData = (name, ...parts) => { arrived[name] = parts; };

  // What the script `src` hands over under a name.
  function parts(src, name) {
    return new Promise((resolve, reject) => {
      const made = document.createElement("script");
      made.src = src;
      made.onload = () => { made.remove(); const found = arrived[name]; delete arrived[name]; if (found) resolve(found); else reject(new Error(src + " does not have " + name)); };
      made.onerror = () => { made.remove(); reject(new Error(src + " beside this page cannot be read")); };
      document.head.append(made);
    });
  }
  function bytesOf(packed) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(packed);
    const text = atob(packed), bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    return bytes;
  }
  function unpacked(packed) {
    return new Response(new Blob([bytesOf(packed)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }
  return { parts, unpacked };
})();
