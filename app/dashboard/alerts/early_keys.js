// Keys that are pressed while the page is still being drawn: kept, and pressed once it listens.

(() => {
  const KEYS = new Set(["a", "j", "k", "o", "1", "2", "3", "4"]);
  const LONGEST_MS = 15000;
  const APART_MS = 400; // Each key is answered by the server before the next one is pressed.
  const typing = "input, textarea, select, [contenteditable], [role=dialog]";
  const kept = [];
  const until = performance.now() + LONGEST_MS;

  const listens = () =>
    document.querySelector("[data-test-script-state]")?.dataset.testScriptState === "notRunning" &&
    document.querySelector(".st-key-footer") !== null;

  const keep = (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (!event.isTrusted || !plain || !KEYS.has(event.key.toLowerCase())) return;
    if (event.target.closest?.(typing)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { key, code, keyCode } = event; // Streamlit reads the last one.
    if (event.type === "keydown" && !event.repeat) kept.push({ key, code, keyCode });
  };

  const press = (key) => {
    for (const type of ["keydown", "keyup"]) {
      const event = new KeyboardEvent(type, { ...key, bubbles: true, cancelable: true });
      (document.activeElement ?? document.body).dispatchEvent(event);
    }
  };

  const look = () => {
    if (!listens() && performance.now() < until) return setTimeout(look, 50);
    for (const type of ["keydown", "keyup"]) window.removeEventListener(type, keep, true);
    kept.forEach((one, index) => setTimeout(() => press(one), index * APART_MS));
  };

  for (const type of ["keydown", "keyup"]) window.addEventListener(type, keep, true);
  look();
})();
