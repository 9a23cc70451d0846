// Runs beside the sound card: brings the microphone's samples to 8 kHz, 160 at a time.

const FRAME = 160;

class Mouthpiece extends AudioWorkletProcessor {
  #step = sampleRate / 8_000; // samples of the card for one of ours
  #at = 0; // place of the next of our samples, counted in the card's from the last block's end
  #last = 0;
  #frame = new Float32Array(FRAME);
  #filled = 0;

  process([[samples]]) {
    if (!samples) return true;
    // The filters before this one have taken away what 8 kHz cannot hold.
    for (; this.#at < samples.length; this.#at += this.#step) {
      const index = Math.floor(this.#at);
      const before = index === 0 ? this.#last : samples[index - 1];
      this.#take(before + (samples[index] - before) * (this.#at - index));
    }
    this.#at -= samples.length;
    this.#last = samples[samples.length - 1];
    return true;
  }

  #take(sample) {
    this.#frame[this.#filled] = sample;
    this.#filled += 1;
    if (this.#filled < FRAME) return;
    this.port.postMessage(this.#frame);
    this.#filled = 0;
  }
}

registerProcessor("mouthpiece", Mouthpiece);
