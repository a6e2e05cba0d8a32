// The desk of a reviewer: one conversation at a time, one key for each answer.

const EMOTIONS = ["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear"];
const QUEUES = ["must", "random", "learn"];
const VERDICTS = { q: "upheld", w: "false_alarm", e: "missed" };
const BLIND = { q: true, w: false };

class Desk {
  constructor(root, settings, open) {
    Object.assign(this, { root, open, queue: "must", task: null, undone: [], saving: Promise.resolve() });
    this.onKey = (event) => this.key(event);
    this.configure(settings);
  }

  start() {
    document.addEventListener("keydown", this.onKey);
    this.next();
  }

  stop() {
    document.removeEventListener("keydown", this.onKey);
  }

  /** Takes texts in another language, and draws everything anew. */
  configure(settings) {
    if (this.settings?.language === settings.language) return;
    Object.assign(this, { settings, texts: settings.texts });
    this.frame?.remove();
    this.top = make("header", "top");
    this.body = make("div", "body");
    this.said = make("div", "said");
    this.said.setAttribute("role", "status");
    this.frame = make("section", "desk", this.top, this.said, this.body);
    this.root.append(this.frame);
    this.draw();
  }

  // What comes from the API

  async next(after) {
    if (this.done) this.previous = this.task.id;
    this.loading = true;
    this.draw();
    const queue = this.queue;
    const body = { queue, ...(after ? { after } : {}) };
    const found = await this.try(() => request(this.settings.api, "POST", "reviews/next", { body }));
    if (queue !== this.queue) return;
    this.loading = false;
    this.show(found ? found.task : null);
    this.counts();
  }

  async counts() {
    const found = await this.try(() => request(this.settings.api, "GET", "reviews/queues"));
    if (found) this.progress = found;
    this.drawTop();
  }

  /** What goes wrong is said, and null is answered. */
  async try(call) {
    try {
      const answer = await call();
      this.failed = "";
      return answer;
    } catch (error) {
      this.failed = error.status;
      const own = { 0: "failed_0", 401: "failed_401", 404: "failed_404" }[error.status];
      this.tell(own ? this.texts[own] : fill(this.texts.failed, { what: error.message }));
      return null;
    }
  }

  show(task) {
    this.task = task;
    this.undone = [];
    this.at = task ? task.wanted.find((number) => !this.turn(number).mine) ?? task.wanted[0] : null;
    this.draw();
    this.scroll();
  }

  turn(number) {
    return this.task.turns.find((one) => one.number === number);
  }

  get done() {
    return Boolean(this.task?.done_at);
  }

  // What a person does

  label(emotion) {
    if (!this.task || this.done || this.at === null) return;
    const number = this.at;
    const turn = this.turn(number);
    this.undone.push({ number, before: turn.mine });
    turn.mine = emotion;
    this.save("PUT", `turns/${number}`, { label: emotion });
    const rest = this.task.wanted.filter((one) => !this.turn(one).mine);
    this.at = rest.find((one) => one > number) ?? rest[0] ?? number;
    this.draw();
    this.scroll();
  }

  agree() {
    const says = this.task && this.at !== null && this.turn(this.at).model;
    if (says) this.label(says.label);
    else this.tell(this.texts.nothing_to_agree);
  }

  move(step) {
    if (!this.task || !this.task.wanted.length) return;
    const index = this.task.wanted.indexOf(this.at) + step;
    this.at = this.task.wanted[Math.min(Math.max(index, 0), this.task.wanted.length - 1)];
    this.draw();
    this.scroll();
  }

  async judge(key) {
    if (!this.task || this.done) return;
    const given = this.task.hidden
      ? key in BLIND && { dissatisfied: BLIND[key] }
      : key in VERDICTS && { verdict: VERDICTS[key] };
    if (!given) return;
    const body = { ...given, cause: this.cause?.value ?? "", comment: this.comment?.value ?? "" };
    const { task } = this;
    await this.saving;
    const path = `reviews/tasks/${task.id}/verdict`;
    const told = await this.try(() => request(this.settings.api, "PUT", path, { body }));
    if (!told) return this.seeWhoHasIt(task);
    this.undone.push({ verdict: true });
    this.task = told;
    this.draw();
    this.counts();
  }

