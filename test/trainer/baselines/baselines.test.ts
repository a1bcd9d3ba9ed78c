import test from 'ava'
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { codesOfOutputs } from '../../../evaluation/code-set.js'
import { retrieval } from '../../../evaluation/retrieval.js'
import type { Features, Hash } from '../../../trainer/baselines/features.js'
import { itq } from '../../../trainer/baselines/itq.js'
import { ksh } from '../../../trainer/baselines/ksh.js'
import { topEigenvector } from '../../../trainer/baselines/linear.js'
import { lsh } from '../../../trainer/baselines/lsh.js'
import { sdh } from '../../../trainer/baselines/sdh.js'
import { spectral } from '../../../trainer/baselines/spectral.js'
import { labelsOfClasses } from '../../../trainer/labels.js'
import { Random } from '../../../trainer/random.js'

const BITS = 16

function normal (count: number, dims: number, seed: number, spread: (dim: number) => number = () => 1): Features {
  const random = new Random(seed)
  return { count, dims, values: Float64Array.from({ length: count * dims }, (_, at) => spread(at % dims) * random.normal()) }
}

/** Three rings in the plane, one inside the other, among dimensions of noise: no line parts them, and labels are needed. */
function rings (count: number, seed: number) {
  const random = new Random(seed)
  const classes = Array.from({ length: count }, () => random.below(3))
  const values = classes.flatMap(c => {
    const [angle, radius] = [2 * Math.PI * random.next(), 1 + 1.5 * c + 0.15 * random.normal()]
    return [radius * Math.cos(angle), radius * Math.sin(angle), ...Array.from({ length: 16 }, () => 0.3 * random.normal())]
  })
  return { features: { count, dims: 18, values: Float64Array.from(values) }, labels: labelsOfClasses(classes, 3) }
}

function meanAp (hash: Hash): number {
  const [queries, database] = [rings(60, 91), rings(400, 92)]
  const of = ({ features, labels }: typeof queries) => ({ codes: codesOfOutputs(hash.outputs(features), BITS), labels })
  return retrieval(of(queries), of(database)).mAP.mean
}

test('lsh: two items differ in a bit as often as their angle says', t => {
  const bits = 8000
  const hash = lsh({ count: 2, dims: 2, values: Float64Array.of(1, 0, -1, 0) }, bits, 1) // their mean is 0
  for (const angle of [0.3, 1, 2]) {
    const outputs = hash.outputs({ count: 2, dims: 2, values: Float64Array.of(1, 0, Math.cos(angle), Math.sin(angle)) })
    let differing = 0
    for (let b = 0; b < bits; b++) if (outputs[b]! > 0 !== outputs[bits + b]! > 0) differing++
    t.true(Math.abs(differing / bits - angle / Math.PI) < 0.025, `${differing / bits} at ${angle}`)
  }
})

test('lsh: what is fitted is the mean, so bits are balanced wherever the data lies', t => {
  const data = normal(2000, 8, 2)
  const far = { ...data, values: data.values.map(value => value + 100) }
  const outputs = lsh(far, BITS, 3).outputs(far)
  for (let b = 0; b < BITS; b++) {
    const on = Array.from({ length: 2000 }, (_, i) => outputs[i * BITS + b]!).filter(value => value > 0).length / 2000
    t.true(Math.abs(on - 0.5) < 0.05)
  }
})

test('itq: loses less with every turn, and its rotation is one', t => {
  const { losses, rotation } = itq(normal(500, 24, 4, d => 3 / (1 + d)), BITS, 5)
  t.is(losses.length, 51)
  for (const [turn, loss] of losses.slice(1).entries()) t.true(loss <= losses[turn]! + 1e-9, `turn ${turn}`)
  t.true(losses.at(-1)! < 0.9 * losses[0]!)
  const unit = rotation.transpose().mmul(rotation)
  for (let i = 0; i < BITS; i++) for (let j = 0; j < BITS; j++) t.true(Math.abs(unit.get(i, j) - (i === j ? 1 : 0)) < 1e-9)
})

test('itq: finds the corners of a rotated cube', t => {
  const random = new Random(6)
  const corners = Float64Array.from({ length: 600 * 4 }, () => (random.next() < 0.5 ? -1 : 1) + 0.05 * random.normal())
  const rotation = itq(normal(50, 4, 7), 4, 8).rotation
  const turned = Float64Array.from({ length: 2400 }, (_, at) => [0, 1, 2, 3].reduce((sum, d) => sum + corners[at - at % 4 + d]! * rotation.get(d, at % 4), 0))
  // From a random start it may end in a local minimum; from five, one finds it.
  const best = Math.min(...[1, 2, 3, 4, 5].map(seed => itq({ count: 600, dims: 4, values: turned }, 4, seed).losses.at(-1)!))
  t.true(best < 0.05, String(best))
})

