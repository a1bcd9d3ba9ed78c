import type { Variables } from '../encoder/layers/variables.js'
import { features, type HashNetwork } from '../encoder/networks/networks.js'
import { tf } from '../encoder/tf.js'
import type { PixelSet } from './datasets/dataset.js'

/** Pictures a pass: bounds memory, and costs nothing above a hundred. */
const AT_ONCE = 250

/** What a network makes of pictures, by the running statistics of its batch norms. */
export interface SetEncoding {
  /** [count, bits], before the sign. */
  readonly outputs: Float32Array
  /** [count, features of the network]: what the hash layer saw. */
  readonly features: Float32Array
}

/** Encodes a whole set, in steps between which other events have their turn. Leaves the variables as they were. */
export async function encodeSet ({ backbone, head }: HashNetwork, variables: Variables, set: PixelSet, bits: number, normalise: (pixels: Uint8Array) => tf.Tensor4D): Promise<SetEncoding> {
  const outputs = new Float32Array(set.count * bits)
  const seen = new Float32Array(set.count * backbone.features)
  const bytes = set.width * set.height * 3
  const wasTraining = variables.training
  variables.training = false
  try {
    for (let from = 0; from < set.count; from += AT_ONCE) {
      const to = Math.min(set.count, from + AT_ONCE)
      const [own, hashed] = tf.tidy(() => {
        const own = features(backbone, normalise(set.pixels.subarray(from * bytes, to * bytes)), variables)
        return [own, head.outputs(own, variables)]
      })
      seen.set(await own!.data<'float32'>(), from * backbone.features)
      outputs.set(await hashed!.data<'float32'>(), from * bits)
      tf.dispose([own!, hashed!])
      await new Promise(resolve => setImmediate(resolve))
    }
  } finally {
    variables.training = wasTraining
  }
  return { outputs, features: seen }
}
