// A run in progress: `status --watch --page` writes live_data.js beside this page, again and again.
// Calls `use` with what it says and whether it is fresh; goes on as long as it is, or `always`.
window.pilotbenchWatch = (use, always) => {
  "use strict";
  const SLOW = 5000;
  let told = null, timer = 0;
  window.pilotbenchLive = (now) => { told = now; };
  function poll() {
    clearTimeout(timer);
    const made = document.createElement("script");
    made.src = "live_data.js?" + Date.now();
    made.onload = made.onerror = () => {
      made.remove();
      const isFresh = Boolean(told && !told.over && Date.now() / 1000 - told.written < 3 * told.every + 10);
      use(told, isFresh);
      if (isFresh || always) timer = setTimeout(poll, isFresh ? 1000 * told.every : SLOW);
    };
    document.head.append(made);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
  poll();
};
