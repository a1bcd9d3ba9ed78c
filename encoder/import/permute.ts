import { elements, type NamedTensor } from '../safetensors.js'

/** A tensor with its sides in another order: side i of the result is side `order[i]` of the tensor. */
export function permute ({ shape, data }: NamedTensor, order: readonly number[]): { shape: number[], data: Float32Array } {
  const strides = shape.map((_, side) => elements(shape.slice(side + 1)))
  const turned = order.map(side => shape[side]!)
  const steps = order.map(side => strides[side]!)
  const result = new Float32Array(data.length)
  const at = new Int32Array(order.length)
  const last = order.length - 1
  let from = 0
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from]!
    // Counts on, as an odometer does: a side that is full goes back to 0, and the one before moves.
    for (let side = last; side >= 0; side--) {
      from += steps[side]!
      if (++at[side]! < turned[side]!) break
      from -= steps[side]! * turned[side]!
      at[side] = 0
    }
  }
  return { shape: turned, data: result }
}
