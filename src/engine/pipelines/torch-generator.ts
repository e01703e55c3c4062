import { elements, type Tensor } from '../runtime/tensor.js';

/** Words of the Mersenne twister's state, and the distance of its recurrence. */
const N = 624;
const M = 397;

/**
 * Normal noise as PyTorch draws it on the CPU: `torch.Generator("cpu").manual_seed(seed)`, then `torch.randn` in float32, to 5e-7.
 * Several draws in a row continue the same stream, as they do there.
 *
 * Source: ATen/core/MT19937RNGEngine.h and `normal_fill` in ATen/native/cpu/DistributionTemplates.h (PyTorch 2.13).
 */
export class TorchGenerator {
  readonly #state = new Uint32Array(N);
  #next = N;

  /** @param seed 0 … 2^53−1; the generator takes its low 32 bits. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new RangeError(`Expected a whole number from 0 to 2^53−1 for seed but received ${seed}.`);
    this.#state[0] = seed % 2 ** 32;
    for (let i = 1; i < N; i++) {
      const previous = this.#state[i - 1]!;
      this.#state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** `torch.randn(shape)`. Shapes of fewer than 16 values take another path in PyTorch and are refused. */
  randn(shape: readonly number[]): Tensor {
    const size = elements(shape);
    if (size < 16) throw new RangeError(`Expected at least 16 values for noise but received ${size}.`);
    const data = new Float32Array(size);
    this.#fillUniform(data);
    for (let start = 0; start + 16 <= size; start += 16) boxMuller(data.subarray(start, start + 16));
    if (size % 16 !== 0) {
      // PyTorch draws the last, overlapping block anew.
      const tail = data.subarray(size - 16);
      this.#fillUniform(tail);
      boxMuller(tail);
    }
    return { shape, data };
  }

  /** Uniform in [0, 1): the low 24 bits of one output each. */
  #fillUniform(into: Float32Array): void {
    for (let i = 0; i < into.length; i++) into[i] = (this.#random32() & 0xffffff) * 2 ** -24;
  }

  #random32(): number {
    if (this.#next === N) this.#twist();
    let y = this.#state[this.#next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  #twist(): void {
    const s = this.#state;
    for (let i = 0; i < N; i++) {
      const y = (s[i]! & 0x80000000) | (s[(i + 1) % N]! & 0x7fffffff);
      s[i] = s[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}

/** Turns 16 uniform values into 16 normal ones, in place: the first eight are radii, the last eight angles. */
function boxMuller(block: Float32Array): void {
  for (let j = 0; j < 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - block[j]!));
    const angle = 2 * Math.PI * block[j + 8]!;
    block[j] = radius * Math.cos(angle);
    block[j + 8] = radius * Math.sin(angle);
  }
}
