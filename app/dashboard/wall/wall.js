// The wall: filters, order, keys, announcements; one table whose rows are kept and updated.

const RESORT_MS = 5000; // Rows are sorted anew at most this often.
const FILTERS = ["team", "queue", "channel"];
const LEVELS = ["heated", "dissatisfied", "watch", "calm"];
const COLUMNS = ["level", "why", "agent", "customer", "length", "course", "handling"];

class Wall {
  constructor(root, settings, open) {
    Object.assign(this, { root, open, rows: new Map(), data: new Map(), order: [], wanted: [] });
    this.standings = new Map();
    this.timedOut = new Set();
    this.sorted = -Infinity;
    this.received = performance.now();
    this.configure(settings);
    this.feed = new Feed(
      settings.api,
      false,
      (answer) => this.receive(answer),
      (state) => this.connection(state),
      ({ conversation_id, change }) => change === "timed_out" && this.timeOut(conversation_id),
    );
    this.onKey = (event) => this.pageKey(event);
  }

  start() {
    document.addEventListener("keydown", this.onKey);
    this.ticker = setInterval(() => this.tick(), 1000);
    this.feed.start();
  }

  stop() {
    document.removeEventListener("keydown", this.onKey);
    clearInterval(this.ticker);
    clearTimeout(this.resort);
    this.feed.stop();
  }

  /** Takes texts in another language, and draws everything anew. */
  configure(settings) {
    if (this.settings && this.settings.language === settings.language) return;
    Object.assign(this, { settings, texts: settings.texts });
    this.filter = readFilters();
    this.build();
    this.rows.clear();
    this.order = [];
    if (this.answered) this.show(true);
    if (this.state) this.connection(this.state);
  }

  build() {
    const { texts } = this;
    this.bar = new Bar(texts, this.settings, this.filter, (filter) => this.filtered(filter));
    this.body = make("tbody");
    const heads = COLUMNS.map((name) => {
      const head = make("th", name, texts[`column_${name}`]);
      head.scope = "col";
      return head;
    });
    const caption = make("caption", "hidden", texts.caption);
    this.table = make("table", "", caption, make("thead", "", make("tr", "", ...heads)), this.body);
    this.note = make("p", "note", texts.loading);
    this.news = make("div", "hidden");
    this.news.setAttribute("aria-live", "assertive");
    this.said = make("div", "said");
    this.said.setAttribute("role", "status");
    this.help = helpDialog(texts, this.settings.acts);
    this.bar.helpButton.onclick = () => this.help.showModal();
    const frame = make("section", "wall", this.bar.element, this.table, this.note, this.said);
    frame.append(this.news, this.help);
    this.root.querySelector(".wall")?.remove();
    this.root.append(frame);
    this.body.addEventListener("pointerover", (event) => this.hover(event));
    this.body.addEventListener("pointerleave", () => (this.hovered = null));
    this.body.addEventListener("focusin", (event) => this.focus(rowOf(event)));
    this.body.addEventListener("focusout", () => (this.focused = null));
    this.body.addEventListener("click", (event) => this.click(event));
    this.body.addEventListener("keydown", (event) => this.rowKey(event));
  }

  // What comes

  receive(answer) {
    this.received = performance.now();
    const before = this.data;
    const next = new Map(answer.data.map((row) => [row.id, row]));
    const lost = [...before.values()].filter((row) => !next.has(row.id) && this.rows.has(row.id));
    for (const row of lost) next.set(row.id, { ...row, gone: row.gone || "left" });
    this.data = next;
    this.wantedAll = answer.data.map((row) => row.id);
    this.bar.options(answer.data, answer.teams);
    this.bar.counts(answer.data, answer.count);
    this.announce(before, answer.data);
    this.answered = true;
    this.show(!before.size);
    const fresh = lost.filter((row) => !row.gone).map((row) => row.id);
    if (fresh.length) this.askWhy(fresh);
  }

  /** Its event may come after the row was found to be gone. */
  timeOut(id) {
    this.timedOut.add(id);
    const row = this.data.get(id);
    if (row?.gone !== "ended") return;
    this.data.set(id, { ...row, gone: "timed_out" });
    this.draw();
  }

  /** Which of the conversations that are gone ended or timed out, and which were deleted. */
  async askWhy(ids) {
    const given = ids.slice(0, 100).map((id) => `id=${id}`).join("&");
    try {
      const { data } = await this.feed.request("GET", `conversations?limit=100&${given}`);
      const there = new Set(data.map((row) => row.id));
      for (const id of ids) {
        const row = this.data.get(id);
        if (!row?.gone) continue;
        const ended = this.timedOut.has(id) ? "timed_out" : "ended";
        const gone = there.has(id) ? ended : "deleted";
        this.data.set(id, { ...row, gone, words: gone === "deleted" ? "" : row.words });
      }
      this.draw();
    } catch {
      // It is said that they are no longer open; that is true in any case.
    }
  }

