// One turn of the transcript: when, who, the words with their evidence, what was found, a person's say.

const EMOTIONS = ["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear"];
const MODALITIES = ["text", "voice", "face"];
const MOST_CHARACTERS = 600; // Of a turn at first: one of a megabyte stays usable.

/** The words of a turn, with those marked that speak for the words' answer. */
function marked(turn, characters, colours) {
  const shown = make("span", "said");
  shown.style.setProperty("--of", colours[turn.by.text?.label] ?? colours.unknown);
  let at = 0;
  for (const [start, end] of turn.words) {
    if (start >= characters.length) break;
    shown.append(characters.slice(at, start).join(""));
    shown.append(make("mark", "", characters.slice(start, end).join("")));
    at = end;
  }
  shown.append(characters.slice(at).join(""));
  return shown;
}

class TurnRow {
  /**
   * @param {object} texts
   * @param {object} settings `colours`, `reviews`: whether whoever looks may correct.
   * @param {{seek, correct, undo}} act What is done about a turn, given its index.
   */
  constructor(texts, settings, act) {
    Object.assign(this, { texts, settings, act });
  }

  draw(turn, index, correction) {
    const staff = !turn.state;
    const row = make("div", `turn${staff ? " staff" : ""}`);
    row.append(this.when(turn, index), this.words(turn, row), make("div", "found", ...this.found(turn)));
    if (!staff) row.append(this.person(index, correction));
    return row;
  }

  button(name, label, action) {
    const button = make("button", name, label);
    button.type = "button";
    button.onclick = action;
    return button;
  }

  when(turn, index) {
    const label = turn.timed ? clock(turn.at) : String(index + 1);
    const button = this.button("when number", `▶ ${label}`, () => this.act.seek(index));
    button.title = this.texts.play_from;
    button.setAttribute("aria-label", `${this.texts.play_from} ${label}`);
    return button;
  }

  words(turn, row) {
    const { texts } = this;
    const who = make("b", "", texts[`role_${turn.role}`]);
    const head = make("span", "quiet", ` ${turn.agent_id}`);
    const all = [...turn.text];
    const cut = all.length > MOST_CHARACTERS;
    const box = make("div", "words", who, head, make("br"));
    const said = marked(turn, cut ? all.slice(0, MOST_CHARACTERS) : all, this.settings.colours);
    box.append(said);
    if (cut) {
      const more = this.button("more", fill(texts.show_all, { n: all.length }), () => {
        said.replaceWith(marked(turn, all, this.settings.colours));
        more.remove();
      });
      box.append("… ", more);
    }
    return box;
  }

  found(turn) {
    const { texts, settings } = this;
    if (!turn.state) return [make("span", "quiet", texts.not_scored_agent)];
    const known = turn.label !== "unknown";
    const name = known ? `${texts[turn.label]} ${percent(turn.confidence)}` : texts.unknown;
    const chip = make("span", "chip", name);
    chip.style.color = settings.colours[turn.label];
    chip.title = turn.reason;
    const parts = [chip, make("br")];
    const others = Object.keys(turn.by).filter((one) => !MODALITIES.includes(one)).sort();
    for (const modality of [...MODALITIES, ...others]) {
      if (turn.by[modality]) parts.push(this.modality(modality, turn.by[modality]), " ");
    }
    if (turn.tags.length) parts.push(make("br"));
    for (const { tag, basis } of turn.tags) parts.push(this.tag(tag, basis), " ");
    const lines = [
      turn.why,
      turn.sound && `${texts.sound}${texts.colon}${turn.sound}`,
      turn.face.length && `${texts.face}${texts.colon}${this.face(turn.face)}`,
      vendorSays(turn.vendor, texts),
      turn.disagree && `≠ ${texts.disagreement}`,
    ];
    for (const line of lines.filter(Boolean)) parts.push(make("div", "quiet", line));
    return parts;
  }

  tag(name, basis) {
    const shown = make("span", `chip tag ${name}`, `${this.texts[`tag_${name}`]} · ${this.texts[`basis_${basis}`]}`);
    shown.title = this.texts.tags_help;
    return shown;
  }

  modality(name, scores) {
    const { texts } = this;
    const answer = scores.reliability === 0 ? "–" : `${texts[scores.label]} ${percent(scores.probability)}`;
    const shown = make("span", "quiet modality", `${texts[name] ?? name} ${answer}`);
    shown.title = scores.reliability === 0
      ? scores.reason
      : joined([`${texts.reliability} ${scores.reliability.toFixed(2)}`, scores.reason]);
    return shown;
  }

  face(moments) {
    const said = moments.slice(0, 3).map((one) => `${clock(one.at)} ${this.texts[one.label]}`);
    return said.join(this.texts.comma);
  }

  person(index, correction) {
    const { texts, settings } = this;
    const box = make("div", "person");
    if (correction) {
      const label = make("span", "chip", `${texts.correction}${texts.colon}${texts[correction.label]}`);
      label.style.color = settings.colours[correction.label];
      box.append(label);
      if (settings.reviews) box.append(this.button("link undo", texts.undo, () => this.act.undo(index)));
    } else if (settings.reviews) {
      box.append(this.button("link correct", texts.correct, () => this.choose(box, index)));
      box.lastChild.title = texts.correct_help;
    }
    return box;
  }

  /** Seven buttons in the place of one; Escape takes them back. */
  choose(box, index) {
    const group = make("div", "emotions");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", this.texts.correct);
    const back = () => {
      box.replaceWith(this.person(index, null));
    };
    for (const emotion of EMOTIONS) {
      group.append(this.button("", this.texts[emotion], () => this.act.correct(index, emotion)));
    }
    group.append(this.button("link", this.texts.cancel, back));
    group.addEventListener("keydown", (event) => {
      event.stopPropagation(); // Keys of the player are not meant here.
      if (event.key === "Escape") back();
    });
    box.replaceChildren(group);
    group.firstChild.focus();
  }
}

function percent(share) {
  return `${Math.round(100 * share)}%`;
}

/** What the source platform says of a turn. */
function vendorSays(vendor, texts) {
  const score = vendor.sentiment_score;
  const said = joined([
    vendor.sentiment,
    vendor.emotion,
    typeof score === "number" && `${score > 0 ? "+" : ""}${score.toFixed(1)}`,
    vendor.loudness !== undefined && `${Math.round(vendor.loudness)} dB`,
    typeof vendor.rate === "number" && `${Math.round(vendor.rate)} ${texts.rate_unit}`,
  ].map((part) => part && String(part)));
  return said && `${texts.vendor} ${said}`;
}
