// The terminal has the keys as soon as it is there: a deck whose tab has no focus takes none.
function focus() {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys && document.body.classList.contains("-first-byte")) keys.focus();
}

window.addEventListener("DOMContentLoaded", () => {
  document.getElementById("again").addEventListener("click", () => window.location.reload());
  const watch = new MutationObserver(() => {
    if (document.body.classList.contains("-first-byte")) {
      watch.disconnect();
      focus();
    }
  });
  watch.observe(document.body, { attributes: true, attributeFilter: ["class"] });
});
window.addEventListener("focus", focus);
// A deck that could not open says why, instead of that it was left.
new MutationObserver(async (_, watch) => {
  if (!document.body.classList.contains("-closed")) return;
  watch.disconnect();
  const why = await fetch("/why").then((told) => (told.ok ? told.text() : ""), () => "");
  if (why) document.getElementById("why").textContent = why;
}).observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ["class"] });
// ctrl+v is the browser's: the terminal would send it as a key, and nothing would be pasted.
window.addEventListener("keydown", (event) => {
  if (event.ctrlKey && !event.altKey && !event.metaKey && event.key.toLowerCase() === "v") {
    event.stopImmediatePropagation();
  }
}, true);
