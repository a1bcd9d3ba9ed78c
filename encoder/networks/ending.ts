import { multiScaleFusionPool } from '../layers/fusion-pooling.js'
import { globalAveragePool, globalMaxPool, spatialPyramidPool } from '../layers/pooling.js'
import type { tf } from '../tf.js'
import type { Settings, Stage } from './network.js'

/** How a network ends: its last map becomes features. */
export interface Ending {
  readonly stage: Stage
  readonly features: number
}

/**
 * Reads the settings `pooling` (`mean`, `max`, `pyramid`, `fusion`) and `levels` (windows a side of the last two: 4, 2, 1).
 *
 * @param channels of the last map.
 */
export function buildEnding (settings: Settings, channels: number, otherwise: 'mean' | 'max' | 'pyramid' | 'fusion'): Ending {
  const pooling = settings.choice('pooling', ['mean', 'max', 'pyramid', 'fusion'], otherwise)
  const levels = settings.numbers('levels', { from: 1, to: 16, most: 5, otherwise: [4, 2, 1] })
  const run = (x: tf.Tensor4D): tf.Tensor2D => {
    switch (pooling) {
      case 'mean': return globalAveragePool(x)
      case 'max': return globalMaxPool(x)
      case 'pyramid': return spatialPyramidPool(x, levels)
      case 'fusion': return multiScaleFusionPool(x, levels)
    }
  }
  const windows = pooling === 'pyramid' ? levels.reduce((sum, bins) => sum + bins * bins, 0) : 1
  return { stage: { name: 'pool', run: x => run(x as tf.Tensor4D) }, features: channels * windows }
}
