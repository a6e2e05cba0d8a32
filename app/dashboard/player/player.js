// The player: one time for sound, picture, timeline and words. Whatever is asked for seeks.

const TICK_MS = 100;
const RATES = [0.75, 1, 1.25, 1.5, 2];
const STEP = 5; // Seconds of an arrow.
const GAP = 1.5; // Seconds of silence that are worth skipping.
const LEAD = 0.3; // Seconds that are left of it.
const REPLAY_MS = 60000;

class Player {
  constructor(root, settings) {
    this.root = root;
    this.onKey = (event) => this.key(event);
    this.configure(settings);
  }

  start() {
    document.addEventListener("keydown", this.onKey);
    this.ticker = setInterval(() => this.tick(), TICK_MS);
  }

  stop() {
    document.removeEventListener("keydown", this.onKey);
    clearInterval(this.ticker);
    this.clear();
  }

  /** Takes what the page says; what it shows is asked for anew where that has changed. */
  configure(settings) {
    const old = this.settings;
    const same = (name) => old && JSON.stringify(old[name]) === JSON.stringify(settings[name]);
    Object.assign(this, { settings, texts: settings.texts });
    if (["id", "revision", "language"].every(same)) {
      if (!same("link")) this.arrive();
      return;
    }
    this.load(same("id"));
  }

  async load(again) {
    const { settings, texts } = this;
    const time = again ? this.clock?.time : undefined;
    if (!again) this.note(texts.loading);
    try {
      const path = `conversations/${settings.id}/replay?lang=${settings.language}`;
      const shown = await request(settings.api, "GET", path, { wait: REPLAY_MS });
      if (settings !== this.settings) return; // Another one is wanted by now.
      this.build(shown);
      if (time === undefined) this.arrive();
      else this.seek(time);
    } catch (error) {
      if (!("status" in error)) throw error;
      this.note(texts[`failed_${error.status}`] ?? texts.failed_now, () => this.load(again));
    }
  }

  note(text, retry) {
    const parts = [make("p", "note", text)];
    if (retry) parts.push(this.button("", this.texts.retry, retry));
    this.clear();
    this.replace(make("section", "player", ...parts));
  }

  replace(frame) {
    this.root.querySelector(".player")?.remove();
    this.root.append(frame);
  }

  clear() {
    this.clock?.pause();
    for (const part of [this.wave, this.timeline, this.transcript]) part?.stop();
    this.shown = this.clock = this.wave = this.timeline = this.transcript = null;
  }

  button(name, label, action) {
    const button = make("button", name, label);
    button.type = "button";
    button.onclick = action;
    return button;
  }

  build(shown) {
    this.clear();
    const { texts, settings } = this;
    Object.assign(this, { shown, length: Math.max(shown.length, 1), touched: false, last: null });
    this.corrections = new Map(shown.corrections.map((one) => [one.turn - 1, one]));
    this.gaps = gapsOf(shown);
    this.skips = shown.channel === "chat" && shown.timed;
    this.notes = make("div", "notes");
    this.said = make("p", "said-now");
    this.said.setAttribute("role", "status");
    this.timeline = new Timeline(texts, settings, shown, this.length);
    this.stage = this.makeStage();
    const rows = new TurnRow(texts, settings, {
      seek: (index) => this.goTo(index),
      correct: (index, label) => this.correct(index, label),
      undo: (index) => this.undo(index),
    });
    const draw = (index) => rows.draw(shown.turns[index], index, this.corrections.get(index));
    this.transcript = new Transcript(shown.turns, draw, texts.transcript);
    this.controls = new Controls(this);
    this.makeClock();
    const frame = make("section", "player", this.notes);
    frame.setAttribute("aria-label", texts.player);
    const moments = momentList(shown.moments, texts, (one) => this.seekTo(one));
    frame.append(make("div", "top", this.picture ?? "", moments));
    frame.append(this.controls.element, this.stage, this.said, this.controls.filters);
    frame.append(this.transcript.element, this.controls.help);
    if (!shown.timed && shown.turns.length) this.tell(texts.untimed);
    this.replace(frame);
    this.tick();
  }

  tell(text) {
    const there = [...this.notes.children].some((one) => one.textContent === text);
    if (!there) this.notes.append(make("p", "remark", text));
  }

  // Time

