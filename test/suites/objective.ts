import test from 'ava'
import { openBackend, tf } from '../../encoder/tf.js'
import { Random } from '../../trainer/random.js'

export type Rows = readonly (readonly number[])[]

export interface ObjectiveUnderTest {
  /** The first is what is learned; those before `labels` get gradients too. */
  readonly loss: (inputs: readonly tf.Tensor2D[], labels: tf.Tensor2D) => tf.Scalar
  /** The same in plain loops over doubles, from the formula in its doc. */
  readonly formula: (inputs: readonly Rows[], labels: Rows) => number
  /** Shapes of the inputs for n items. */
  readonly shapes: (n: number) => readonly (readonly [rows: number, columns: number])[]
  /** Size of drawn inputs. @default 1 */
  readonly spread?: number
  /** Whether the gradient is that of the formula: not so where it goes straight through a step. @default true */
  readonly differentiable?: boolean
}

export const CLASSES = 3
export const BITS = 8

/** Batches that break careless losses: several labels, none, all the same, all different, one item alone. */
export const batches: Readonly<Record<string, Rows>> = {
  'one label each': [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]],
  'several labels, and none': [[1, 1, 0], [0, 1, 1], [0, 0, 0], [1, 1, 0], [1, 0, 0], [1, 1, 1]],
  'all alike': [[0, 1, 0], [0, 1, 0], [0, 1, 0]],
  'none alike': [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  'one item': [[1, 0, 0]],
  'no labels at all': [[0, 0, 0], [0, 0, 0]]
}

/** What every objective must do: be its formula, have its gradient, and never be NaN. */
export function objectiveSuite (name: string, { loss, formula, shapes, spread = 1, differentiable = true }: ObjectiveUnderTest): void {
  test.before(async () => { await openBackend({ only: 'javascript' }) })

  for (const [kind, labels] of Object.entries(batches)) {
    test(`${name}: is its formula in plain loops, with its gradient (${kind})`, t => {
      const random = new Random(kind.length)
      const inputs = shapes(labels.length).map(([rows, columns]) =>
        Array.from({ length: rows }, () => Array.from({ length: columns }, () => spread * random.normal())))
      const expected = formula(inputs, labels)
      const { value, gradients } = withGradients(loss, inputs, labels)
      t.true(Math.abs(value - expected) <= 1e-4 * Math.max(1, Math.abs(expected)), `${value} is not ${expected}`)
      for (const [at, rows] of inputs.entries()) {
        for (const [i, row] of rows.entries()) {
          for (const [j, x] of row.entries()) {
            const actual = gradients[at]![i * row.length + j]!
            t.true(Number.isFinite(actual), `gradient of input ${at} at ${i}, ${j}`)
            if (!differentiable) continue
            const moved = (by: number): number => formula(inputs.with(at, rows.with(i, row.with(j, x + by))), labels)
            const numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5
            t.true(Math.abs(actual - numeric) <= 1e-3 * Math.max(0.1, Math.abs(numeric)), `input ${at} at ${i}, ${j}: ${actual} is not ${numeric}`)
          }
        }
      }
    })
  }

  test(`${name}: leaves no tensor behind`, t => {
    const inputs = shapes(2).map(([rows, columns]) => tf.zeros<tf.Rank.R2>([rows, columns]))
    const labels = tf.tensor2d([[1, 0, 0], [0, 1, 0]])
    const before = tf.memory().numTensors
    tf.tidy(() => loss(inputs, labels).dataSync())
    t.is(tf.memory().numTensors, before)
    tf.dispose([...inputs, labels])
  })
}

/** The loss and its gradients, as numbers. */
export function withGradients (loss: ObjectiveUnderTest['loss'], inputs: readonly Rows[], labels: Rows): { value: number, gradients: Float32Array[] } {
  const tensors = inputs.map(rows => tf.tensor2d(rows as number[][]))
  const target = tf.tensor2d(labels as number[][])
  const { value, grads } = tf.valueAndGrads((...xs) => loss(xs as tf.Tensor2D[], target))(tensors)
  const read = { value: value.dataSync<'float32'>()[0]!, gradients: grads.map(grad => Float32Array.from(grad.dataSync<'float32'>())) }
  tf.dispose([value, target, ...grads, ...tensors])
  return read
}

/* The words formulas are written in. */

export function dot (a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, k) => sum + x * b[k]!, 0)
}

export function softplus (x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

export function mean (values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, x) => sum + x, 0) / values.length
}

/** Every pair i < j of items that both have labels: their numbers and whether they share one. */
export function pairs (labels: Rows): { readonly i: number, readonly j: number, readonly alike: boolean }[] {
  return labels.flatMap((a, i) => labels.flatMap((b, j) =>
    i < j && a.includes(1) && b.includes(1) ? [{ i, j, alike: dot(a, b) > 0 }] : []))
}

/** Mean over items with labels of −Σ t log softmax, t = y / |y|. */
export function crossEntropy (logits: Rows, labels: Rows): number {
  return mean(logits.flatMap((z, i) => {
    const many = labels[i]!.reduce((sum, y) => sum + y, 0)
    if (many === 0) return []
    const most = Math.max(...z)
    const log = most + Math.log(z.reduce((sum, x) => sum + Math.exp(x - most), 0))
    return [-z.reduce((sum, x, j) => sum + labels[i]![j]! / many * (x - log), 0)]
  }))
}
