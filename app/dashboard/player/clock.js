// What goes on while a conversation is replayed: a recording, or time alone.

/** Time without a recording: a conversation in words goes on as fast as it was written. */
class TextClock {
  constructor(length) {
    this.length = length;
    this.base = 0;
    this.rate = 1;
    this.since = null;
  }

  get playing() {
    return this.since !== null && this.time < this.length;
  }

  get time() {
    const passed = this.since === null ? 0 : ((performance.now() - this.since) / 1000) * this.rate;
    return Math.min(this.length, this.base + passed);
  }

  seek(time) {
    this.base = Math.min(Math.max(0, time), this.length);
    if (this.since !== null) this.since = performance.now();
  }

  play() {
    if (this.time >= this.length) this.base = 0;
    this.since = performance.now();
  }

  pause() {
    this.base = this.time;
    this.since = null;
  }

  setRate(rate) {
    this.base = this.time;
    if (this.since !== null) this.since = performance.now();
    this.rate = rate;
  }
}

/** Time of one or several recordings, each from its offset within the conversation. */
class MediaClock {
  /**
   * @param {HTMLMediaElement} element Plays them.
   * @param {{url: string, offset: number}[]} recordings
   * @param {(index: number) => void} onRecording Told which of them is played.
   */
  constructor(element, recordings, onRecording) {
    Object.assign(this, { element, onRecording });
    this.recordings = [...recordings].sort((a, b) => a.offset - b.offset);
    this.index = -1;
    this.rate = 1;
    element.addEventListener("ended", () => this.next());
    this.load(0);
  }

  get recording() {
    return this.recordings[this.index];
  }

  get playing() {
    return !this.element.paused && !this.element.ended;
  }

  get time() {
    // Until its headers are there a recording stands at 0, wherever it was told to go.
    return this.recording.offset + (this.wanted ?? this.element.currentTime);
  }

  load(index) {
    if (index === this.index) return;
    this.index = index;
    this.element.src = this.recording.url;
    this.element.playbackRate = this.rate;
    this.onRecording(index);
  }

  seek(time) {
    const later = this.recordings.findIndex((one) => one.offset > time);
    const on = this.playing;
    this.load(Math.max(0, later < 0 ? this.recordings.length - 1 : later - 1));
    const place = Math.max(0, time - this.recording.offset);
    if (this.element.readyState >= HTMLMediaElement.HAVE_METADATA) {
      this.wanted = null;
      this.element.currentTime = place;
    } else if (this.wanted == null) {
      this.wanted = place;
      const arrive = () => {
        this.element.currentTime = this.wanted ?? 0;
        this.wanted = null;
      };
      this.element.addEventListener("loadedmetadata", arrive, { once: true });
    } else {
      this.wanted = place;
    }
    if (on) this.play();
  }

  next() {
    if (this.index + 1 >= this.recordings.length) return;
    this.load(this.index + 1);
    this.play();
  }

  play() {
    // A browser may refuse before a person has done anything; then the button still says play.
    this.element.play().catch(() => {});
  }

  pause() {
    this.element.pause();
  }

  setRate(rate) {
    this.rate = rate;
    this.element.playbackRate = rate;
  }
}