  announce(before, rows) {
    const urgent = (row) => isCritical(row) || row.level === "heated";
    const fresh = rows.filter((row) => {
      const old = before.get(row.id);
      return urgent(row) && !row.handled && !(old && urgent(old)) && this.passes(row);
    });
    if (!this.answered || !fresh.length) return;
    const one = fresh[0];
    const who = [one.agent_name, one.agent_id].filter(Boolean).join(" ");
    const more = fresh.length > 1 ? fill(this.texts.news_more, { n: fresh.length - 1 }) : "";
    const level = this.texts[one.level] ?? "";
    this.news.textContent = fill(this.texts.news, { level, words: one.words, who }) + more;
    this.bar.sound();
  }

  connection(state) {
    this.state = state;
    const stale = state === "down" || state === "signed-out";
    this.table.classList.toggle("stale", stale);
    this.bar.connection(state, (performance.now() - this.received) / 1000);
    if (!this.answered && stale) this.note.textContent = this.texts[`first_${state}`];
  }

  // What is shown

  passes(row) {
    const { filter } = this;
    return (
      (!filter.level.length || filter.level.includes(row.level || "calm")) &&
      FILTERS.every((name) => !filter[name] || row[name] === filter[name])
    );
  }

  filtered(filter) {
    this.filter = filter;
    writeFilters(filter);
    this.show(true);
  }

  /** Rows in the order that is allowed now; at once where a person asked for it. */
  show(atOnce = false) {
    this.wanted = this.wantedAll.filter((id) => this.passes(this.data.get(id)));
    const changed = this.wanted.filter((id) => {
      const now = standing(this.data.get(id));
      const differs = this.standings.get(id) !== now;
      this.standings.set(id, now);
      return differs;
    });
    const there = new Set(this.wanted);
    if (changed.length || this.order.some((id) => !there.has(id))) this.unsorted = true;
    const wait = this.sorted + RESORT_MS - performance.now();
    clearTimeout(this.resort);
    if (atOnce) {
      this.order = this.wanted.slice();
      this.sorted = performance.now();
      this.unsorted = false;
    } else if (this.unsorted && wait <= 0) {
      this.sort();
    } else {
      // New rows stand below all others until it is time: nothing moves for them.
      const shown = new Set(this.order);
      this.order = [...this.order, ...this.wanted.filter((id) => !shown.has(id))];
    }
    if (this.unsorted) this.resort = setTimeout(() => this.show(), Math.max(50, wait));
    this.draw();
  }

  sort() {
    const pinned = new Set([this.hovered, this.focused].filter((id) => id != null));
    const order = arrange(this.order, this.wanted, pinned);
    if (order.some((id, index) => id !== this.order[index])) this.sorted = performance.now();
    this.order = order;
    // A row that is held in another place goes to its own when it is let go.
    this.unsorted = order.some((id, index) => id !== this.wanted[index]);
  }

