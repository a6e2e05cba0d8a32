// One way to the API.

const REQUEST_MS = 10000;

/** One request; its answer as JSON. An error carries the HTTP `status`, 0 without an answer.
 *
 * @param {string} api Address of the API, without a slash at its end.
 * @param {string} method
 * @param {string} path Below `/api/v1/`.
 * @param {{body?: object, wait?: number}} more What is sent as JSON; milliseconds to wait.
 */
async function request(api, method, path, { body, wait = REQUEST_MS } = {}) {
  let answer;
  try {
    answer = await fetch(`${api}/api/v1/${path}`, {
      method,
      credentials: "include",
      signal: AbortSignal.timeout(wait),
      ...(body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
  } catch (cause) {
    throw Object.assign(new Error("no answer", { cause }), { status: 0 });
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const what = said.error?.what ?? answer.statusText;
    throw Object.assign(new Error(what), { status: answer.status });
  }
  return said;
}
