// What every component of ours in a browser needs: elements, texts, times, requests.

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

/** One request to the API; its answer as JSON. An error carries the HTTP `status`, 0 without one. */
async function ask(api, method, path, body) {
  let answer;
  try {
    answer = await fetch(`${api}/api/v1/${path}`, {
      method,
      credentials: "include",
      signal: AbortSignal.timeout(10000),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
  } catch (cause) {
    throw Object.assign(new Error("no answer", { cause }), { status: 0 });
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const what = found.error?.what ?? answer.statusText;
    throw Object.assign(new Error(what), { status: answer.status });
  }
  return found;
}
