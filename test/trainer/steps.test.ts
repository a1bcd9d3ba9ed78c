import test from 'ava'
import { tf } from '../../encoder/tf.js'
import { augmented } from '../../trainer/augment.js'
import { drawn } from '../../trainer/datasets/drawn.js'
import { formatProgress } from '../../trainer/progress.js'
import { Random } from '../../trainer/random.js'
import { cosine, growing, steps, triangle } from '../../trainer/schedule.js'
import { Sgd } from '../../trainer/sgd.js'
import { whitening } from '../../trainer/whitening.js'
import { openTraining } from '../encoder/numeric.js'

await openTraining()

test('sgd: is Nesterov with decoupled decay in plain loops; biases do not decay, and what is frozen stays', async t => {
  const sgd = new Sgd({ momentum: 0.8, decay: 0.01, rateOf: name => name === 'frozen.kernel' ? 0 : name === 'slow.kernel' ? 0.1 : 1 })
  const names = ['a.kernel', 'a.bias', 'slow.kernel', 'frozen.kernel']
  const variables = new Map(names.map(name => [name, tf.variable(tf.tensor1d([1, -2]))]))
  const plain = new Map(names.map(name => [name, { w: [1, -2], m: [0, 0] }]))
  const random = new Random(1)
  for (let step = 0; step < 5; step++) {
    const rate = 0.3 / (1 + step)
    const gradients = new Map(names.map(name => [name, [random.normal(), random.normal()]]))
    sgd.step(variables, new Map([...gradients].map(([name, g]) => [name, tf.tensor1d(g)])), rate)
    for (const [name, { w, m }] of plain) {
      const own = rate * (name === 'frozen.kernel' ? 0 : name === 'slow.kernel' ? 0.1 : 1)
      for (const [i, g] of gradients.get(name)!.entries()) {
        m[i] = 0.8 * m[i]! + g
        w[i] = w[i]! - own * (g + 0.8 * m[i]!) - (name.endsWith('.kernel') ? own * 0.01 * w[i]! : 0)
      }
    }
  }
  for (const [name, { w }] of plain) {
    for (const [i, value] of (await variables.get(name)!.data()).entries()) t.true(Math.abs(value - w[i]!) < 1e-5, name)
  }
  t.false(sgd.moves('frozen.kernel'))
})

test('sgd: goes on from what was read of it, and leaves no tensor behind', async t => {
  const run = async (restart: boolean): Promise<number[]> => {
    let sgd = new Sgd()
    const variables = new Map([['a.kernel', tf.tidy(() => tf.keep(tf.variable(tf.tensor1d([1, 2]))))]])
    for (let step = 0; step < 4; step++) {
      if (restart && step === 2) {
        const read = await sgd.read()
        sgd.dispose()
        sgd = new Sgd()
        sgd.restore(read)
      }
      const gradient = tf.tensor1d([step - 1, 1])
      sgd.step(variables, new Map([['a.kernel', gradient]]), 0.1)
      gradient.dispose()
    }
    const values = [...await variables.get('a.kernel')!.data()]
    sgd.dispose()
    tf.dispose([...variables.values()])
    return values
  }
  const before = tf.memory().numTensors
  t.deepEqual(await run(true), await run(false))
  t.is(tf.memory().numTensors, before)
})

