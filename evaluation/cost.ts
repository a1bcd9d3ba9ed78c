import { Variables } from '../encoder/layers/variables.js'
import { buildNetwork, features, type HashNetwork } from '../encoder/networks/networks.js'
import { openBackend, tf } from '../encoder/tf.js'
import type { Manifest } from '../registry/manifest.js'

/** What a network costs, whatever it runs on. */
export interface Cost {
  /** Numbers that learn and that encoding needs. */
  readonly parameters: number
  /** Multiplications with an addition that one picture takes in convolutions and dense layers: all else is little beside them. */
  readonly multiplyAdds: number
}

/** Counts while one picture passes; nothing else may compute in this process meanwhile. @param shape of the network's input for one item: [height, width, channels]. */
export async function costOf ({ backbone, head }: HashNetwork, variables: Variables, shape: readonly [number, number, number]): Promise<Cost> {
  const wasTraining = variables.training
  variables.training = false
  try {
    const { kernels } = await tf.profile(() => tf.tidy(() => head.outputs(features(backbone, tf.zeros([1, ...shape]), variables), variables)))
    const multiplyAdds = kernels.reduce((sum, { name, inputShapes, outputShapes }) => {
      const [, weights] = inputShapes as (number[] | null)[]
      const out = (outputShapes as number[][])[0]!.reduce((product, side) => product * side, 1)
      if (/^(Fused)?Conv2D$/.test(name)) return sum + out * weights![0]! * weights![1]! * weights![2]!
      if (/^(Fused)?DepthwiseConv2d(Native)?$/i.test(name)) return sum + out * weights![0]! * weights![1]!
      if (name.endsWith('MatMul')) return sum + out * weights!.at(-2)!
      return sum
    }, 0)
    const parameters = [...variables.all()].reduce((sum, [name, v]) => name.startsWith('classifier') || !v.trainable ? sum : sum + v.size, 0)
    return { parameters, multiplyAdds }
  } finally {
    variables.training = wasTraining
  }
}

/** The same of a model's network, whatever its weights are. */
export async function costOfModel (manifest: Pick<Manifest, 'network' | 'settings' | 'bits' | 'detail' | 'input'>): Promise<Cost> {
  await openBackend()
  const variables = new Variables()
  try {
    return await costOf(buildNetwork(manifest), variables, [manifest.input.height, manifest.input.width, 3])
  } finally {
    variables.dispose()
  }
}