  draw() {
    const shown = new Set(this.order);
    for (const [id, row] of this.rows) {
      if (shown.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
      if (this.data.get(id)?.gone) this.data.delete(id);
    }
    const passed = (performance.now() - this.received) / 1000;
    for (const id of this.order) {
      if (!this.rows.has(id)) this.rows.set(id, new Row(this.texts, this.settings));
      const row = this.rows.get(id);
      row.update(this.data.get(id), this.href(this.data.get(id)));
      row.tick(row.data.gone ? 0 : passed);
    }
    this.place();
    if (!this.order.some((id) => this.rows.get(id).element.tabIndex === 0) && this.order.length) {
      this.rows.get(this.order[0]).element.tabIndex = 0;
    }
    this.table.hidden = !this.order.length;
    const any = this.wantedAll?.length;
    this.note.hidden = Boolean(this.order.length);
    if (this.answered) this.note.textContent = any ? this.texts.none_match : this.texts.none_open;
  }

  /** Puts the rows into their order without touching those that keep their place: a focused row that
   * is moved in the document loses its focus. */
  place() {
    let below = null;
    for (const id of this.order.toReversed()) {
      const { element } = this.rows.get(id);
      const held = id === this.focused || id === this.hovered;
      const at = element.parentNode === this.body;
      if (!at || (!held && element.nextElementSibling !== below)) {
        this.body.insertBefore(element, below);
      }
      below = element;
    }
  }

  tick() {
    const stale = this.state === "down" || this.state === "signed-out";
    const passed = (performance.now() - this.received) / 1000;
    if (stale) return this.bar.connection(this.state, passed);
    for (const id of this.order) {
      const row = this.rows.get(id);
      if (!row.data.gone) row.tick(passed);
    }
  }

  href(row) {
    const wanted = { source: row.source, external_id: row.external_id, lang: this.settings.language };
    if (row.start !== null) wanted.t = row.start;
    else if (row.turn !== null) wanted.turn = row.turn;
    return `${this.settings.replay}?${new URLSearchParams(wanted)}`;
  }

  // What a person does

  hover(event) {
    if (event.pointerType === "touch") return;
    this.hovered = rowOf(event)?.id ?? null;
  }

  focus(row) {
    if (!row) return;
    this.focused = row.id;
    for (const one of this.rows.values()) one.element.tabIndex = one.data.id === row.id ? 0 : -1;
  }

  click(event) {
    const row = rowOf(event);
    const target = event.target.closest("[data-action], a");
    if (!row) return;
    if (!target) return row.element.focus({ preventScroll: true });
    if (target.dataset.action) return this.act(target.dataset.action, row.id);
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (target.classList.contains("words") && plain && event.button === 0) {
      event.preventDefault();
      this.openRow(row.id);
    }
  }

  openRow(id) {
    const { source, external_id, start, turn } = this.data.get(id);
    this.open({ source, external_id, start, turn });
  }

  async act(action, id) {
    const row = this.data.get(id);
    if (!row || row.gone) return;
    if (!this.settings.acts) return this.tell(this.texts.failed_403);
    const path = `conversations/${id}/handling`;
    const calls = {
      take: ["POST", path],
      release: ["DELETE", path],
      acknowledge: row.alert && !row.alert.acknowledged_by && ["POST", `alerts/${row.alert.id}/acknowledge`],
    };
    if (!calls[action]) return this.tell(this.texts.nothing_to_acknowledge);
    try {
      await this.feed.request(...calls[action]);
      this.tell(this.texts[`done_${action}`]);
    } catch (error) {
      this.tell(this.texts[`failed_${error.status}`] ?? this.texts.failed_now);
    }
    this.feed.soon();
  }

  tell(text) {
    this.said.textContent = text;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (this.said.textContent = ""), 6000);
  }

  rowKey(event) {
    const row = rowOf(event);
    const inside = event.target !== row?.element;
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = this.order.indexOf(row.id);
    const handled = this.data.get(row.id).handled;
    const act = {
      ArrowDown: () => this.focusAt(index + 1),
      ArrowUp: () => this.focusAt(index - 1),
      Home: () => this.focusAt(0),
      End: () => this.focusAt(this.order.length - 1),
      Enter: () => this.openRow(row.id),
      a: () => this.act("acknowledge", row.id),
      t: () => this.act(handled ? "release" : "take", row.id),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || (inside && event.key === "Enter")) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  focusAt(index) {
    const id = this.order[Math.min(Math.max(index, 0), this.order.length - 1)];
    const element = this.rows.get(id)?.element;
    element?.focus();
    element?.scrollIntoView({ block: "nearest" });
  }

  /** Keys that hold wherever the focus is, but for fields in which somebody types. */
  pageKey(event) {
    const target = event.composedPath()[0];
    if (target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
    if (event.key === "?") {
      event.preventDefault();
      this.help.showModal();
    } else if (event.key === "ArrowDown" && target === document.body && this.order.length) {
      event.preventDefault();
      this.focusAt(0);
    }
  }
}

function rowOf(event) {
  const element = event.target.closest?.("tbody tr");
  return element ? { element, id: Number(element.dataset.id) } : null;
}

function readFilters() {
  const given = new URLSearchParams(location.search);
  const level = (given.get("level") ?? "").split(",").filter((name) => LEVELS.includes(name));
  return { level, ...Object.fromEntries(FILTERS.map((name) => [name, given.get(name) ?? ""])) };
}

function writeFilters(filter) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries({ ...filter, level: filter.level.join(",") })) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  history.replaceState(history.state, "", address);
}

function helpDialog(texts, acts) {
  const keys = [
    ["↑ ↓", texts.key_move],
    ["Enter", texts.key_open],
    ...(acts ? [["A", texts.key_acknowledge], ["T", texts.key_take]] : []),
    ["?", texts.key_help],
  ];
  const list = make("dl", "", ...keys.flatMap(([key, what]) => [
    make("dt", "", ...key.split(" ").map((one) => make("kbd", "", one))),
    make("dd", "", what),
  ]));
  const close = make("button", "primary", texts.close);
  const orderText = make("p", "", texts.order_help);
  const dialog = make("dialog", "", make("h2", "", texts.keys), list, orderText, close);
  close.onclick = () => dialog.close();
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  return dialog;
}
