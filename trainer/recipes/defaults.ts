import { growing, triangle } from '../schedule.js'
import type { Plan } from './recipe.js'

/** Settings of the small network that learns from nothing. Its first layer whitens and stays as it is. */
export const fromNothing: Plan['training'] = {
  epochs: 12,
  batchSize: 256,
  rate: 0.2,
  schedule: triangle(),
  side: growing(0.625, 0.7),
  momentum: 0.9,
  decay: 8e-3,
  rateOf: name => name.startsWith('stem.') ? 0 : 1
}
