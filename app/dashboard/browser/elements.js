// Small pieces of every component of ours. Names and words become text, never HTML.

/** Seconds as m:ss or h:mm:ss, whole seconds that have passed. */
function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A text with `{name}` filled in. */
function fill(text, values) {
  return text.replace(/{(\w+)}/g, (whole, name) => String(values[name] ?? whole));
}

function make(tag, name, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...children);
  return element;
}

/** Writes a text where it differs, so that a row that is as it was costs nothing. */
function say(element, text, title = "") {
  if (element.textContent !== text) element.textContent = text;
  if (element.title !== title) element.title = title;
}

function joined(parts) {
  return parts.filter(Boolean).join(" · ");
}
