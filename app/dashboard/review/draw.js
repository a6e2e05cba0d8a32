// How the desk looks. Names and words become text, never HTML.

const SIGNS = { calm: "○", watch: "◔", dissatisfied: "◑", heated: "●" };

/** A button that shows its key. */
function keyed(key, text, act, name = "") {
  const button = make("button", name, make("kbd", "", key), text);
  button.onclick = () => {
    act();
    button.blur(); // Or the space bar would press it once more.
  };
  return button;
}

Object.assign(Desk.prototype, {
  draw() {
    this.drawTop();
    const { task, texts } = this;
    if (!task) return this.body.replaceChildren(this.empty());
    this.cause = this.comment = null;
    const side = make("aside", "side", this.about(), this.done ? this.result() : this.questions());
    const list = make("ol", "turns", ...task.turns.map((turn) => this.line(turn)));
    if (task.left_out) list.prepend(make("li", "quiet", fill(texts.left_out, { n: task.left_out })));
    const before = this.body.querySelector(".turns")?.scrollTop ?? 0;
    this.body.replaceChildren(make("div", "columns", list, side));
    list.scrollTop = before;
  },

  drawTop() {
    const { texts, progress } = this;
    const tabs = QUEUES.map((name) => {
      const count = progress ? String(progress[name].open) : "";
      const button = make("button", "tab", texts[`queue_${name}`], make("b", "count", count));
      button.setAttribute("aria-pressed", String(name === this.queue));
      button.title = texts[`queue_${name}_help`];
      button.onclick = () => this.choose(name);
      return button;
    });
    const mine = progress ? fill(texts.done_so_far, { n: progress[this.queue].done }) : "";
    const help = make("button", "quiet", `? ${texts.keys}`);
    help.onclick = () => this.help.showModal();
    this.help ??= this.helpDialog();
    this.top.replaceChildren(
      make("nav", "tabs", ...tabs),
      make("span", "quiet", texts[`queue_${this.queue}_help`]),
      make("span", "mine", mine),
      help,
      this.help,
    );
  },

  empty() {
    const { texts } = this;
    if (this.loading) return make("p", "note", texts.loading);
    if (this.failed === 0) return make("p", "note", texts.failed_0);
    return make(
      "div",
      "note",
      make("h2", "", texts[`empty_${this.queue}`]),
      make("p", "", texts[`empty_${this.queue}_hint`]),
      keyed("Enter", texts.look_again, () => this.next()),
    );
  },

  line(turn) {
    const { texts } = this;
    const here = turn.number === this.at && !this.done;
    const names = ["turn", turn.role, turn.wanted && "wanted", here && "here"].filter(Boolean);
    const when = turn.start === null ? String(turn.number) : clock(turn.start);
    const head = make("span", "when", `${when} ${texts[`role_${turn.role}`]}`);
    const line = make("li", names.join(" "), head, make("span", "words", turn.text));
    if (turn.wanted) line.append(this.answers(turn));
    if (here) line.append(this.choices(turn));
    if (turn.wanted && !this.done) line.onclick = (event) => this.point(event, turn.number);
    return line;
  },

  point(event, number) {
    if (event.target.closest("button") || this.at === number) return;
    this.at = number;
    this.draw();
  },

  answers(turn) {
    const { texts } = this;
    const found = [];
    const mine = turn.mine ? texts[turn.mine] : texts.not_labelled;
    found.push(make("span", `mine ${turn.mine ?? "none"}`, turn.mine ? fill(texts.you, { label: mine }) : mine));
    if (turn.model) {
      const share = `${Math.round(turn.model.confidence * 100)}%`;
      const same = turn.mine && (turn.mine === turn.model.label ? " ✓" : " ✗");
      const label = `${texts[turn.model.label]} ${share}${same || ""}`;
      found.push(make("span", "model", fill(texts.model, { label })));
    }
    return make("span", "answers", ...found);
  },

  choices(turn) {
    const { texts } = this;
    const buttons = EMOTIONS.map((emotion, index) => {
      const name = `choice ${emotion}${turn.mine === emotion ? " chosen" : ""}`;
      return keyed(String(index + 1), texts[emotion], () => this.label(emotion), name);
    });
    if (turn.model) buttons.push(keyed("Y", texts.agree, () => this.agree(), "choice"));
    return make("div", "choices", ...buttons);
  },

  about() {
    const { task, texts } = this;
    const known = task.wanted.filter((number) => this.turn(number).mine).length;
    const level = task.level
      ? make("span", `badge ${task.level}`, `${SIGNS[task.level]} ${texts[task.level]}`)
      : make("span", "badge hiddenlevel", texts.level_hidden);
    const facts = [
      texts[task.channel],
      task.of_queue,
      task.team,
      task.business_type,
      task.customer_display || task.external_id,
      task.duration === null ? "" : clock(task.duration),
      task.risk === null ? "" : fill(texts.risk_of, { risk: task.risk.toFixed(2) }),
      task.slot === 2 ? texts.second : "",
    ];
    const bar = make("progress", "");
    Object.assign(bar, { max: task.wanted.length || 1, value: known });
    const count = fill(texts.labelled, { n: known, all: task.wanted.length });
    bar.setAttribute("aria-label", count);
    return make(
      "div",
      "about",
      make("div", "", level),
      make("div", "facts", facts.filter(Boolean).join(" · ")),
      make("div", "count", count, bar),
    );
  },

  questions() {
    const { task, texts } = this;
    const buttons = task.hidden
      ? [
          keyed("Q", texts.was_dissatisfied, () => this.judge("q"), "verdict"),
          keyed("W", texts.was_not, () => this.judge("w"), "verdict"),
        ]
      : Object.entries(VERDICTS).map(([key, name]) =>
          keyed(key.toUpperCase(), texts[`verdict_${name}`], () => this.judge(key), "verdict"),
        );
    this.cause = make("select", "");
    this.cause.setAttribute("aria-label", texts.cause);
    for (const name of this.settings.causes) {
      const option = make("option", "", texts[`cause_${name || "none"}`]);
      option.value = name;
      this.cause.append(option);
    }
    this.cause.value = this.kept?.id === task.id ? this.kept.cause : "";
    this.comment = make("input", "");
    Object.assign(this.comment, { maxLength: 2000, placeholder: texts.comment });
    this.comment.value = this.kept?.id === task.id ? this.kept.comment : "";
    const keep = () =>
      (this.kept = { id: task.id, cause: this.cause.value, comment: this.comment.value });
    this.cause.onchange = this.comment.oninput = keep;
    const more = [keyed("Z", texts.undo, () => this.undo()), keyed("S", texts.later, () => this.next(task.id))];
    if (!task.hidden) more.push(keyed("O", texts.replay, () => this.replay()));
    return make(
      "div",
      "questions",
      make("h3", "", task.hidden ? texts.question_blind : texts.question),
      make("div", "verdicts", ...buttons),
      make("div", "because", this.cause, make("label", "", make("kbd", "", "M"), this.comment)),
      make("div", "more", ...more),
    );
  },

  result() {
    const { task, texts } = this;
    const right = task.turns.filter((one) => one.wanted && one.mine && one.model);
    const same = right.filter((one) => one.mine === one.model.label).length;
    const verdict = task.verdict ? texts[`verdict_${task.verdict.verdict}`] : texts.answered;
    const lines = [
      make("h3", "", `✓ ${verdict}`),
      make("p", "", task.dissatisfied ? texts.was_dissatisfied : texts.was_not),
    ];
    if (task.hidden) lines.push(make("p", "", texts.hidden_still));
    if (right.length) lines.push(make("p", "", fill(texts.same, { n: same, all: right.length })));
    const next = keyed("Enter", texts.next, () => this.next(), "verdict");
    const undo = keyed("Z", texts.undo, () => this.undo());
    return make("div", "result", ...lines, make("div", "more", next, undo, keyed("O", texts.replay, () => this.replay())));
  },

  helpDialog() {
    const { texts } = this;
    const dialog = make("dialog", "", make("h2", "", texts.keys));
    const list = make("dl", "");
    const rows = [["1–7", "emotion"], ["Y", "agree"], ["↓ ↑", "move"], ["Q W E", "verdict"],
      ["M", "comment"], ["Z", "undo"], ["S", "later"], ["Enter", "next"], ["O", "replay"], ["[ ]", "queue"]]; // prettier-ignore
    for (const [key, name] of rows) {
      list.append(make("dt", "", ...key.split(" ").map((one) => make("kbd", "", one))));
      list.append(make("dd", "", texts[`key_${name}`]));
    }
    const close = make("button", "", texts.close);
    close.onclick = () => dialog.close();
    dialog.append(list, close);
    return dialog;
  },
});

const mounted = new WeakMap();

/** What Streamlit calls: at first, and whenever the page is drawn again. */
export default function mount({ data, parentElement, setTriggerValue }) {
  let there = mounted.get(parentElement);
  if (!there) {
    there = new Desk(parentElement, data, (where) => setTriggerValue("open", where));
    mounted.set(parentElement, there);
    there.start();
  } else {
    there.help = null;
    there.configure(data);
  }
  return () => {
    there.stop();
    mounted.delete(parentElement);
  };
}
