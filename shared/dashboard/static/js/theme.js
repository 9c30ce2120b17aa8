// Runs before the first paint, so that the page never flashes in the wrong theme.
(() => {
  let theme = "auto";
  try {
    theme = JSON.parse(localStorage.getItem("gleaner.prefs"))?.theme ?? "auto";
  } catch {
    // No storage, or nothing sensible in it: the system's theme.
  }
  document.documentElement.dataset.theme = theme;
})();
