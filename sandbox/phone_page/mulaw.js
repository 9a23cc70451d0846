// Mu-law, 8 kHz: one byte is one sample. Source: ITU-T G.711.

const BIAS = 132;
const CLIP = 32_635;
const SCALE = 32_768;

const SAMPLES = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + BIAS) << ((code >> 4) & 7)) - BIAS;
  return (code & 0x80 ? -magnitude : magnitude) / SCALE;
});

/** Turn bytes of mu-law into samples from -1 to 1. */
export function decode(bytes) {
  return Float32Array.from(bytes, (byte) => SAMPLES[byte]);
}

/** Turn samples from -1 to 1 into bytes of mu-law. */
export function encode(samples) {
  return Uint8Array.from(samples, (sample) => {
    const biased = Math.min(Math.abs(Math.round(sample * SCALE)), CLIP) + BIAS;
    const exponent = 24 - Math.clz32(biased);
    const mantissa = (biased >> (exponent + 3)) & 0x0f;
    return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa);
  });
}

/** Give the root mean square of samples: how loud they are. */
export function loudness(samples) {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}