  makeClock() {
    const { shown, settings, texts } = this;
    this.picture = null;
    const playable = shown.media.filter((one) => one.kind);
    this.clock = new TextClock(this.length);
    if (!shown.media.length) this.tell(texts.no_media);
    else if (playable.length < shown.media.length) this.tell(texts.media_gone);
    if (!playable.length) return;
    const video = playable.some((one) => one.kind === "video");
    const media = make(video ? "video" : "audio");
    media.preload = "metadata";
    if (video) media.playsInline = true;
    media.addEventListener("error", () => this.withoutMedia());
    media.addEventListener("loadedmetadata", () => this.measure());
    this.media = media;
    this.picture = media;
    const level = (name) => (name === "plain" ? "#8d939b" : settings.levels[name]);
    this.wave = new Waveform(shown.turns, level);
    this.waveBox.append(this.wave.element);
    const recordings = playable.map((one) => ({ ...one, url: settings.api + one.url }));
    this.clock = new MediaClock(media, recordings, (index) => this.outline(index, recordings));
  }

  /** A browser does not play every format: the words are replayed then. */
  withoutMedia() {
    const time = this.clock?.time ?? 0;
    if (!this.clock || this.clock instanceof TextClock) return;
    this.tell(this.texts.media_failed);
    this.clock = new TextClock(this.length);
    this.clock.seek(time);
    this.media.hidden = true;
  }

  async outline(index, recordings) {
    const one = [...recordings].sort((a, b) => a.offset - b.offset)[index];
    const { shown } = this;
    try {
      const path = `conversations/${shown.id}/media/${one.number}/peaks`;
      const outline = await request(this.settings.api, "GET", path, { wait: REPLAY_MS });
      if (shown !== this.shown) return;
      this.reach(one.offset + outline.seconds);
      this.waveRow.hidden = false;
      const names = outline.channels.map((_, k) => {
        const role = one.channels[k];
        return make("span", "", role ? this.texts[`role_${role}`] : this.texts.sound_line);
      });
      this.waveRow.firstChild.replaceChildren(...names);
      this.wave.draw(outline, one, this.length);
    } catch (error) {
      if (!("status" in error)) throw error;
      this.waveRow.hidden = true; // Without a waveform it plays all the same.
    }
  }

  /** Says what is wrong with a recording whose length is known now. */
  measure() {
    const { media, shown, texts, clock: time } = this;
    if (!(time instanceof MediaClock)) return;
    const { duration } = media;
    if (!Number.isFinite(duration)) return void this.tell(texts.not_seekable);
    const seekable = media.seekable.length && media.seekable.end(0) > 0;
    if (duration > 1 && !seekable) this.tell(texts.not_seekable);
    const end = time.recording.offset + duration;
    const words = Math.max(0, ...shown.turns.filter((one) => one.timed).map((one) => one.until));
    if (time.recordings.length === 1 && words && Math.abs(end - words) > Math.max(5, 0.1 * words)) {
      this.tell(fill(texts.wrong_length, { sound: clock(end), words: clock(words) }));
    }
    this.reach(end);
  }

  /** Makes the time axis long enough. */
  reach(end) {
    if (!(end > this.length)) return;
    this.length = this.timeline.length = end;
    this.timeline.draw();
  }

