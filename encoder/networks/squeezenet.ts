import { convolution } from '../layers/convolution.js'
import type { Parameters } from '../layers/parameters.js'
import { globalAveragePool, maxPool } from '../layers/pooling.js'
import { tf } from '../tf.js'
import type { Backbone, Network, Stage } from './network.js'

/**
 * SqueezeNet 1.1 (Iandola et al. 2016) without its classifier: modules that squeeze to few channels and expand by windows
 * of one and of three pixels side by side. No batch norm. Features: 512.
 */
export const squeezenet: Network = { name: 'squeezenet', build }

/** Of modules 2 to 9: channels squeezed to, channels of each of the two expansions. */
const MODULES = [[16, 64], [16, 64], [32, 128], [32, 128], [48, 192], [48, 192], [64, 256], [64, 256]] as const
const POOLED_AFTER = new Set([3, 5])

function build (): Backbone {
  const stages: Stage[] = [{
    name: 'conv1',
    run: (x, p) => maxPool(convolution(p, 'conv1', x as tf.Tensor4D, { filters: 64, size: 3, stride: 2, padding: 'none', activation: 'relu' }), { size: 3, stride: 2 })
  }]
  for (const [i, [squeezed, expanded]] of MODULES.entries()) {
    const name = `fire${i + 2}`
    stages.push({
      name,
      run: (x, p) => {
        const y = fire(p, name, x as tf.Tensor4D, squeezed, expanded)
        return POOLED_AFTER.has(i + 2) ? maxPool(y, { size: 3, stride: 2 }) : y
      }
    })
  }
  stages.push({ name: 'pool', run: x => globalAveragePool(x as tf.Tensor4D) })
  return { stages, features: 512 }
}

function fire (p: Parameters, name: string, x: tf.Tensor4D, squeezed: number, expanded: number): tf.Tensor4D {
  const squeeze = convolution(p, `${name}.squeeze`, x, { filters: squeezed, size: 1, activation: 'relu' })
  return tf.concat4d([
    convolution(p, `${name}.expand1`, squeeze, { filters: expanded, size: 1, activation: 'relu' }),
    convolution(p, `${name}.expand3`, squeeze, { filters: expanded, size: 3, activation: 'relu' })
  ], 3)
}
