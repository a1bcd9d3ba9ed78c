import { Random } from '../random.js'
import { assertFeatures, featuresAt, type Features } from './features.js'

/** Maps features to their likeness to anchors: what the kernel baselines learn on. */
export interface AnchorKernel {
  readonly anchors: number
  /** [count, anchors] */
  map (features: Features): Float64Array
}

/**
 * Radial kernel over randomly drawn anchors: κ_j(x) = exp(−‖x − a_j‖² / (2σ)), σ = the mean of ‖x − a‖² over what it is fitted to
 * (as the code of KSH's authors has it: the mean of squares, not squared again).
 *
 * @param centre subtracts each column's mean over what it is fitted to, so that bits can be balanced.
 * @throws RangeError for fewer items than anchors.
 */
export function anchorKernel (features: Features, anchors: number, random: Random, centre: boolean): AnchorKernel {
  assertFeatures(features)
  if (anchors > features.count) throw new RangeError(`${features.count} items have no ${anchors} anchors`)
  const chosen = featuresAt(features, random.permutation(features.count).subarray(0, anchors))
  const fitted = squaredDistances(features, chosen)
  const width = 2 * fitted.reduce((sum, d) => sum + d, 0) / fitted.length
  if (!(width > 0)) throw new RangeError('all features are equal')
  const columns = new Float64Array(anchors)
  if (centre) for (let at = 0; at < fitted.length; at++) columns[at % anchors]! += Math.exp(-fitted[at]! / width) / features.count
  return {
    anchors,
    map: features => {
      assertFeatures(features, chosen.dims)
      const out = squaredDistances(features, chosen)
      for (let at = 0; at < out.length; at++) out[at] = Math.exp(-out[at]! / width) - columns[at % anchors]!
      return out
    }
  }
}

function squaredDistances (features: Features, anchors: Features): Float64Array {
  const { count, dims, values } = features
  const out = new Float64Array(count * anchors.count)
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < anchors.count; j++) {
      let sum = 0
      for (let d = 0; d < dims; d++) {
        const difference = values[i * dims + d]! - anchors.values[j * dims + d]!
        sum += difference * difference
      }
      out[i * anchors.count + j] = sum
    }
  }
  return out
}