  async undo() {
    const last = this.undone.pop();
    if (!last) return this.back();
    if (last.verdict) {
      const { id } = this.task;
      const told = await this.try(() => request(this.settings.api, "DELETE", `reviews/tasks/${id}/verdict`));
      if (told) this.task = told;
      else this.undone.push(last);
      this.counts();
    } else {
      this.turn(last.number).mine = last.before;
      this.at = last.number;
      if (last.before) this.save("PUT", `turns/${last.number}`, { label: last.before });
      else this.save("DELETE", `turns/${last.number}`);
    }
    this.tell(this.texts.undone);
    this.draw();
    this.scroll();
  }

  /** The conversation before, whose verdict can be undone then. */
  async back() {
    if (!this.previous) return this.tell(this.texts.nothing_to_undo);
    const path = `reviews/tasks/${this.previous}`;
    const kept = await this.try(() => request(this.settings.api, "GET", path));
    this.previous = null;
    if (!kept) return;
    this.show(kept);
    this.undone = [{ verdict: true }];
    this.tell(this.texts.before_this);
  }

  /** Answers go out one after the other, in their order; the page does not wait for them. */
  save(method, path, body) {
    const { task } = this;
    this.saving = this.saving.then(async () => {
      const told = await this.try(() => request(this.settings.api, method, `reviews/tasks/${task.id}/${path}`, { body }));
      if (!told) await this.seeWhoHasIt(task);
    });
  }

  /** After a refusal: what is shown is what is kept, and it is said who has the task now. */
  async seeWhoHasIt(task) {
    const status = this.failed;
    if (task !== this.task || (status !== 409 && status !== 404)) return;
    const kept = await this.try(() => request(this.settings.api, "GET", `reviews/tasks/${task.id}`));
    if (kept) this.show(kept);
    this.failed = status; // Enter goes on to the next one.
    if (kept && status === 409) this.tell(this.whoHas(kept));
  }

  whoHas(task) {
    const { texts } = this;
    const at = (task.done_at ?? task.taken_at ?? "").slice(0, 16).replace("T", " ");
    if (task.done_at) return fill(texts.done_by, { who: task.taken_by, at });
    if (task.assignee) return fill(texts.assigned_to, { who: task.assignee });
    return fill(texts.taken_by, { who: task.taken_by, at });
  }

  choose(queue) {
    if (queue === this.queue && this.task) return;
    this.queue = queue;
    this.next();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.frame.isConnected) return;
    const inside = event.composedPath()[0];
    if (inside.matches?.("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape" || (event.key === "Enter" && inside === this.comment)) inside.blur();
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = {
      j: () => this.move(1),
      ArrowDown: () => this.move(1),
      k: () => this.move(-1),
      ArrowUp: () => this.move(-1),
      y: () => this.agree(),
      z: () => this.undo(),
      Backspace: () => this.undo(),
      m: () => this.comment?.focus(),
      s: () => this.task && !this.done && this.next(this.task.id),
      o: () => this.replay(),
      "[": () => this.choose(QUEUES[(QUEUES.indexOf(this.queue) + 2) % 3]),
      "]": () => this.choose(QUEUES[(QUEUES.indexOf(this.queue) + 1) % 3]),
      "?": () => this.help.showModal(),
      Enter: () => (this.done || this.failed !== "") && inside.tagName !== "BUTTON" && this.next(),
    }[key];
    const number = Number(key);
    if (act) act();
    else if (number >= 1 && number <= EMOTIONS.length) this.label(EMOTIONS[number - 1]);
    else if ("qwe".includes(key)) this.judge(key);
    else return;
    if (key !== "Enter" || inside.tagName !== "BUTTON") event.preventDefault();
  }

  replay() {
    if (!this.task) return;
    if (this.task.hidden) return this.tell(this.texts.no_replay);
    const turn = this.at ?? 1;
    this.open({ id: this.task.conversation_id, turn });
  }

  tell(text) {
    this.said.textContent = text;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (this.said.textContent = ""), 6000);
  }

  scroll() {
    this.frame.querySelector(".turn.here")?.scrollIntoView({ block: "center" });
  }
}
