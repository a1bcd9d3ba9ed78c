import type { Features, Hash } from './features.js'
import { principalComponents, project } from './linear.js'

/** One eigenfunction of the Laplacian: a sine of a whole number of half waves along one component. */
export interface Mode {
  readonly component: number
  readonly halfWaves: number
}

export interface SpectralHash extends Hash {
  /** What the bits are, the slowest first. */
  readonly modes: readonly Mode[]
}

/**
 * Spectral hashing: bits are the slowest sines over a box around the principal components (Y. Weiss, A. Torralba,
 * R. Fergus. Spectral Hashing. NIPS 2008).
 *
 *     bit = [ sin(π/2 + k π (v_d − min_d) / (max_d − min_d)) > 0 ],  the `bits` smallest of k / (max_d − min_d)
 *
 * Departure: a query outside the box is moved to its border, where the paper lets the sine go on. Where there are fewer dimensions than bits, all are used.
 */
export function spectral (features: Features, bits: number): SpectralHash {
  const components = Math.min(bits, features.dims)
  const { mean, directions } = principalComponents(features, components)
  const v = project(features, mean, directions)
  const low = new Float64Array(components).fill(Infinity)
  const high = new Float64Array(components).fill(-Infinity)
  for (let at = 0; at < v.length; at++) {
    low[at % components] = Math.min(low[at % components]!, v[at]!)
    high[at % components] = Math.max(high[at % components]!, v[at]!)
  }
  const range = high.map((value, d) => value - low[d]!)
  const modes = Array.from({ length: components }, (_, component) => component)
    .filter(component => range[component]! > 0)
    .flatMap(component => Array.from({ length: bits }, (_, k) => ({ component, halfWaves: k + 1 })))
    .sort((a, b) => a.halfWaves / range[a.component]! - b.halfWaves / range[b.component]!)
    .slice(0, bits)
  if (modes.length < bits) throw new RangeError('all features are equal')
  return {
    bits,
    modes,
    outputs: queries => {
      const projected = project(queries, mean, directions)
      const out = new Float64Array(queries.count * bits)
      for (let i = 0; i < queries.count; i++) {
        for (const [b, { component, halfWaves }] of modes.entries()) {
          const inside = Math.min(high[component]!, Math.max(low[component]!, projected[i * components + component]!))
          out[i * bits + b] = Math.sin(Math.PI / 2 + halfWaves * Math.PI * (inside - low[component]!) / range[component]!)
        }
      }
      return out
    }
  }
}
