import { Matrix } from 'ml-matrix'
import { Random } from '../random.js'
import { assertFeatures, type Features, type Hash } from './features.js'
import { meanOf, project } from './linear.js'

/**
 * Locality-sensitive hashing by random hyperplanes: b = sign(Rᵀ(x − μ)), R normal. Two items differ in a bit with
 * probability angle / π (M. Charikar. Similarity Estimation Techniques from Rounding Algorithms. STOC 2002).
 *
 * Learns the mean μ and nothing else.
 */
export function lsh (features: Features, bits: number, seed: number): Hash {
  assertFeatures(features)
  const random = new Random(seed)
  const mean = meanOf(features)
  const planes = new Matrix(Array.from({ length: features.dims }, () => Array.from({ length: bits }, () => random.normal())))
  return { bits, outputs: queries => project(queries, mean, planes) }
}
