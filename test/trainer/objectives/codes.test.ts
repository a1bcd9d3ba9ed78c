import test from 'ava'
import { openBackend, tf } from '../../../encoder/tf.js'
import { hashCentres } from '../../../trainer/objectives/centres.js'
import { codeSimilarity } from '../../../trainer/objectives/code-similarity.js'
import { dpsh } from '../../../trainer/objectives/dpsh.js'
import { dsh } from '../../../trainer/objectives/dsh.js'
import { hashNet } from '../../../trainer/objectives/hashnet.js'
import { labelCosine } from '../../../trainer/objectives/label-cosine.js'

test.before(async () => { await openBackend({ only: 'javascript' }) })

const objectives = {
  dsh: (u: tf.Tensor2D, y: tf.Tensor2D) => dsh(u, y),
  dpsh: (u: tf.Tensor2D, y: tf.Tensor2D) => dpsh(u, y),
  hashNet: (u: tf.Tensor2D, y: tf.Tensor2D) => hashNet(tf.mul(9, u), y),
  codeSimilarity: (u: tf.Tensor2D, y: tf.Tensor2D) => codeSimilarity(tf.mul(9, u), y),
  labelCosine: (u: tf.Tensor2D, y: tf.Tensor2D) => labelCosine(tf.mul(99, u), y)
}
const equal = [[1, 1, -1, -1], [1, 1, -1, -1]]
const orthogonal = [[1, 1, -1, -1], [1, -1, 1, -1]]
const opposite = [[1, 1, -1, -1], [-1, -1, 1, 1]]

for (const [name, loss] of Object.entries(objectives)) {
  test(`${name}: wants the similar alike and others apart, and images scaled by their number cost the same`, t => {
    const cost = (codes: readonly (readonly number[])[], labels: readonly (readonly number[])[]): number =>
      tf.tidy(() => loss(tf.tensor2d(codes as number[][]), tf.tensor2d(labels as number[][])).dataSync<'float32'>()[0]!)
    const [alike, other] = [[[1, 0], [1, 0]], [[1, 0], [0, 1]]]
    t.true(cost(equal, alike) < cost(orthogonal, alike) && cost(orthogonal, alike) < cost(opposite, alike))
    t.true(cost(equal, other) > cost(orthogonal, other) && cost(orthogonal, other) >= cost(opposite, other))
    const twice = cost([...orthogonal, ...orthogonal.map(row => row.map(x => -x))], [[1, 0], [0, 1], [1, 0], [0, 1]])
    t.true(Number.isFinite(twice))
  })
}

test('dsh: its regulariser has a gradient: the sign of |u| − 1 away from it, not nothing', t => {
  const [gradient] = tf.tidy(() => [tf.grad(u => dsh(u as tf.Tensor2D, tf.tensor2d([[0, 0]])))(tf.tensor2d([[0.5, -0.5, 2, -2]])).dataSync()])
  t.deepEqual([...gradient!].map(x => Math.round(x * 100)), [-2, 2, 2, -2])
})

test('label cosine: two images half alike end half apart', t => {
  // cos = 1/√2·... of {a, b} and {b, c} is ½: the cheapest pair of codes under IDHN has half of its bits in common.
  const labels = tf.tensor2d([[1, 1, 0], [0, 1, 1]])
  const costs = Array.from({ length: 9 }, (_, differing) => tf.tidy(() => {
    const second = Array.from({ length: 8 }, (_, k) => k < differing ? -1e4 : 1e4)
    return labelCosine(tf.tensor2d([Array(8).fill(1e4) as number[], second]), labels).dataSync<'float32'>()[0]!
  }))
  t.is(costs.indexOf(Math.min(...costs)), 4)
})

test('centres: rows of ±1 far apart, the same for the same seed, and too many are refused', t => {
  for (const [classes, bits] of [[10, 64], [64, 32], [7, 48], [100, 64]] as const) {
    const rows = hashCentres(classes, bits, 1)
    t.deepEqual(rows, hashCentres(classes, bits, 1))
    t.true(rows.every(x => x === 1 || x === -1))
    for (let a = 0; a < classes; a++) {
      for (let b = 0; b < a; b++) {
        let differing = 0
        for (let k = 0; k < bits; k++) if (rows[a * bits + k] !== rows[b * bits + k]) differing++
        t.true(differing >= bits / 4, `${a}, ${b} of ${classes} × ${bits}`)
      }
    }
  }
  t.is(hashCentres(10, 64, 1).subarray(0, 64).reduce((sum, x) => sum + x, 0), 0, 'the row that is all +1 is not the first')
  t.throws(() => hashCentres(3000, 16, 1), { instanceOf: RangeError })
})