  get current() {
    const { turns } = this.shown;
    const time = this.clock.time + 0.001;
    let low = 0;
    let high = turns.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (turns[middle].at <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  tick() {
    if (!this.clock) return;
    let { time } = this.clock;
    if (this.clock.playing) {
      this.touched = true;
      const gap = this.skips && this.gaps.find(([from, to]) => from <= time && time < to - LEAD);
      if (gap) this.clock.seek((time = gap[1] - LEAD));
    }
    this.controls.show(time, this.length, this.clock.playing);
    if (time === this.last) return;
    this.last = time;
    this.stage.style.setProperty("--at", String(Math.min(1, time / this.length)));
    const { current } = this;
    const turn = this.shown.turns[current];
    this.stage.setAttribute("aria-valuenow", String(Math.round(time)));
    this.stage.setAttribute("aria-valuemax", String(Math.round(this.length)));
    const who = turn ? this.texts[`role_${turn.role}`] : "";
    this.stage.setAttribute("aria-valuetext", joined([clock(time), who]));
    if (!this.touched) return;
    const { turns } = this.shown;
    const speaking = [];
    for (let k = current; k >= Math.max(0, current - 8); k -= 1) {
      if (turns[k].until > time) speaking.push(k);
    }
    this.transcript.activate(speaking.length || current < 0 ? speaking : [current]);
    if (this.clock.playing && current !== this.followed) this.transcript.goTo(current);
    this.followed = current;
  }

  // What a person does

  /** The place that a link names; what is none counts as not given. */
  arrive() {
    if (!this.shown || !this.settings.link) return;
    const { t, turn } = this.settings.link;
    const { turns } = this.shown;
    const number = /^\d+$/.test(turn ?? "") ? Number(turn) : 0;
    const seconds = t === undefined || t === null || t.trim() === "" ? NaN : Number(t);
    if (number >= 1 && number <= turns.length) this.goTo(number - 1);
    else if (Number.isFinite(seconds) && seconds >= 0 && this.shown.timed) this.seek(seconds);
  }

  seek(time) {
    this.touched = true;
    this.clock.seek(Math.min(Math.max(0, time), this.length));
    this.last = null;
    this.tick();
    this.transcript.goTo(Math.max(0, this.current));
  }

  /** To the beginning of a turn, and on from there if it is being played. */
  goTo(index) {
    const { turns } = this.shown;
    this.seek(turns[index].at);
    this.transcript.activate([index]);
    this.transcript.goTo(index, true);
  }

  seekTo(moment) {
    if (moment.kind === "silence") this.seek(moment.at);
    else this.goTo(moment.turn - 1);
    this.say(describe(moment, this.texts));
  }

  toggle() {
    if (this.clock.playing) this.clock.pause();
    else this.clock.play();
    this.touched = true;
    this.tick();
  }

  hot(direction) {
    const { time } = this.clock;
    const hot = this.shown.moments.filter((one) => one.hot);
    const next = direction > 0
      ? hot.find((one) => one.at > time + 0.05)
      : hot.findLast((one) => one.at < time - 1);
    if (next) this.seekTo(next);
    else this.say(this.texts.no_more);
  }

  say(text) {
    this.said.textContent = text;
  }

  step(by) {
    const { turns } = this.shown;
    if (!turns.length) return;
    this.goTo(Math.min(Math.max(0, this.current + by), turns.length - 1));
  }

  key(event) {
    if (!this.shown || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
    if (event.key === " " && target.closest?.("button, a, summary, [role=button]")) return;
    const inside = target === document.body || this.root.contains(target) || this.isOurs(target);
    if (!inside) return;
    const keys = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.seek(this.clock.time - STEP),
      ArrowRight: () => this.seek(this.clock.time + STEP),
      ArrowUp: () => this.step(-1),
      ArrowDown: () => this.step(1),
      n: () => this.hot(1),
      p: () => this.hot(-1),
      s: () => this.controls.toggleSkip(),
      "-": () => this.controls.faster(-1),
      "+": () => this.controls.faster(1),
      "=": () => this.controls.faster(1),
      "?": () => this.controls.help.showModal(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  /** Whether an element is within the component, in whatever shadow. */
  isOurs(element) {
    const frame = this.root.querySelector(".player");
    return Boolean(frame) && frame.contains(element);
  }

  async correct(index, label) {
    const path = `conversations/${this.shown.id}/turns/${index + 1}/corrections`;
    await this.change(index, "POST", path, { label }, (kept) => ({ id: kept.id, turn: index + 1, label }));
  }

  async undo(index) {
    const { id } = this.corrections.get(index);
    const path = `conversations/${this.shown.id}/turns/${index + 1}/corrections/${id}`;
    await this.change(index, "DELETE", path, undefined, () => null);
  }

  async change(index, method, path, body, correction) {
    const { shown } = this;
    try {
      const kept = correction(await request(this.settings.api, method, path, { body }));
      if (shown !== this.shown) return;
      if (kept) this.corrections.set(index, kept);
      else this.corrections.delete(index);
      this.say(this.texts[kept ? "corrected" : "undone"]);
      this.transcript.redraw(index)?.querySelector(".person button")?.focus();
    } catch (error) {
      if (!("status" in error)) throw error;
      this.say(this.texts[`failed_${error.status}`] ?? this.texts.failed_now);
    }
  }

  makeStage() {
    this.waveBox = make("div", "wave-box");
    this.waveRow = make("div", "lane wave-row", make("span", "gutter roles"), this.waveBox);
    this.waveRow.hidden = true;
    const cursor = make("div", "cursor-box", make("div", "cursor"));
    const stage = make("div", "stage", this.waveRow, this.timeline.element, cursor);
    stage.tabIndex = 0;
    stage.setAttribute("role", "slider");
    stage.setAttribute("aria-label", this.texts.timeline);
    stage.setAttribute("aria-valuemin", "0");
    const seek = (event) => {
      const time = this.timeline.timeAt(event);
      if (time !== null) this.seek(time);
    };
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      stage.setPointerCapture(event.pointerId);
      seek(event);
    });
    stage.addEventListener("pointermove", (event) => event.buttons & 1 && seek(event));
    return stage;
  }
}

/** Where nobody says anything for long enough to skip it. */
function gapsOf(shown) {
  const gaps = [];
  let spoken = 0;
  for (const turn of shown.turns) {
    if (turn.at - spoken > GAP) gaps.push([spoken + LEAD, turn.at]);
    spoken = Math.max(spoken, turn.until);
  }
  return shown.timed ? gaps : [];
}
