// The customer's emotion in time: one line by default, each modality and the risk beside it.

const LANES = ["emotion", "text", "voice", "face", "risk"];
const LANE_HEIGHT = { emotion: 76, text: 30, voice: 30, face: 30, risk: 34 };
const SIGNS = { alert: "⚑", anger: "●", dissatisfied: "◑", disagreement: "≠", overlap: "⇄", silence: "…" };

class Timeline {
  /**
   * @param {object} texts
   * @param {object} settings `colours` of emotions.
   * @param {object} shown The conversation: `turns`, `moments`.
   * @param {number} length Seconds of the whole axis.
   */
  constructor(texts, settings, shown, length) {
    Object.assign(this, { texts, settings, shown, length });
    this.lanes = LANES.map((name) => this.lane(name));
    this.markers = make("canvas", "markers");
    this.ticks = make("div", "ticks number");
    this.element = make("div", "lanes", this.row("", this.markers), ...this.lanes.map((one) => one.row));
    this.element.append(this.row("", this.ticks));
    this.element.addEventListener("pointermove", (event) => this.hover(event));
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
  }

  lane(name) {
    const canvas = make("canvas");
    canvas.style.height = `${LANE_HEIGHT[name]}px`;
    const row = this.row(this.texts[`lane_${name}`], canvas);
    row.hidden = name !== "emotion";
    row.dataset.lane = name;
    return { name, canvas, row };
  }

  row(label, content) {
    return make("div", "lane", make("span", "gutter", label), content);
  }

  /** Shows or hides a lane. */
  fold(name, hidden) {
    this.lanes.find((one) => one.name === name).row.hidden = hidden;
    this.draw();
  }

  draw() {
    const width = this.markers.clientWidth;
    if (!width) return;
    this.line = getComputedStyle(this.element).color;
    for (const { name, canvas, row } of this.lanes) {
      if (!row.hidden) this.paint(name, prepared(canvas, width, LANE_HEIGHT[name]), width);
    }
    this.paintMarkers(prepared(this.markers, width, 18), width);
    this.paintTicks(width);
  }

  paint(name, context, width) {
    const height = LANE_HEIGHT[name];
    const x = (time) => (time / this.length) * width;
    if (name === "risk") return this.paintRisk(context, x, height);
    const middle = height / 2;
    context.fillStyle = this.line;
    context.globalAlpha = 0.28;
    context.fillRect(0, middle, width, 1);
    context.globalAlpha = 1;
    for (const turn of this.shown.turns) {
      const said = name === "emotion" ? turn : turn.by[name];
      if (!turn.state || !said || said.label === "unknown" || said.reliability === 0) continue;
      const value = said.valence ?? 0;
      const size = Math.max(3, Math.abs(value) * (middle - 3));
      context.fillStyle = this.settings.colours[said.label];
      context.globalAlpha = name === "emotion" ? 0.45 + 0.55 * turn.confidence : 0.85;
      const [from, until] = [x(turn.at), x(turn.until)];
      context.fillRect(from, value > 0 ? middle - size : middle, Math.max(2, until - from - 1), size);
    }
    context.globalAlpha = 1;
  }

  paintRisk(context, x, height) {
    context.strokeStyle = this.settings.levels.dissatisfied;
    context.lineWidth = 2;
    context.beginPath();
    let before = height - 2;
    for (const turn of this.shown.turns) {
      const y = height - 2 - turn.risk * (height - 4);
      context.lineTo(x(turn.at), before);
      context.lineTo(x(turn.at), y);
      before = y;
    }
    context.lineTo(x(this.length), before);
    context.stroke();
  }

  paintMarkers(context, width) {
    context.font = "13px sans-serif";
    context.textAlign = "center";
    let last = -Infinity;
    // Hot ones last and over the others; those that would cover each other are one.
    for (const hot of [false, true]) {
      last = -Infinity;
      for (const moment of this.shown.moments) {
        const x = (moment.at / this.length) * width;
        if (moment.hot !== hot || x - last < 11) continue;
        last = x;
        const level = moment.kind === "alert" || moment.kind === "anger" ? "heated" : "dissatisfied";
        context.fillStyle = hot ? this.settings.levels[level] : this.line;
        context.fillText(SIGNS[moment.kind], Math.min(Math.max(7, x), width - 7), 14);
      }
    }
  }

  paintTicks(width) {
    const steps = [5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800];
    const step = steps.find((one) => (one / this.length) * width > 74) ?? this.length;
    const marks = [];
    for (let at = 0; at <= this.length && marks.length < 40; at += step) {
      const mark = make("span", "", this.shown.timed ? clock(at) : "");
      mark.style.left = `${(100 * at) / this.length}%`;
      marks.push(mark);
    }
    this.ticks.replaceChildren(...marks);
  }

  /** The time under a pointer, null beside the lanes. */
  timeAt(event) {
    const box = this.markers.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return share < -0.01 || share > 1.01 ? null : Math.min(Math.max(0, share), 1) * this.length;
  }

  hover(event) {
    const time = this.timeAt(event);
    if (time === null) return;
    const near = (11 / this.markers.clientWidth) * this.length;
    const over = event.composedPath().includes(this.markers);
    const moment = over && this.shown.moments.find((one) => Math.abs(one.at - time) < near);
    const turn = this.shown.turns.find((one) => one.at <= time && time < one.until);
    const said = turn?.state ? `${this.texts[turn.label]} ${Math.round(100 * turn.confidence)}%` : "";
    this.element.title = moment
      ? describe(moment, this.texts)
      : joined([this.shown.timed && clock(time), turn && this.texts[`role_${turn.role}`], said]);
  }

  stop() {
    this.observer.disconnect();
  }
}

/** A canvas cleared at the screen's own resolution; its context counts in CSS pixels. */
function prepared(canvas, width, height) {
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return context;
}

/** What a moment is, in words. */
function describe(moment, texts) {
  const name = fill(texts[`moment_${moment.kind}`], { name: moment.name, seconds: moment.seconds });
  return moment.words ? `${name}${texts.colon}${moment.words}` : name;
}
