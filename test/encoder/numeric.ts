import { openBackend, tf, type Backend } from '../../encoder/tf.js'

interface Assertions {
  true (actual: boolean, message?: string): void
  deepEqual (actual: unknown, expected: unknown, message?: string): void
}

/** The fastest backend whose gradients are right: native where it is set up, else plain JavaScript, for tiny tensors. */
export async function openTraining (): Promise<Backend> {
  const fastest = await openBackend()
  return fastest.trains ? fastest : openBackend({ only: 'javascript' })
}

/** The same tensor on every backend: normal numbers from a stream of their own. */
export function normal (shape: readonly number[], seed = 1): tf.Tensor {
  let state = seed
  const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  const length = shape.reduce((product, side) => product * side, 1)
  return tf.tensor(Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(2 * Math.PI * uniform())), [...shape])
}

/** Whether two tensors are equal, but for `tolerance` of the largest number expected. */
export async function close (t: Assertions, actual: tf.Tensor, expected: tf.Tensor, tolerance = 2e-5): Promise<void> {
  t.deepEqual(actual.shape, expected.shape)
  const [a, e] = [await actual.data<'float32'>(), await expected.data<'float32'>()]
  const scale = e.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6)
  let worst = 0
  for (let i = 0; i < e.length; i++) worst = Math.max(worst, Number.isNaN(a[i]!) ? Infinity : Math.abs(a[i]! - e[i]!) / scale)
  t.true(worst <= tolerance, `differs by ${worst} of the largest`)
}

/**
 * Holds the gradients of a weighted sum of f's outputs to central differences, at a few places of each variable.
 * float32 has seven digits: the step and the tolerance are what is left of them.
 */
export async function gradientsHold (t: Assertions, f: () => tf.Tensor, variables: tf.Variable[]): Promise<void> {
  const weights = normal(f().shape, 99)
  const loss = (): tf.Scalar => tf.sum(tf.mul(f(), weights))
  const { grads } = tf.variableGrads(loss, variables)
  for (const variable of variables) {
    const gradient = await grads[variable.name]!.data<'float32'>()
    const values = await variable.data<'float32'>()
    const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2)
    for (let place = 0; place < 8; place++) {
      const at = Math.floor((place + 0.5) * values.length / 8)
      const difference = async (step: number): Promise<number> => {
        const lossAt = async (by: number): Promise<number> => {
          const moved = values.slice()
          moved[at]! += by
          variable.assign(tf.tensor(moved, variable.shape))
          return (await loss().data())[0]!
        }
        return (await lossAt(step) - await lossAt(-step)) / (2 * step)
      }
      // A kink (of a ReLU, of a maximum) within the step spoils a difference: the smaller step must then do.
      const errors = [Math.abs(await difference(1e-2) - gradient[at]!), Math.abs(await difference(2e-3) - gradient[at]!)]
      t.true(Math.min(...errors) <= 1e-2 * scale, `${variable.name}[${at}]: ${gradient[at]} against differences, off by ${errors.join(' or ')} of ${scale}`)
    }
    variable.assign(tf.tensor(values, variable.shape))
  }
}
