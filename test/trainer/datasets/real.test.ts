import { createHash } from 'node:crypto'
import { join } from 'node:path'
import test from 'ava'
import { CIFAR10_NAMES, cifar10 } from '../../../trainer/datasets/cifar10.js'
import { corel5k } from '../../../trainer/datasets/corel5k.js'
import { pixelsAt } from '../../../trainer/datasets/dataset.js'
import { labelVectors } from '../../../trainer/datasets/label-vectors.js'
import { HammingbirdError } from '../../../errors.js'
import { classesOf, labelsOf, mostLabels } from '../../../trainer/labels.js'
import { evaluationData, missing } from '../../fixtures/evaluation-data.js'

const NOT_FOUND = { instanceOf: HammingbirdError, code: 'HAMMINGBIRD_NOT_FOUND' }

test('cifar10: the packed form gives the very pixels, by their checksum, and the labels', async t => {
  if (missing(t, 'cifar10')) return
  const { train, test } = await cifar10(join(evaluationData, 'cifar10'), 1)
  t.is(createHash('sha256').update(train.pixels).digest('hex'), 'fc115a3de050d667b88cbd5b0b9612ebf996c54230fe7758f3a14bb5af9a1c27')
  const perClass = CIFAR10_NAMES.map((_, c) => classesOf(train.labels).filter(own => own === c).length)
  t.deepEqual(perClass, [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981])
  t.is(test.count, 500)
  const two = pixelsAt(train, [9999, 0])
  t.deepEqual([...classesOf(two.labels)], [classesOf(train.labels)[9999], classesOf(train.labels)[0]])
  t.true(Buffer.from(two.pixels.subarray(3072)).equals(Buffer.from(train.pixels.subarray(0, 3072))))
})

test('corel5k: both parts, each image with one to five words', async t => {
  if (missing(t, 'corel5k')) return
  const { train, test } = await corel5k(join(evaluationData, 'corel5k'), 'images')
  t.deepEqual([train.files.length, test.files.length, train.names.length], [4200, 299, 374])
  t.is(train.files[0], join('images', '1000.jpeg'))
  t.deepEqual(labelsOf(train.labels, 0).map(label => train.names[label]), ['city', 'mountain', 'sky', 'sun'])
  t.is(mostLabels(train.labels), 5)
})

test('label vectors: NUS-WIDE as deep-hash code passes it on', async t => {
  if (missing(t, 'labels')) return
  const list = await labelVectors(join(evaluationData, 'labels/nuswide_21.test.txt.gz'))
  t.deepEqual([list.files.length, list.names.length], [2100, 21])
  const mean = list.files.reduce((sum, _, i) => sum + labelsOf(list.labels, i).length, 0) / 2100
  t.is(mean.toFixed(2), '3.32')
})

test('datasets: a directory without them says what was looked for', async t => {
  await t.throwsAsync(cifar10('test'), { ...NOT_FOUND, message: /data_batch_1/ })
  await t.throwsAsync(corel5k('test', 'images'), NOT_FOUND)
})
