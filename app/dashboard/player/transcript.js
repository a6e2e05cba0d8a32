// The words, of which only those near the screen are in the page: a chat has thousands of turns.

const CHUNK = 40; // Turns that come and go together.
const TURN_HEIGHT = 72; // Pixels, about, until it is known.

class Transcript {
  /**
   * @param {object[]} turns
   * @param {(index: number) => HTMLElement} draw Makes the row of a turn.
   */
  constructor(turns, draw, label) {
    Object.assign(this, { turns, draw });
    this.element = make("div", "transcript");
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "list");
    this.element.setAttribute("aria-label", label);
    this.active = new Set();
    this.seen = new IntersectionObserver((entries) => this.look(entries), {
      root: this.element,
      rootMargin: "800px",
    });
    this.chunks = [];
    this.show(turns.map((_, index) => index));
  }

  /** Shows these turns only, by their indices. */
  show(indices) {
    this.seen.disconnect();
    this.place = new Map(indices.map((index, position) => [index, Math.floor(position / CHUNK)]));
    this.chunks = [];
    for (let first = 0; first < indices.length; first += CHUNK) {
      const chunk = { indices: indices.slice(first, first + CHUNK), element: make("div", "chunk"), rows: null };
      chunk.element.setAttribute("role", "presentation");
      chunk.element.style.height = `${chunk.indices.length * TURN_HEIGHT}px`;
      this.chunks.push(chunk);
    }
    this.element.replaceChildren(...this.chunks.map((chunk) => chunk.element));
    for (const chunk of this.chunks.slice(0, 1)) this.fill(chunk);
    for (const chunk of this.chunks) this.seen.observe(chunk.element);
  }

  look(entries) {
    for (const entry of entries) {
      const chunk = this.chunks.find((one) => one.element === entry.target);
      if (entry.isIntersecting) this.fill(chunk);
      else if (chunk?.rows && !chunk.element.matches(":focus-within")) this.empty(chunk);
    }
  }

  fill(chunk) {
    if (!chunk || chunk.rows) return;
    chunk.rows = new Map(chunk.indices.map((index) => [index, this.row(index)]));
    chunk.element.replaceChildren(...chunk.rows.values());
    chunk.element.style.height = "";
  }

  empty(chunk) {
    chunk.element.style.height = `${chunk.element.offsetHeight}px`;
    chunk.element.replaceChildren();
    chunk.rows = null;
  }

  row(index) {
    const row = this.draw(index);
    row.setAttribute("role", "listitem");
    row.setAttribute("aria-setsize", String(this.turns.length));
    row.setAttribute("aria-posinset", String(index + 1));
    row.dataset.turn = String(index + 1);
    this.mark(row, this.active.has(index));
    return row;
  }

  mark(row, on) {
    row.classList.toggle("here", on);
    if (on) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }

  /** The row of a turn, where it is in the page. */
  find(index) {
    return this.chunks[this.place.get(index)]?.rows?.get(index);
  }

  /** Draws a turn's row anew. */
  redraw(index) {
    const old = this.find(index);
    if (!old) return;
    const row = this.row(index);
    old.replaceWith(row);
    this.chunks[this.place.get(index)].rows.set(index, row);
    return row;
  }

  /** Marks the turns at the playhead. */
  activate(indices) {
    const next = new Set(indices);
    for (const index of this.active) if (!next.has(index)) this.toggle(index, false);
    for (const index of next) if (!this.active.has(index)) this.toggle(index, true);
    this.active = next;
  }

  toggle(index, on) {
    const row = this.find(index);
    if (row) this.mark(row, on);
  }

  /** Scrolls to a turn; one that is well in sight stays where it is, unless `always`. */
  goTo(index, always = false) {
    const chunk = this.chunks[this.place.get(index)];
    if (!chunk) return;
    this.fill(chunk);
    const row = chunk.rows.get(index);
    const box = this.element;
    const top = row.offsetTop - box.scrollTop;
    if (!always && top > 0 && top + Math.min(row.offsetHeight, 120) < box.clientHeight) return;
    box.scrollTop = row.offsetTop - Math.round(box.clientHeight / 4);
  }

  stop() {
    this.seen.disconnect();
  }
}