test('schedules: peaks, ends and drops are where they are said to be', t => {
  const near = (actual: number, expected: number): void => { t.true(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`) }
  for (const [progress, expected] of [[0, 0.2], [0.1, 0.6], [0.2, 1], [0.6, 0.51], [1, 0.02]] as const) near(triangle()(progress), expected)
  for (const [progress, expected] of [[0, 0], [0.025, 0.5], [0.05, 1], [0.525, 0.5], [1, 0]] as const) near(cosine()(progress), expected)
  for (const [progress, expected] of [[0, 1], [0.5, 0.1], [0.74, 0.1], [0.75, 0.01]] as const) near(steps(0.5, 0.75)(progress), expected)
  for (const [progress, expected] of [[0, 0.6], [0.15, 0.6], [0.25, 0.7], [0.5, 0.8], [0.75, 0.9], [0.8, 1], [1, 1]] as const) near(growing(0.6, 0.8)(progress), expected)
})

test('augmentation: pictures are moved by whole pixels with a mirrored border, and mirrored half of the time', t => {
  const side = 4
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, at) => at)
  const set = { ...drawn(1, 1, side), pixels }
  const ways = new Map<string, number>()
  const into = new Uint8Array(pixels.length)
  for (let seed = 0; seed < 600; seed++) {
    augmented(set, [0], new Random(seed), { shift: 1 }, into)
    ways.set(into.join(), (ways.get(into.join()) ?? 0) + 1)
  }
  const reflect = (at: number): number => at < 0 ? 0 : at >= side ? side - 1 : at // one pixel over the border is the border again
  const expected = new Set([-1, 0, 1].flatMap(across => [-1, 0, 1].flatMap(down => [false, true].map(flip =>
    Uint8Array.from({ length: pixels.length }, (_, at) => {
      const [y, x, c] = [Math.floor(at / 3 / side), Math.floor(at / 3) % side, at % 3]
      const from = reflect(x + across)
      return pixels[3 * (reflect(y + down) * side + (flip ? side - 1 - from : from)) + c]!
    }).join()))))
  t.deepEqual([...ways.keys()].sort(), [...expected].sort())
  t.true(Math.max(...ways.values()) < 70, 'all 18 are about as likely')
})

test('augmentation: none leaves the picture as it is, and a square is painted inside it', t => {
  const set = drawn(3, 2)
  const into = new Uint8Array(2 * 3072)
  augmented(set, [2, 0], new Random(1), { flip: false, shift: 0 }, into)
  t.deepEqual(into, Uint8Array.from([...set.pixels.subarray(2 * 3072), ...set.pixels.subarray(0, 3072)]))
  for (let seed = 0; seed < 50; seed++) {
    augmented(set, [0, 1], new Random(seed), { flip: false, shift: 0, cutout: 6 }, into)
    const painted = Array.from({ length: 2048 }, (_, p) => [0, 1, 2].some(c => into[3 * p + c] !== set.pixels[3 * p + c])).filter(Boolean).length
    t.true(painted <= 72 && painted >= 2 * 4, String(painted))
  }
})

test('whitening: what comes out of the filters varies by 1 in every direction, and the last half is the opposite', t => {
  const set = drawn(40, 3)
  const normalise = (pixels: Uint8Array): tf.Tensor4D => tf.tensor4d(Float32Array.from(pixels, x => (x - 128) / 64), [pixels.length / 3072, 32, 32, 3])
  const { shape, data } = whitening(set, normalise).get('stem.kernel')!
  t.deepEqual(shape, [2, 2, 3, 24])
  const rows = tf.tidy(() => tf.reshape(tf.conv2d(normalise(set.pixels), tf.tensor4d(data as Float32Array, [2, 2, 3, 24]), 1, 'valid'), [-1, 24]).arraySync() as number[][])
  for (let a = 0; a < 12; a++) {
    t.true(rows.every(row => Math.abs(row[a]! + row[a + 12]!) < 1e-4))
    for (let b = 0; b <= a; b++) {
      const product = rows.reduce((sum, row) => sum + row[a]! * row[b]!, 0) / rows.length
      t.true(a === b ? product > 0.4 && product < 1.02 : Math.abs(product) < 0.02, `${a}, ${b}: ${product}`)
    }
  }
})

test('progress: says the epoch, the step, the loss, the rate and the time left', t => {
  t.is(formatProgress('multitask', { step: 421, steps: 2112, epochs: 12, loss: 0.53211, picturesPerSecond: 1432.4, leftMs: 725_000 }),
    'multitask [====>                   ] epoch 3/12 step 421/2112 loss 0.5321 1432 pictures/s 12 min 5 s left')
  t.is(formatProgress('x', { step: 4, steps: 4, epochs: 2, loss: 1, picturesPerSecond: 9, leftMs: 0 }),
    'x [========================] epoch 2/2 step 4/4 loss 1.000 9 pictures/s 0 s left')
})
