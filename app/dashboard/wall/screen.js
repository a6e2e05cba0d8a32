// The big screen: read-only, for everybody in the room, so it names nobody.

const BIG_ROWS = 8;

class Screen {
  constructor(root, settings) {
    this.root = root;
    this.received = performance.now();
    this.configure(settings);
    this.feed = new Feed(
      settings.api,
      true,
      (answer) => this.receive(answer),
      (state) => this.connection(state),
    );
  }

  start() {
    this.ticker = setInterval(() => this.tick(), 1000);
    this.feed.start();
  }

  stop() {
    clearInterval(this.ticker);
    this.feed.stop();
  }

  configure(settings) {
    if (this.settings && this.settings.language === settings.language) return;
    Object.assign(this, { settings, texts: settings.texts });
    this.build();
    if (this.rows) this.draw();
  }

  build() {
    const { texts, settings } = this;
    this.time = make("time", "number");
    this.status = make("span", "status");
    this.status.setAttribute("role", "status");
    const title = make("h1", "", texts.screen_title);
    this.tiles = LEVELS.map((level) => this.tile(level, `${settings.signs[level]} ${texts[level]}`));
    this.tiles.push(this.tile("unhandled", texts.tile_unhandled));
    this.tiles.push(this.tile("waiting", texts.tile_waiting));
    this.list = make("ol", "worst");
    this.note = make("p", "note", texts.loading);
    const head = make("header", "top", title, this.status, this.time);
    const tiles = make("dl", "tiles", ...this.tiles.map((one) => one.element));
    const estimate = make("p", "estimate", texts.estimate);
    const frame = make("section", "screen", head, tiles, this.list, this.note, estimate);
    this.root.querySelector(".screen")?.remove();
    this.root.append(frame);
  }

  tile(name, label) {
    const value = make("dd", "number", "–");
    return { name, value, element: make("div", `tile ${name}`, make("dt", "", label), value) };
  }

  receive(answer) {
    this.received = performance.now();
    this.rows = answer.data;
    this.draw();
  }

  connection(state) {
    this.state = state;
    const stale = state === "down" || state === "signed-out";
    this.root.querySelector(".screen").classList.toggle("stale", stale);
    if (!this.rows && stale) this.note.textContent = this.texts[`first_${state}`];
    this.tick();
  }

  draw() {
    const calm = (row) => !isCritical(row) && (!row.level || row.level === "calm");
    const worst = this.rows.filter((row) => !calm(row)).slice(0, BIG_ROWS);
    this.lines = worst.map((row) => this.line(row));
    this.list.replaceChildren(...this.lines.map((line) => line.element));
    this.note.hidden = Boolean(worst.length);
    this.note.textContent = this.texts[this.rows.length ? "all_calm" : "none_open"];
    this.tick();
  }

  line(row) {
    const { texts, settings } = this;
    const name = `${settings.signs[row.level]} ${texts[row.level]}${isCritical(row) ? " !" : ""}`;
    const badge = make("span", `badge ${row.level}`, name);
    const since = make("span", "number since");
    const where = make("span", "where", joined([row.team, row.queue]) || texts[row.channel]);
    const state = joined([row.view_state && texts[`state_${row.view_state}`], texts[row.channel]]);
    const handled = make("span", "by", row.handled ? texts.being_handled : "");
    const kind = `line ${row.level}${row.handled ? " handled" : ""}`;
    const element = make("li", kind, badge, since, make("span", "state", state), where, handled);
    return { row, since, element };
  }

  tick() {
    const { texts, rows, state } = this;
    const passed = (performance.now() - this.received) / 1000;
    const now = new Date();
    say(this.time, now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false }));
    if (state) {
      this.status.className = `status ${state}`;
      say(this.status, fill(texts[`connection_${state}`], { age: clock(passed) }));
    }
    if (!rows || state === "down" || state === "signed-out") return;
    const waits = rows.filter((row) => row.channel === "chat" && row.waiting !== null);
    const longest = Math.max(0, ...waits.map((row) => row.waiting + passed));
    const unhandled = rows.filter((row) => !row.handled && (isCritical(row) || row.level === "heated"));
    for (const { name, value } of this.tiles) {
      const level = rows.filter((row) => (row.level || "calm") === name).length;
      const shown = { unhandled: unhandled.length, waiting: waits.length ? clock(longest) : "–" };
      say(value, String(shown[name] ?? level));
    }
    for (const { row, since } of this.lines) say(since, clock(row.level_seconds + passed));
  }
}
