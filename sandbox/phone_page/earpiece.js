// What one hears: the agent's voice through a jitter buffer, and the bell.

import { decode, loudness } from "./mulaw.js";

const RATE = 8_000;
const FRAME_S = 0.02;
const DELAY_S = 0.1; // sound kept in hand, so that frames that come late leave no gap
const MOST_AHEAD_S = 0.4; // more than this in hand is lost: the talk must not lag behind
const BELL_HZ = [440, 480];
const BELL_LOUDNESS = 0.08;
const BELL_EVERY_S = 4;
const BELL_S = 1.6;
const BELLS = 60;

export class Earpiece {
  /** Frames that came, and those of them that were played. */
  frames = { came: 0, played: 0 };
  isMuted = false;
  #context = null; // null until the person has touched the page: before, browsers allow no sound
  #level = null;
  #volume = null;
  #playedUntil = 0;
  #wantsBell = false;
  #bell = null;

  /** Say whether the browser lets this page sound. */
  get isOpen() {
    return this.#context?.state === "running";
  }

  /** Begin to sound; works only while the person touches the page. */
  async open() {
    if (!this.#context) this.#build();
    if (!this.isOpen) await this.#context.resume();
    if (this.#wantsBell) this.ring(true);
  }

  /** Play 20 ms of mu-law after what is in hand. */
  hear(bytes) {
    this.frames.came += 1;
    if (!this.isOpen) return;
    const now = this.#context.currentTime;
    if (this.#playedUntil < now) this.#playedUntil = now + DELAY_S;
    if (this.#playedUntil > now + MOST_AHEAD_S) return;
    const samples = decode(bytes);
    const buffer = this.#context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#volume);
    source.start(this.#playedUntil);
    this.#playedUntil += FRAME_S;
    this.frames.played += 1;
  }

  /** Give the loudness of what sounds just now: 0 for silence. */
  loudness() {
    if (!this.isOpen) return 0;
    const samples = new Float32Array(this.#level.fftSize);
    this.#level.getFloatTimeDomainData(samples);
    return loudness(samples);
  }

  mute(isMuted) {
    this.isMuted = isMuted;
    if (this.#volume) this.#volume.gain.value = isMuted ? 0 : 1;
  }

  /** Ring, or stop ringing. */
  ring(rings) {
    this.#wantsBell = rings;
    this.#bell?.disconnect();
    this.#bell = null;
    if (!rings || !this.isOpen) return;
    this.#bell = this.#context.createGain();
    this.#bell.connect(this.#level);
    this.#strike(this.#bell);
  }

  #build() {
    try {
      this.#context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    } catch {
      this.#context = new AudioContext(); // a browser that takes its own rate only
    }
    this.#level = this.#context.createAnalyser();
    this.#volume = this.#context.createGain();
    this.#level.fftSize = 512;
    this.#volume.connect(this.#level).connect(this.#context.destination);
    this.mute(this.isMuted);
  }

  #strike(bell) {
    const begin = this.#context.currentTime + 0.02;
    bell.gain.setValueAtTime(0, begin);
    for (let stroke = 0; stroke < BELLS; stroke += 1) {
      const at = begin + stroke * BELL_EVERY_S;
      bell.gain.setTargetAtTime(BELL_LOUDNESS, at, 0.01);
      bell.gain.setTargetAtTime(0, at + BELL_S, 0.05);
    }
    for (const frequency of BELL_HZ) {
      const tone = this.#context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(bell);
      tone.start(begin);
      tone.stop(begin + BELLS * BELL_EVERY_S);
    }
  }
}
