// What is open now, from the API: told by server-sent events, asked for by polling where those fail.

const EVENTS = ["conversation", "turn", "alert"];
const LEAST_MS = 700; // Between two answers: a busy wall asks no more often.
const POLL_MS = 2000; // Without events.
const CHECK_MS = 15000; // With events: what somebody took over elsewhere, and times.
const RETRY_MS = [1000, 2000, 3000, 5000]; // After errors; the last one again and again.
const EVENTS_AGAIN_MS = 30000; // After the stream of events was refused.

class Feed {
  /**
   * @param {string} api Address of the API, without a slash at its end.
   * @param {boolean} screen Whether the rows are for a screen that everybody sees.
   * @param {(rows: object) => void} onRows Gets every answer.
   * @param {(state: string) => void} onState Gets `live`, `polling`, `down` or `signed-out`.
   * @param {(event: object) => void} onConversation Gets what is told of conversations.
   */
  constructor(api, screen, onRows, onState, onConversation = () => {}) {
    Object.assign(this, { api, screen, onRows, onState, onConversation });
    this.failures = 0;
    this.asked = -Infinity;
    this.running = false;
  }

  start() {
    this.running = true;
    this.listen();
    this.ask();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    clearTimeout(this.again);
    this.source?.close();
    this.source = null;
  }

  listen() {
    const source = new EventSource(`${this.api}/api/v1/events`, { withCredentials: true });
    const soon = () => this.soon();
    for (const kind of EVENTS) source.addEventListener(kind, soon);
    source.addEventListener("conversation", ({ data }) => this.onConversation(JSON.parse(data)));
    source.onmessage = soon;
    source.onopen = soon;
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return; // It connects again by itself.
      clearTimeout(this.again);
      this.again = setTimeout(() => this.running && this.listen(), EVENTS_AGAIN_MS);
    };
    this.source = source;
  }

  get streaming() {
    return this.source?.readyState === EventSource.OPEN;
  }

  /** Asks as soon as that is not too often. */
  soon() {
    if (!this.running || this.asking) {
      this.stale = true;
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), Math.max(0, this.asked + LEAST_MS - performance.now()));
  }

  async ask() {
    if (!this.running) return;
    this.asked = performance.now();
    this.asking = true;
    this.stale = false;
    try {
      this.onRows(await this.request("GET", `wall${this.screen ? "?screen=true" : ""}`));
      this.failures = 0;
      this.onState(this.streaming ? "live" : "polling");
    } catch (error) {
      this.failures += 1;
      this.onState(error.status === 401 ? "signed-out" : "down");
    } finally {
      this.asking = false;
    }
    if (this.stale && !this.failures) return this.soon();
    const retry = RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1];
    const pause = this.failures ? retry : this.streaming ? CHECK_MS : POLL_MS;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), pause);
  }

  /** One request; see `request`. */
  request(method, path) {
    return request(this.api, method, path);
  }
}
