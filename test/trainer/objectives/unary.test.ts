import test from 'ava'
import { tf } from '../../../encoder/tf.js'
import { softmaxCrossEntropy } from '../../../trainer/objectives/classification.js'
import { cosineMargin } from '../../../trainer/objectives/cosine-margin.js'
import { csq, imageCentres } from '../../../trainer/objectives/csq.js'
import { greedyHash } from '../../../trainer/objectives/greedy-hash.js'
import { interrelated } from '../../../trainer/objectives/interrelated.js'
import { largeMargin } from '../../../trainer/objectives/large-margin.js'
import { combined, lostEntropy, separatedClasses, separatedCodes } from '../../../trainer/objectives/multitask.js'
import { BITS, CLASSES, crossEntropy, dot, mean, objectiveSuite, pairs, withGradients, type Rows } from '../../suites/objective.js'

const weighted = (n: number) => [[n, BITS], [CLASSES, BITS]] as const
const unit = (rows: Rows): number[][] => rows.map(row => row.map(x => x / Math.sqrt(dot(row, row))))
const tanh = (rows: Rows): number[][] => rows.map(row => row.map(Math.tanh))
const cross = (a: Rows, b: Rows): number[][] => a.map(x => b.map(y => dot(x, y)))
const transpose = (rows: Rows): number[][] => rows[0]!.map((_, j) => rows.map(row => row[j]!))

const dshFormula = (u: Rows, labels: Rows): number => mean(pairs(labels).map(({ i, j, alike }) => {
  const d = u[i]!.reduce((sum, x, k) => sum + (x - u[j]![k]!) ** 2, 0)
  return alike ? d / 2 : Math.max(0, 2 * BITS - d) / 2
})) + 0.02 * mean(u.map(row => row.reduce((sum, x) => sum + Math.abs(Math.abs(x) - 1), 0)))

const entropyFormula = (u: Rows): number => Math.LN2 + mean(transpose(u).map(column => {
  const q = mean(column.map(x => 1 / (1 + Math.exp(-2 * x))))
  return q * Math.log(q) + (1 - q) * Math.log(1 - q)
}))

test('softmax cross-entropy: smoothed, all classes share a part of the target', t => {
  const [z, y] = [[[1, -2, 0.5], [0, 3, 1]], [[1, 0, 0], [0, 0, 0]]]
  const log = z[0]!.map(x => x - Math.log(z[0]!.reduce((sum, x) => sum + Math.exp(x), 0)))
  const expected = -(0.7 * log[0]! + 0.3 * mean(log)) // the second has no label
  t.true(Math.abs(softmaxCrossEntropy(tf.tensor2d(z), tf.tensor2d(y), 0.3).dataSync<'float32'>()[0]! - expected) < 1e-5)
})

objectiveSuite('multitask, combined', {
  shapes: n => [[n, BITS], [n, CLASSES]],
  loss: ([u, z], labels) => combined(u!, z! as tf.Tensor2D, labels),
  formula: ([u, z], labels) => crossEntropy(z!, labels) + dshFormula(u!, labels) / BITS + 0.1 * entropyFormula(u!)
})

objectiveSuite('multitask, combined, several labels', {
  shapes: n => [[n, BITS], [n, CLASSES]],
  loss: ([u, z], labels) => combined(u!, z!, labels, { exclusive: false, contrast: 0.5, entropy: 0 }),
  formula: ([u, z], labels) =>
    mean(z!.flatMap((row, i) => row.map((x, j) => Math.log1p(Math.exp(x)) - labels[i]![j]! * x))) + 0.5 * dshFormula(u!, labels)
})

objectiveSuite('greedy hash', {
  shapes: n => [[n, BITS], [BITS, CLASSES]],
  loss: ([a, w], labels) => greedyHash(a!, w!, labels),
  formula: ([a, w], labels) => crossEntropy(cross(a!.map(row => row.map(x => x > 0 ? 1 : -1)), transpose(w!)), labels) +
    0.1 * mean(a!.flat().map(x => Math.abs(Math.abs(x) - 1) ** 3)),
  differentiable: false
})

objectiveSuite('interrelated', {
  shapes: weighted,
  loss: ([a, w], labels) => interrelated(a!, w!, labels, { quantization: 0.2 }),
  formula: ([a, w], labels) => {
    const u = tanh(a!)
    const z = cross(u, unit(w!)).map((row, i) => row.map((x, j) => {
      const t = 8 / Math.sqrt(BITS) * x
      return labels[i]![j] === 1 ? Math.min(t / 2, 2 * t) : t
    }))
    return crossEntropy(z, labels) + 0.2 * mean(u.flat().map(x => (Math.abs(x) - 1) ** 2))
  }
})

objectiveSuite('cosine margin', {
  shapes: weighted,
  loss: ([a, w], labels) => cosineMargin(a!, w!, labels),
  formula: ([a, w], labels) => crossEntropy(cross(unit(a!), unit(w!)).map((row, i) => row.map((c, j) => 8 * (c - 0.2 * labels[i]![j]!))), labels)
})

