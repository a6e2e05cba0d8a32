// One row of the table. Names and words become text, never HTML.

/** Bars up and down from a line in the middle: the customer's sentiment, the latest on the right. */
class Trend {
  constructor(count) {
    this.element = make("span", "trend");
    this.element.setAttribute("role", "img");
    this.bars = Array.from({ length: count }, () => make("i"));
    this.element.append(...this.bars);
  }

  update(values, label) {
    const first = this.bars.length - values.length;
    this.bars.forEach((bar, index) => {
      const value = index < first ? null : values[index - first];
      bar.className = value === null ? "none" : value < 0 ? "down" : "up";
      bar.style.setProperty("--size", String(Math.max(0.08, Math.abs(value ?? 0))));
    });
    this.element.setAttribute("aria-label", label);
    this.element.title = label;
  }
}

class Row {
  /**
   * @param {object} texts What is written, by key.
   * @param {object} settings `signs`, a shape for each level; `acts`, whether whoever looks may
   *   acknowledge and take over.
   */
  constructor(texts, settings) {
    Object.assign(this, { texts, signs: settings.signs, acts: settings.acts });
    this.element = make("tr");
    this.element.tabIndex = -1;
    this.badge = make("span", "badge");
    this.since = make("span", "sub number");
    this.words = make("a", "words");
    this.why = make("span", "sub");
    this.agent = make("span", "main");
    this.group = make("span", "sub");
    this.customer = make("span", "main");
    this.about = make("span", "sub");
    this.repeat = make("span", "chip");
    this.length = make("span", "main number");
    this.gaps = make("span", "sub number");
    this.trend = new Trend(8);
    this.risk = make("span", "sub number");
    this.handler = make("span", "main handler");
    this.acknowledge = this.button("acknowledge", "primary");
    this.take = this.button("take", "");
    this.links = ["listen", "barge", "ticket"].map((name) => this.link(name));
    const cell = (name, ...children) => make("td", name, make("div", "cell", ...children));
    const level = make("th", "level", make("div", "cell", this.badge, this.since));
    level.scope = "row";
    const who = make("span", "line", this.about, this.repeat);
    const actions = make("span", "actions", this.acknowledge, this.take, ...this.links);
    this.element.append(
      level,
      cell("why", this.words, this.why),
      cell("agent", this.agent, this.group),
      cell("customer", this.customer, who),
      cell("length", this.length, this.gaps),
      cell("course", this.trend.element, this.risk),
      cell("handling", this.handler, actions),
    );
  }

  button(name, kind) {
    const button = make("button", kind, this.texts[name]);
    button.type = "button";
    button.tabIndex = -1;
    button.dataset.action = name;
    return button;
  }

  link(name) {
    const link = make("a", "link", this.texts[name]);
    Object.assign(link, { target: "_blank", rel: "noopener noreferrer", tabIndex: -1 });
    link.dataset.link = name;
    return link;
  }

  /** Shows what is known of the conversation now. */
  update(row, href) {
    const { texts } = this;
    this.data = row;
    const element = this.element;
    element.dataset.id = row.id;
    element.className = [
      row.level || "unscored",
      isCritical(row) ? "critical" : "",
      row.handled ? "handled" : "",
      row.gone ? "gone" : "",
    ].join(" ").trim();
    const level = row.level ? texts[row.level] : texts.unscored;
    say(this.badge, `${this.signs[row.level] ?? "·"} ${level}`);
    say(this.words, row.words || texts.open, row.words ? texts.open_at : "");
    this.words.classList.toggle("none", !row.words);
    if (this.words.getAttribute("href") !== href) this.words.setAttribute("href", href);
    say(this.why, this.reason(row));
    const agent = [row.agent_name, row.agent_id].filter(Boolean).join(" ");
    say(this.agent, agent || texts.no_agent, agent);
    say(this.group, joined([row.team, row.queue]), joined([row.team, row.queue]));
    say(this.customer, row.customer || texts.no_customer, row.customer);
    const about = joined([texts[row.channel], row.business_type]);
    say(this.about, about, about);
    say(this.repeat, row.repeats ? fill(texts.repeat, { n: row.repeats + 1 }) : "", texts.repeat_help);
    this.repeat.hidden = !row.repeats;
    const last = row.trend.map((v) => v.toFixed(1)).join(", ");
    this.trend.update(row.trend, last ? fill(texts.trend_alt, { values: last }) : texts.no_trend);
    say(this.risk, fill(texts.risk_short, { risk: row.risk.toFixed(2) }), texts.risk_help);
    this.handled(row);
    for (const link of this.links) {
      const address = row.links[link.dataset.link] ?? "";
      link.hidden = !/^https?:\/\//i.test(address);
      if (!link.hidden) link.href = address;
    }
  }

  reason(row) {
    const { texts } = this;
    if (row.gone) return texts[row.gone];
    const state = row.view_state ? texts[`state_${row.view_state}`] : "";
    const names = row.basis.map((name) => texts[name] ?? name).join(texts.comma);
    const rule = row.alert && (texts.language === "zh" ? row.alert.rule : row.alert.rule_en);
    const alert = row.alert ? fill(texts.alert_of, { rule }) : "";
    return joined([alert, state, row.words && names ? fill(texts.basis, { names }) : ""]);
  }

  handled(row) {
    const { texts } = this;
    const by = row.handled_by || (row.handled ? texts.somebody : "");
    const seen = row.alert?.acknowledged_by;
    const text = by
      ? fill(texts.handled_by, { who: by })
      : seen
        ? fill(texts.acknowledged_by, { who: seen })
        : "";
    say(this.handler, text, text);
    this.handler.hidden = !text;
    const acts = this.acts && !row.gone;
    this.acknowledge.hidden = !acts || !row.alert || Boolean(seen);
    // Whoever has it sees the new alert first; there is no room for both.
    this.take.hidden = !acts || (row.handled && !this.acknowledge.hidden);
    this.take.dataset.action = row.handled ? "release" : "take";
    say(this.take, row.handled ? texts.release : texts.take);
  }

  /** Counts on: seconds that have passed since the answer came. */
  tick(passed) {
    const { texts, data } = this;
    say(this.since, clock(data.level_seconds + passed), texts.in_level);
    say(this.length, clock(data.duration + passed));
    const waits = data.waiting !== null && data.channel === "chat";
    const gaps = waits
      ? fill(texts.waits, { time: clock(data.waiting + passed) })
      : data.channel !== "chat" && data.silence !== null
        ? fill(texts.gaps, { silence: clock(data.silence), overlap: clock(data.overlap) })
        : "";
    say(this.gaps, gaps, waits ? texts.waits_help : "");
    this.gaps.classList.toggle("long", waits && data.waiting + passed >= 60);
  }
}
