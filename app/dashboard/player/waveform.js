// The waveform of a recording, one line per channel, in the colours of the customer's levels.

const LEVEL_OF = { anger: "heated", dissatisfied: "dissatisfied", worried: "watch", low: "watch" };
const WAVE_HEIGHT = 34;

/** The level that a moment has by what the customer says there. */
function levelOf(turn) {
  return LEVEL_OF[turn.state] ?? "calm";
}

class Waveform {
  /**
   * @param {object[]} turns
   * @param {(name: string) => string} colour The colour of a level, and of `plain` sound.
   */
  constructor(turns, colour) {
    Object.assign(this, { turns, colour });
    this.element = make("div", "wave");
  }

  /** Draws a recording's outline: its channels, who is on each, and its place in time. */
  draw(outline, recording, length) {
    this.surfer?.destroy();
    this.element.style.left = `${(100 * Math.max(0, recording.offset)) / length}%`;
    this.element.style.width = `${(100 * Math.min(outline.seconds, length)) / length}%`;
    const scaled = outline.channels.map((channel) => channel.map((value) => value / 255));
    const channels = scaled.map((_, index) => ({
      height: WAVE_HEIGHT,
      renderFunction: ([values], context) =>
        this.paint(values, context, recording, outline.seconds, recording.channels[index]),
    }));
    // It draws, and knows nothing of what is played: the cursor stands over all lines alike.
    this.surfer = WaveSurfer.create({
      container: this.element,
      peaks: scaled,
      duration: outline.seconds,
      splitChannels: channels,
      height: WAVE_HEIGHT,
      cursorWidth: 0,
      interact: false,
      hideScrollbar: true,
    });
  }

  paint(values, context, recording, seconds, role) {
    const { width, height } = context.canvas;
    const staff = role === "agent" || role === "bot";
    let turn = 0;
    context.clearRect(0, 0, width, height);
    for (let x = 0; x < width; x += 2) {
      const at = recording.offset + (x / width) * seconds;
      while (turn < this.turns.length - 1 && this.turns[turn].until <= at) turn += 1;
      const said = this.turns[turn];
      const customers = said && said.at <= at && said.state && !staff;
      const first = Math.floor((x / width) * values.length);
      const last = Math.max(first + 1, Math.floor(((x + 2) / width) * values.length));
      let most = 0;
      for (let k = first; k < last && k < values.length; k += 1) most = Math.max(most, values[k]);
      const size = Math.max(1, most * height * 0.94);
      context.fillStyle = this.colour(customers ? levelOf(said) : "plain");
      context.fillRect(x, (height - size) / 2, 1.5, size);
    }
  }

  stop() {
    this.surfer?.destroy();
  }
}
