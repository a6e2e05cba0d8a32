// Above the table: counts that filter, selects, connection, sound, big screen, help.

const SOUND_KEY = "emotion-monitor-sound";

class Bar {
  constructor(texts, settings, filter, onFilter) {
    Object.assign(this, { texts, settings, filter, onFilter });
    this.levels = LEVELS.map((level) => this.levelButton(level));
    this.selects = FILTERS.map((name) => this.select(name));
    this.status = make("span", "status");
    this.status.setAttribute("role", "status");
    this.soundButton = make("button", "quiet");
    this.soundButton.onclick = () => this.toggleSound();
    this.showSound();
    this.helpButton = make("button", "quiet", "?");
    this.helpButton.setAttribute("aria-label", texts.keys);
    this.helpButton.title = texts.keys;
    const screen = make("a", "quiet", texts.screen);
    Object.assign(screen, { href: settings.screen, target: "_blank", title: texts.screen_help });
    this.signIn = make("a", "signin", texts.sign_in);
    this.signIn.hidden = true;
    for (const button of [this.soundButton, this.helpButton]) button.type = "button";
    const levels = make("div", "levels", ...this.levels.map((one) => one.button));
    levels.setAttribute("role", "group");
    levels.setAttribute("aria-label", texts.level_filter);
    const selects = make("div", "selects", ...this.selects.map((one) => one.label));
    const right = make("div", "tools", this.status, this.signIn, this.soundButton, screen, this.helpButton);
    this.element = make("header", "bar", levels, selects, right);
  }

  levelButton(level) {
    const number = make("b", "number", "0");
    const name = `${this.settings.signs[level]} ${this.texts[level]}`;
    const button = make("button", `count ${level}`, make("span", "", name), number);
    button.type = "button";
    button.setAttribute("aria-pressed", String(this.filter.level.includes(level)));
    button.onclick = () => {
      const chosen = new Set(this.filter.level);
      if (!chosen.delete(level)) chosen.add(level);
      button.setAttribute("aria-pressed", String(chosen.has(level)));
      this.change({ level: LEVELS.filter((one) => chosen.has(one)) });
    };
    return { level, button, number };
  }

  select(name) {
    const select = make("select");
    const label = make("label", "", make("span", "hidden", this.texts[name]), select);
    select.onchange = () => this.change({ [name]: select.value });
    return { name, label, select, known: null };
  }

  change(part) {
    this.filter = { ...this.filter, ...part };
    this.onFilter(this.filter);
  }

  /** The choices that there are; one that is chosen stays, also where no row has it now. */
  options(rows, teams) {
    for (const one of this.selects) {
      const found = new Set(rows.map((row) => row[one.name]).filter(Boolean));
      if (this.filter[one.name]) found.add(this.filter[one.name]);
      const values = [...found].sort((a, b) => a.localeCompare(b, "zh"));
      const known = values.join("\n");
      if (one.known === known) continue;
      one.known = known;
      const mine = one.name === "team" && teams.length;
      const all = this.texts[mine ? "my_teams" : `all_${one.name}`];
      const named = (value) => (one.name === "channel" ? this.texts[value] : value);
      one.select.replaceChildren(
        new Option(all, ""),
        ...values.map((value) => new Option(named(value), value)),
      );
      one.select.value = this.filter[one.name];
    }
  }

  counts(rows) {
    for (const { level, number } of this.levels) {
      say(number, String(rows.filter((row) => (row.level || "calm") === level).length));
    }
  }

  connection(state, age) {
    this.status.className = `status ${state}`;
    say(this.status, fill(this.texts[`connection_${state}`], { age: clock(age) }));
    this.status.title = this.texts[`connection_${state}_help`] ?? "";
    this.signIn.hidden = state !== "signed-out";
    const back = { next: location.pathname + location.search, lang: this.settings.language };
    this.signIn.href = `${this.settings.api}/sign-in?${new URLSearchParams({ ...back, expired: 1 })}`;
  }

  get soundOn() {
    return localStorage.getItem(SOUND_KEY) === "on";
  }

  toggleSound() {
    localStorage.setItem(SOUND_KEY, this.soundOn ? "off" : "on");
    this.showSound();
    this.sound();
  }

  showSound() {
    say(this.soundButton, this.texts[this.soundOn ? "sound_on" : "sound_off"]);
    this.soundButton.setAttribute("aria-pressed", String(this.soundOn));
  }

  /** Two short tones, where a person switched them on. */
  sound() {
    if (!this.soundOn) return;
    this.audio ??= new AudioContext();
    const now = this.audio.currentTime;
    [660, 880].forEach((pitch, index) => {
      const tone = this.audio.createOscillator();
      const volume = this.audio.createGain();
      const at = now + index * 0.16;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.12, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.15);
      tone.connect(volume).connect(this.audio.destination);
      tone.start(at);
      tone.stop(at + 0.16);
    });
  }
}
