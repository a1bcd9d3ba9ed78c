import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { binaryPart, picklePart } from '../../../trainer/datasets/cifar10.js'
import { readMatFile } from '../../../trainer/datasets/mat-file.js'
import { readPickle } from '../../../trainer/datasets/pickle.js'
import { svhn } from '../../../trainer/datasets/svhn.js'
import { HammingbirdError } from '../../../errors.js'
import { classesOf } from '../../../trainer/labels.js'

const fixture = (name: string): string => join('test/trainer/datasets/fixtures', name)
const FORMAT = { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_FORMAT' }
const LABELS = [9, 0, 3]

/** Value of pixel p, channel c of picture i, as formats.py has it. */
const value = (i: number, c: number, p: number): number => {
  const j = c * 1024 + p
  return (i * 131 + j * 7 + Math.floor(j / 1024) * 50) % 256
}
const expected = Uint8Array.from({ length: 3 * 3072 }, (_, at) => value(Math.floor(at / 3072), at % 3, Math.floor(at / 3) % 1024))

for (const name of ['cifar_batch_py2', 'cifar_batch_py3']) {
  test(`cifar10: ${name} gives its labels and its pixels, channels last`, async t => {
    const { classes, pixels } = picklePart(await readFile(fixture(name)))
    t.deepEqual([...classes], LABELS)
    t.true(Buffer.from(pixels).equals(expected))
  })
}

test('cifar10: the binary form gives the same', t => {
  const bytes = Buffer.concat(LABELS.map((label, i) =>
    Buffer.from([label, ...Array.from({ length: 3072 }, (_, j) => value(i, Math.floor(j / 1024), j % 1024))])))
  const { classes, pixels } = binaryPart(bytes)
  t.deepEqual([...classes], LABELS)
  t.true(Buffer.from(pixels).equals(expected))
  t.throws(() => binaryPart(bytes.subarray(1)), FORMAT)
  t.throws(() => binaryPart(Buffer.alloc(0)), FORMAT)
})

for (const name of ['svhn_compressed.mat', 'svhn_plain.mat']) {
  test(`svhn: ${name} gives upright pictures, and 10 is the digit 0`, async t => {
    const { width, height, count, pixels, labels, names } = await svhn(fixture(name))
    t.deepEqual({ width, height, count, label: [...classesOf(labels)] }, { width: 32, height: 32, count: 3, label: LABELS })
    t.true(Buffer.from(pixels).equals(expected))
    t.is(names[0], '0')
  })
}

test('a .mat file: arrays have their dimensions, and what holds no numbers is passed over', async t => {
  const arrays = readMatFile(await readFile(fixture('svhn_plain.mat')))
  t.deepEqual([...arrays.keys()].sort(), ['X', 'y'])
  t.deepEqual(arrays.get('X')!.dims, [32, 32, 3, 3])
  t.deepEqual([...arrays.get('y')!.data], [9, 10, 3])
})

test('a .mat file: another level or byte order is refused, and so is one that is cut', async t => {
  const whole = await readFile(fixture('svhn_compressed.mat'))
  const level73 = Buffer.from(whole)
  level73.write('MATLAB 7.3', 0, 'latin1')
  t.throws(() => readMatFile(level73), FORMAT)
  const big = Buffer.from(whole)
  big.write('MI', 126, 'latin1')
  t.throws(() => readMatFile(big), FORMAT)
  t.throws(() => readMatFile(whole.subarray(0, whole.length - 9)), FORMAT)
})

test('a pickle: what would call something is refused, and calls nothing', async t => {
  t.throws(() => readPickle(Buffer.from('\x80\x02cos\nsystem\nU\x04true\x85R.', 'latin1')), { ...FORMAT, message: /os\.system/ })
})

test('a pickle: damage of any kind is refused as such, and never hangs', async t => {
  const whole = await readFile(fixture('cifar_batch_py2'))
  for (const length of [0, 1, 5, 40, 100, whole.length - 1]) t.throws(() => readPickle(whole.subarray(0, length)), FORMAT)
  fc.assert(fc.property(fc.nat(200), fc.nat(255), (at, byte) => {
    const damaged = Buffer.from(whole)
    damaged[at] = byte
    try {
      readPickle(damaged)
    } catch (err) {
      t.true(err instanceof HammingbirdError, String(err))
    }
  }))
})
