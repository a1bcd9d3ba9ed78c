import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import test from 'ava'
import { codeOf } from '../../errors.js'
import { fitItq, type FittedLayer } from '../../encoder/itq.js'
import { normal, principalComponents } from '../../encoder/principal-components.js'

/** Items of so many features that vary along few directions, the first the most. */
function features (count: number, dims: number, along: number): Float32Array {
  const [weights, mixing] = [normal(count * along, 3), normal(along * dims, 4)]
  return Float32Array.from({ length: count * dims }, (_, i) => {
    const [item, dim] = [Math.floor(i / dims), i % dims]
    let sum = dim
    for (let a = 0; a < along; a++) sum += weights[item * along + a]! * mixing[a * dims + dim]! * 4 / (1 + a)
    return sum
  })
}

function apply ({ kernel, bias }: FittedLayer, x: Float32Array): Float32Array {
  const [units, dims] = [bias.length, kernel.length / bias.length]
  return Float32Array.from({ length: x.length / dims * units }, (_, i) => {
    const [item, unit] = [Math.floor(i / units), i % units]
    let sum = bias[unit]!
    for (let d = 0; d < dims; d++) sum += x[item * dims + d]! * kernel[d * units + unit]!
    return sum
  })
}

test('itq: principal components are the eigenvectors of the covariance', t => {
  const [dims, k] = [30, 5]
  const x = features(400, dims, 12)
  const { mean, directions } = principalComponents(x, dims, k)
  const centred = new Matrix(Array.from({ length: 400 }, (_, i) => Array.from({ length: dims }, (_, d) => x[i * dims + d]! - mean[d]!)))
  const { realEigenvalues } = new EigenvalueDecomposition(centred.transpose().mmul(centred).div(400), { assumeSymmetric: true })
  const strongest = realEigenvalues.toSorted((a, b) => b - a).slice(0, k)
  const along = centred.mmul(Matrix.from1DArray(dims, k, directions))
  const covariance = along.transpose().mmul(along).div(400)
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) t.true(Math.abs(covariance.get(i, j) - (i === j ? strongest[i]! : 0)) < 1e-3 * strongest[0]!, `${i} ${j}`)
})

test('itq: every turn loses less, bits are balanced, and near items have near codes', t => {
  const [count, dims, bits] = [600, 40, 16]
  const x = features(count, dims, 24)
  const { hash, losses } = fitItq(x, dims, { bits })
  t.is(losses.length, 51)
  for (let turn = 1; turn < losses.length; turn++) t.true(losses[turn]! <= losses[turn - 1]! + 1e-9, `turn ${turn}`)
  t.true(losses.at(-1)! < losses[0]!)
  const outputs = apply(hash, x)
  const near = apply(hash, x.map((value, i) => value + 0.05 * normal(1, i)[0]!))
  let [ones, changed] = [0, 0]
  for (let i = 0; i < outputs.length; i++) {
    ones += outputs[i]! > 0 ? 1 : 0
    changed += outputs[i]! > 0 === near[i]! > 0 ? 0 : 1
  }
  t.true(Math.abs(ones / outputs.length - 0.5) < 0.1, `ones: ${ones / outputs.length}`)
  t.true(changed / outputs.length < 0.05, `changed: ${changed / outputs.length}`)
})

test('itq: the same features give the same layer, to the bit, and another seed another', t => {
  const x = features(100, 20, 10)
  t.deepEqual(fitItq(x, 20, { bits: 16, detail: 4 }), fitItq(x, 20, { bits: 16, detail: 4 }))
  t.notDeepEqual(fitItq(x, 20, { bits: 16 }).hash, fitItq(x, 20, { bits: 16, seed: 2 }).hash)
})

test('itq: detail keeps the distances of the features, within int8', t => {
  const [count, dims] = [200, 32]
  const x = features(count, dims, 6)
  const detail = apply(fitItq(x, dims, { bits: 16, detail: 8 }).detail!, x).map(Math.round)
  t.true(detail.filter(value => Math.abs(value) > 127).length <= detail.length / 500)
  t.true(detail.some(value => Math.abs(value) > 100))
  const distance = (values: Float32Array, width: number, a: number, b: number): number => {
    let sum = 0
    for (let i = 0; i < width; i++) sum += (values[a * width + i]! - values[b * width + i]!) ** 2
    return Math.sqrt(sum)
  }
  const ratios = Array.from({ length: 50 }, (_, i) => distance(detail, 8, i, i + 100) / distance(x, dims, i, i + 100))
  t.true(Math.max(...ratios) / Math.min(...ratios) < 1.15, `${Math.min(...ratios)} to ${Math.max(...ratios)}`)
})

test('itq: features that vary along fewer directions than there are bits still give a layer', t => {
  const { hash } = fitItq(features(100, 32, 3), 32, { bits: 24 })
  t.true(hash.kernel.every(Number.isFinite) && hash.bias.every(Number.isFinite))
  t.true(fitItq(new Float32Array(40 * 32).fill(1), 32, { bits: 24 }).hash.kernel.every(Number.isFinite))
})

test('itq: more bits than features, or fewer items than bits, is refused', t => {
  t.is(codeOf(t.throws(() => fitItq(features(100, 20, 5), 20, { bits: 24 }))), 'HAMMINGBIRD_INVALID')
  t.is(codeOf(t.throws(() => fitItq(features(10, 20, 5), 20, { bits: 16 }))), 'HAMMINGBIRD_INVALID')
  t.throws(() => fitItq(new Float32Array(21), 20, { bits: 16 }), { instanceOf: RangeError })
})
