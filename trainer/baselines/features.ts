/** Feature vectors of many items, one after the other: [count, dims]. */
export interface Features {
  readonly count: number
  readonly dims: number
  readonly values: Float32Array | Float64Array
}

/** A hash that was fitted to features. The code of an item is the sign of its outputs: 1 where they are above 0. */
export interface Hash {
  readonly bits: number
  /** [count, bits]. @throws RangeError for features of another width than it was fitted to. */
  outputs (features: Features): Float64Array
}

/** @throws RangeError when there is nothing to fit to, or the values are not [count, dims]. */
export function assertFeatures ({ count, dims, values }: Features, expectedDims = dims): void {
  if (count < 1 || values.length !== count * dims) throw new RangeError(`features are [count, dims]: ${values.length} values are not [${count}, ${dims}]`)
  if (dims !== expectedDims) throw new RangeError(`expected features of ${expectedDims} dims, got ${dims}`)
}

/** The features of some of the items, in the order asked for. */
export function featuresAt ({ dims, values }: Features, items: ArrayLike<number>): Features {
  const chosen = new Float64Array(items.length * dims)
  for (let i = 0; i < items.length; i++) chosen.set(values.subarray(items[i]! * dims, (items[i]! + 1) * dims), i * dims)
  return { count: items.length, dims, values: chosen }
}