for (const multiple of [2, 3]) {
  objectiveSuite(`large margin, m = ${multiple}`, {
    shapes: weighted,
    loss: ([a, w], labels) => largeMargin(a!, w!, labels, multiple, 0.5),
    formula: ([a, w], labels) => {
      const u = tanh(a!)
      return crossEntropy(cross(u, w!).map((row, i) => row.map((plain, j) => {
        const length = Math.sqrt(dot(u[i]!, u[i]!) * dot(w![j]!, w![j]!))
        const angle = Math.acos(plain / length)
        const k = Math.floor(multiple * angle / Math.PI)
        const own = length * ((-1) ** k * Math.cos(multiple * angle) - 2 * k)
        return labels[i]![j] === 1 ? (0.5 * plain + own) / 1.5 : plain
      })), labels)
    }
  })
}

const centres = [[1, -1, 1, -1, 1, -1, 1, -1], [1, 1, -1, -1, 1, 1, -1, -1], [1, 1, 1, 1, -1, -1, -1, -1]]
const tie = [-1, 1, 1, -1, 1, -1, -1, 1]

objectiveSuite('csq', {
  shapes: n => [[n, BITS]],
  loss: ([a], labels) => csq(a!, imageCentres(labels, tf.tensor2d(centres), tf.tensor1d(tie)), 0.1),
  formula: ([a], labels) => {
    const u = tanh(a!)
    return mean(u.flatMap((row, i) => row.map((x, k) => {
      const sum = dot(labels[i]!, centres.map(centre => centre[k]!))
      const c = sum === 0 ? tie[k]! : Math.sign(sum)
      const p = (x + 1) / 2
      return -((c + 1) / 2 * Math.log(p) + (1 - c) / 2 * Math.log(1 - p))
    }))) + 0.1 * mean(u.flat().map(x => (Math.abs(x) - 1) ** 2))
  }
})

test('multitask: the two separate steps add up to the combined one, and neither touches what the other learns', t => {
  const labels = [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
  const inputs = [[[1, -2, 0.5, 1, 1, -1, 2, 0.1], [0.3, 1, -1, 1, -1, 2, 1, 1], [-1, -1, 2, 0.2, 1, 1, -0.4, 1]], [[1, 2, 0], [0, 1, 1], [2, 0, 1]]]
  const classes = withGradients(([z], y) => separatedClasses(z!, y), inputs.slice(1), labels)
  const codes = withGradients(([u], y) => separatedCodes(u!, y), inputs.slice(0, 1), labels)
  const both = withGradients(([u, z], y) => combined(u!, z!, y), inputs, labels)
  t.true(Math.abs(both.value - classes.value - codes.value) < 1e-6)
  t.deepEqual([...both.gradients[0]!], [...codes.gradients[0]!])
  t.deepEqual([...both.gradients[1]!], [...classes.gradients[0]!])
})

test('multitask: the lost entropy is 0 where bits are balanced and log 2 where none changes', t => {
  t.true(Math.abs(lostEntropy(tf.tensor2d([[9, -9], [-9, 9]])).dataSync()[0]!) < 1e-5)
  t.true(Math.abs(lostEntropy(tf.tensor2d([[9, -9], [9, -9]])).dataSync()[0]! - Math.LN2) < 1e-4)
})

test('greedy hash: the gradient of the bits goes to the outputs unchanged, beside that of the penalty', t => {
  const labels = [[1, 0, 0], [0, 0, 1]]
  const a = [[0.5, -2, 1.5, -0.25, 0.1, 3, -1.2, 0.9], [-0.5, 1.1, 0.3, 2, -0.7, 0.6, -3, 1.4]]
  const w = Array.from({ length: BITS }, (_, k) => Array.from({ length: CLASSES }, (_, c) => Math.sin(k * 3 + c)))
  const { gradients: [actual] } = withGradients(([a, w], y) => greedyHash(a!, w!, y), [a, w], labels)
  const classes = (bits: Rows): number => crossEntropy(cross(bits, transpose(w)), labels)
  const bits: Rows = a.map(row => row.map(x => x > 0 ? 1 : -1))
  for (const [i, row] of a.entries()) {
    for (const [k, x] of row.entries()) {
      const moved = (by: number): number => classes(bits.with(i, bits[i]!.with(k, bits[i]![k]! + by)))
      const through = (moved(1e-5) - moved(-1e-5)) / 2e-5
      const off = Math.abs(x) - 1
      const penalty = 0.1 * 3 * off ** 2 * Math.sign(off) * Math.sign(x) / (2 * BITS)
      t.true(Math.abs(actual![i * BITS + k]! - through - penalty) < 1e-5, `${i}, ${k}`)
    }
  }
})

test('interrelated: with λ = 1 it is plain softmax, and a larger λ is never easier', t => {
  const labels = [[1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 0, 0]]
  const draw = (rows: number, at: number): number[][] => Array.from({ length: rows }, (_, i) => Array.from({ length: BITS }, (_, k) => 2 * Math.sin(at + 7 * i + 3 * k)))
  const inputs = [draw(4, 1), draw(CLASSES, 2)]
  const value = (sensitivity: number): number => withGradients(([a, w], y) => interrelated(a!, w!, y, { sensitivity }), inputs, labels).value
  const plain = crossEntropy(cross(tanh(inputs[0]!), unit(inputs[1]!)).map(row => row.map(x => 8 / Math.sqrt(BITS) * x)), labels)
  t.true(Math.abs(value(1) - plain) < 1e-5)
  const rising = [1, 1.2, 1.5, 2, 3, 4].map(value)
  t.deepEqual(rising, rising.toSorted((a, b) => a - b))
})
