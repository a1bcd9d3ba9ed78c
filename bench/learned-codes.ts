import type { Code } from '../hamming/code.js'
import { codeOfSigns } from '../hamming/code.js'
import type { Features } from '../trainer/baselines/features.js'
import { itq } from '../trainer/baselines/itq.js'
import { cifar10 } from '../trainer/datasets/cifar10.js'

const IMAGE = 32
/** Pictures are averaged down to so many pixels a side: 192 numbers, which leave up to 192 bits. */
const SIDE = 8

/** Codes that were learned: CIFAR-10's 50,000 training pictures, small, hashed by iterative quantization. */
export async function learnedCodes (directory: string, bits: number): Promise<readonly Code[]> {
  const { train } = await cifar10(directory)
  const features = shrunk(train.pixels, train.count)
  const { outputs } = itq(features, bits, 1, 20)
  const values = outputs(features)
  return Array.from({ length: train.count }, (_, i) => codeOfSigns(values.subarray(i * bits, (i + 1) * bits)))
}

/** @param pixels u8 [count, 32, 32, 3] */
function shrunk (pixels: ArrayLike<number>, count: number): Features {
  const cell = IMAGE / SIDE
  const dims = SIDE * SIDE * 3
  const values = new Float64Array(count * dims)
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < IMAGE; y++) {
      for (let x = 0; x < IMAGE; x++) {
        const to = i * dims + (Math.floor(y / cell) * SIDE + Math.floor(x / cell)) * 3
        const from = ((i * IMAGE + y) * IMAGE + x) * 3
        for (let c = 0; c < 3; c++) values[to + c]! += pixels[from + c]! / (cell * cell)
      }
    }
  }
  return { count, dims, values }
}