test('itq: needs as many dimensions as bits', t => {
  t.throws(() => itq(normal(50, 8, 1), 16, 1), { instanceOf: RangeError })
})

test('spectral: bits are the slowest sines, of the longest side first', t => {
  const random = new Random(9)
  const box = { count: 4000, dims: 2, values: Float64Array.from({ length: 8000 }, (_, at) => (at % 2 === 0 ? 3.5 : 1) * random.next()) }
  const { modes } = spectral(box, 5)
  t.deepEqual(modes, [[0, 1], [0, 2], [0, 3], [1, 1], [0, 4]].map(([component, halfWaves]) => ({ component: component!, halfWaves: halfWaves! })))
})

test('spectral: the first bit parts the longest side in its middle, the second in quarters, and outside is the border', t => {
  const line = { count: 101, dims: 1, values: Float64Array.from({ length: 101 }, (_, i) => i / 100) }
  const hash = spectral(line, 2)
  const bitsAt = (x: number): string => [...hash.outputs({ count: 1, dims: 1, values: Float64Array.of(x) })].map(value => value > 0 ? '1' : '0').join('')
  const ways = [0.1, 0.4, 0.6, 0.9].map(bitsAt)
  t.true([['11', '10', '00', '01'], ['01', '00', '10', '11']].some(expected => expected.join() === ways.join()), ways.join())
  t.is(bitsAt(-5), bitsAt(0))
  t.is(bitsAt(7), bitsAt(1))
})

test('sdh: its objective never rises', t => {
  const { features, labels } = rings(300, 10)
  const { objectives } = sdh(features, labels, BITS, 11, { anchors: 100 })
  t.is(objectives.length, 6)
  for (const [round, value] of objectives.slice(1).entries()) t.true(value <= objectives[round]! * (1 + 1e-9), `round ${round}`)
  t.true(objectives.at(-1)! < objectives[0]!)
})

test('ksh, sdh: labels part what no line parts, far above the unsupervised', t => {
  const { features, labels } = rings(500, 12)
  const blind = Math.max(meanAp(lsh(features, BITS, 1)), meanAp(itq(features, BITS, 1)), meanAp(spectral(features, BITS)))
  t.true(blind < 0.7, `without labels ${blind}`)
  for (const [name, hash] of [['ksh', ksh(features, labels, BITS, 1, { anchors: 120 })], ['sdh', sdh(features, labels, BITS, 1, { anchors: 200 })]] as const) {
    const map = meanAp(hash)
    t.true(map > 0.9, `${name} ${map}, without labels ${blind}`)
  }
})

test('ksh: products of its codes come nearer to the similarity of labels with every bit', t => {
  const { features, labels } = rings(200, 13)
  const outputs = ksh(features, labels, BITS, 1, { anchors: 80 }).outputs(features)
  const classes = Array.from({ length: 200 }, (_, i) => labels.words[i])
  const misfit = (bits: number): number => {
    let sum = 0
    for (let i = 0; i < 200; i++) {
      for (let j = 0; j < 200; j++) {
        let product = 0
        for (let b = 0; b < bits; b++) product += Math.sign(outputs[i * BITS + b]!) * Math.sign(outputs[j * BITS + b]!)
        sum += (BITS * (classes[i] === classes[j] ? 1 : -1) - product) ** 2
      }
    }
    return sum
  }
  for (let bits = 1; bits <= BITS; bits++) t.true(misfit(bits) < misfit(bits - 1), `bit ${bits}`)
})

test('baselines: the same seed gives the same outputs, and other widths are refused', t => {
  const { features, labels } = rings(120, 14)
  const fits: readonly (() => Hash)[] = [() => lsh(features, BITS, 3), () => itq(features, BITS, 3), () => spectral(features, BITS),
    () => ksh(features, labels, BITS, 3, { anchors: 40 }), () => sdh(features, labels, BITS, 3, { anchors: 40 })]
  for (const fit of fits) {
    t.deepEqual(fit().outputs(features), fit().outputs(features))
    t.throws(() => fit().outputs(normal(2, 5, 1)), { instanceOf: RangeError })
  }
})

test('top eigenvector: is that of the whole decomposition, where the largest eigenvalue is not the largest in size too', t => {
  const random = new Random(15)
  const drawn = new Matrix(Array.from({ length: 90 }, () => Array.from({ length: 90 }, () => random.normal())))
  for (const matrix of [drawn.clone().add(drawn.transpose()), drawn.mmul(drawn.transpose()).sub(Matrix.eye(90).mul(500)), Matrix.eye(5)]) {
    const { realEigenvalues } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true })
    const top = Matrix.columnVector(topEigenvector(matrix, random))
    t.true(Math.abs(top.transpose().mmul(matrix).mmul(top).get(0, 0) - Math.max(...realEigenvalues)) < 1e-3)
  }
})
