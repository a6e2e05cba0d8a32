// Buttons of the player, what is shown of the transcript, the list of moments, the list of keys.

const MOST_MOMENTS = 300; // In the list; the keys and the timeline reach all.

class Controls {
  constructor(player) {
    Object.assign(this, { player, texts: player.texts });
    const { texts } = this;
    const button = (name, label, action) => player.button(name, label, action);
    this.play = button("play", texts.play, () => player.toggle());
    this.time = make("span", "time number");
    const back = button("", "« 5", () => player.seek(player.clock.time - STEP));
    const on = button("", "5 »", () => player.seek(player.clock.time + STEP));
    back.setAttribute("aria-label", texts.back);
    on.setAttribute("aria-label", texts.forward);
    const next = button("hot", texts.next_hot, () => player.hot(1));
    next.title = texts.next_hot_help;
    this.rate = make("select");
    this.rate.setAttribute("aria-label", texts.rate);
    for (const rate of RATES) this.rate.append(new Option(`${rate}×`, String(rate)));
    this.rate.value = "1";
    this.rate.onchange = () => player.clock.setRate(Number(this.rate.value));
    this.skip = button("toggle", texts.skip, () => this.toggleSkip());
    this.skip.disabled = !player.gaps.length;
    this.press(this.skip, player.skips);
    this.help = this.helpDialog();
    const help = button("", "?", () => this.help.showModal());
    help.setAttribute("aria-label", texts.keys);
    help.title = texts.keys;
    const right = make("span", "lane-buttons", ...this.laneButtons(), help);
    this.element = make("div", "controls", this.play, this.time, back, on, next, this.rate, this.skip, right);
    this.filters = this.transcriptBar();
  }

  press(button, on) {
    button.setAttribute("aria-pressed", String(on));
  }

  toggleSkip() {
    const { player } = this;
    if (!player.gaps.length) return;
    player.skips = !player.skips;
    this.press(this.skip, player.skips);
  }

  faster(by) {
    const place = RATES.indexOf(Number(this.rate.value)) + by;
    if (place < 0 || place >= RATES.length) return;
    this.rate.value = String(RATES[place]);
    this.rate.onchange();
  }

  show(time, length, playing) {
    say(this.play, playing ? this.texts.pause : this.texts.play);
    this.play.classList.toggle("on", playing);
    say(this.time, `${clock(time)} / ${clock(length)}`);
  }

  /** One for each line that can be shown beside the emotion. */
  laneButtons() {
    const { player, texts } = this;
    const usable = (name) =>
      name === "risk" || player.shown.turns.some((turn) => turn.by[name]?.reliability > 0);
    return LANES.slice(1).filter(usable).map((name) => {
      const button = player.button("toggle lane-button", texts[`lane_${name}`], () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        this.press(button, on);
        player.timeline.fold(name, !on);
      });
      button.title = texts.lane_help;
      this.press(button, false);
      return button;
    });
  }

  transcriptBar() {
    const { player, texts } = this;
    const only = make("input");
    only.type = "checkbox";
    only.onchange = () => {
      const wanted = player.shown.turns.map((_, index) => index);
      const customers = (index) => !["agent", "bot"].includes(player.shown.turns[index].role);
      player.transcript.show(only.checked ? wanted.filter(customers) : wanted);
    };
    const count = make("span", "quiet", fill(texts.turn_count, { n: player.shown.turns.length }));
    const title = make("h2", "", texts.transcript);
    return make("div", "transcript-bar", title, count, make("label", "", only, ` ${texts.customer_only}`));
  }

  helpDialog() {
    const { texts } = this;
    const keys = [
      [["␣"], "key_play"], [["←", "→"], "key_seconds"], [["↑", "↓"], "key_turns"], [["n", "p"], "key_hot"],
      [["s"], "key_skip"], [["-", "+"], "key_rate"], [["?"], "keys"],
    ];
    const list = make("dl");
    for (const [names, what] of keys) {
      list.append(make("dt", "", ...names.map((one) => make("kbd", "", one))), make("dd", "", texts[what]));
    }
    const dialog = make("dialog", "");
    const close = this.player.button("", texts.close, () => dialog.close());
    dialog.append(make("h2", "", texts.keys), list, close);
    return dialog;
  }
}

/** The moments as a list of buttons, for hands that find no timeline. */
function momentList(moments, texts, go) {
  const list = make("ol", "moments");
  for (const moment of moments.slice(0, MOST_MOMENTS)) {
    const sign = make("span", "sign", SIGNS[moment.kind]);
    sign.setAttribute("aria-hidden", "true");
    const when = make("span", "number", clock(moment.at));
    const button = make("button", moment.hot ? `moment ${moment.kind}` : "moment", sign, when);
    button.append(make("span", "what", describe(moment, texts)));
    button.type = "button";
    button.onclick = () => go(moment);
    list.append(make("li", "", button));
  }
  const hot = moments.filter((one) => one.hot).length;
  const title = make("h2", "", fill(texts.moments, { n: moments.length, hot }));
  const box = make("div", "moment-box", title, moments.length ? list : make("p", "quiet", texts.no_moments));
  if (moments.length > MOST_MOMENTS) {
    box.append(make("p", "quiet", fill(texts.more_moments, { n: MOST_MOMENTS })));
  }
  return box;
}
