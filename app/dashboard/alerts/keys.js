// The keys of the page: kept in their order until the server has dealt with each, however fast they
// come. A press that waits for the one before it must not meet what that one left behind.

const KEYS = new Set(["a", "j", "k", "o", "1", "2", "3", "4"]);
const TYPING = "input, textarea, select, [contenteditable], [role=dialog]";
let pressed = []; // [number, key], which the server has not yet dealt with.
let latest = 0;

function listener(send) {
  return (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    const key = event.key.toLowerCase();
    if (!plain || !KEYS.has(key) || event.composedPath()[0].closest?.(TYPING)) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // The buttons that show the keys would be pressed too.
    if (event.type !== "keydown" || event.repeat) return;
    latest = Math.max(latest + 1, Date.now()); // Grows, also when the page is loaded anew.
    pressed.push([latest, key]);
    send(pressed);
  };
}

let stop = () => {};

/** What Streamlit calls: at first, and whenever the page is drawn again. */
export default function mount({ data, setStateValue }) {
  pressed = pressed.filter(([number]) => number > data.done);
  stop();
  const listen = listener((keys) => setStateValue("pressed", keys));
  for (const type of ["keydown", "keyup"]) window.addEventListener(type, listen, true);
  stop = () => {
    for (const type of ["keydown", "keyup"]) window.removeEventListener(type, listen, true);
  };
  return stop;
}
