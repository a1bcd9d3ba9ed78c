import test from 'ava'
import { heldOut, rankedOfClass } from '../../evaluation/protocols/protocol.js'
import { protocolOf, protocols } from '../../evaluation/protocols/protocols.js'
import { HammingbirdError } from '../../errors.js'
import { drawn } from '../../trainer/datasets/drawn.js'
import { classesOf, labelsOfClasses } from '../../trainer/labels.js'
import { evaluationData, missing } from '../fixtures/evaluation-data.js'

const set = { ...drawn(100, 1, 4), labels: labelsOfClasses(Array.from({ length: 100 }, (_, i) => i % 7 % 3), 3) }

test('held out: so many of each class, the same for the same seed, and nothing is in both', t => {
  const { held, rest } = heldOut(set, 5, 1)
  t.deepEqual([0, 1, 2].map(c => [...held].filter(i => classesOf(set.labels)[i] === c).length), [5, 5, 5])
  t.deepEqual([...held, ...rest].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i))
  t.deepEqual(heldOut(set, 5, 1).held, held)
  t.notDeepEqual(heldOut(set, 5, 2).held, held)
  t.throws(() => heldOut(set, 60, 1), { instanceOf: RangeError })
})

test('ranked of class: the first and the next of each, in order', t => {
  const classes = classesOf(set.labels)
  const [first, next] = [rankedOfClass(set, 0, 4), rankedOfClass(set, 4, 6)]
  for (const c of [0, 1, 2]) {
    const own = [...classes.keys()].filter(i => classes[i] === c)
    t.deepEqual([...first].filter(i => classes[i] === c), own.slice(0, 4))
    t.deepEqual([...next].filter(i => classes[i] === c), own.slice(4, 6))
  }
})

test('protocols: A has 1,000 of each class to search and 200 of each to ask, none in both', async t => {
  if (missing(t, 'cifar10')) return
  const { train, database, queries } = await protocolOf('A').load(evaluationData)
  t.is(train, database)
  const per = (labels: typeof queries.labels) => Array.from({ length: 10 }, (_, c) => classesOf(labels).filter(own => own === c).length)
  t.deepEqual(per(database.labels), Array(10).fill(1000))
  t.deepEqual(per(queries.labels), Array(10).fill(200))
  const key = (pixels: Uint8Array, i: number): string => Buffer.from(pixels.buffer, pixels.byteOffset + i * 3072, 3072).toString('latin1')
  const known = new Set(Array.from({ length: database.count }, (_, i) => key(database.pixels, i)))
  t.false(Array.from({ length: queries.count }, (_, i) => key(queries.pixels, i)).some(picture => known.has(picture)))
})

test('protocols: one that is not there is refused with those that are', t => {
  t.throws(() => protocolOf('X'), { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_INVALID', message: new RegExp([...protocols.keys()].join(', ')) })
})
