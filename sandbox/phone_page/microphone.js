// The person's own voice: from the microphone to frames of 20 ms of mu-law.

import { encode, loudness } from "./mulaw.js";

const HIGHEST_HZ = 3_400; // of a telephone line
const BUTTERWORTH_DB = [-5.3, 2.3]; // two filters that together fall off evenly: fourth order

/** Say why there can be no microphone here; "" when there can. */
export function whyNoMicrophone() {
  if (!window.isSecureContext) {
    return `Browsers lend the microphone only to pages from localhost or https; this one came from ${location.origin}. Type instead.`;
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
    return "This browser has no way to use a microphone here. Type instead.";
  }
  return "";
}

/** Say in plain words why the browser gave no microphone. */
function refusalInWords(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "The browser was not allowed to use the microphone: allow it beside the page's address, or type.";
    case "NotFoundError":
      return "There is no microphone. Type instead.";
    case "NotReadableError":
      return "Another program holds the microphone. Type instead.";
    default:
      return `The microphone cannot be used (${error.name}). Type instead.`;
  }
}

async function askForStream() {
  try {
    return await navigator.mediaDevices.getUserMedia({
      // The loudspeaker's sound must not come back as if the person had said it.
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    throw new Error(refusalInWords(error));
  }
}

export class Microphone {
  /** How loud the last frame was; 0 while closed. */
  level = 0;
  #context = null; // null while closed
  #stream = null;
  #attempts = 0; // a close while it opens makes the attempt void

  get isOpen() {
    return this.#context !== null;
  }

  /** Open it; `send` gets each 20 ms as bytes. Throws an Error whose message is for the person. */
  async open(send) {
    const reason = whyNoMicrophone();
    if (reason) throw new Error(reason);
    this.#attempts += 1;
    const attempt = this.#attempts;
    const stream = await askForStream();
    // Not at 8 kHz: some browsers take a microphone at the sound card's own rate only.
    const context = new AudioContext();
    await context.audioWorklet.addModule(new URL("mouthpiece.js", import.meta.url));
    [this.#stream, this.#context] = [stream, context];
    if (attempt === this.#attempts) this.#connect(send);
    else await this.close();
  }

  async close() {
    const context = this.#context;
    this.#attempts += 1;
    this.#context = null;
    this.level = 0;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    await context?.close();
  }

  #connect(send) {
    const context = this.#context;
    const mouthpiece = new AudioWorkletNode(context, "mouthpiece", { channelCount: 1, channelCountMode: "explicit" });
    mouthpiece.port.onmessage = ({ data }) => {
      if (!this.isOpen) return;
      this.level = loudness(data);
      send(encode(data));
    };
    let last = context.createMediaStreamSource(this.#stream);
    for (const quality of BUTTERWORTH_DB) {
      const filter = new BiquadFilterNode(context, { type: "lowpass", frequency: HIGHEST_HZ, Q: quality });
      last = last.connect(filter);
    }
    // It gives silence; only what is connected to an output is run.
    last.connect(mouthpiece).connect(context.destination);
  }
}
