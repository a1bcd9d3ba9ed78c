import test from 'ava'
import { failingPart, isFilter, type ItemFilter } from '../../../index-server/search/filter.js'

const item = { labels: ['cat', 'indoor'], capturedAtMs: 1000, metadata: { iso: '400', place: 'Bonn', empty: '' } }

const cases: readonly (readonly [string, ItemFilter, string | undefined])[] = [
  ['nothing asked', {}, undefined],
  ['one of the labels', { anyLabels: ['dog', 'cat'] }, undefined],
  ['none of the labels', { anyLabels: ['dog', 'bird'] }, 'any_labels: it has none of dog, bird'],
  ['all labels', { allLabels: ['cat', 'indoor'] }, undefined],
  ['not all labels', { allLabels: ['cat', 'dog'] }, 'all_labels: it lacks dog'],
  ['no unwanted label', { noLabels: ['dog'] }, undefined],
  ['an unwanted label', { noLabels: ['dog', 'cat'] }, 'no_labels: it has cat'],
  ['captured from, the very moment', { capturedFromMs: 1000 }, undefined],
  ['captured before from', { capturedFromMs: 1001 }, 'captured_from: it was captured at 1970-01-01T00:00:01.000Z'],
  ['captured before', { capturedBeforeMs: 1001 }, undefined],
  ['captured before, the very moment', { capturedBeforeMs: 1000 }, 'captured_before: it was captured at 1970-01-01T00:00:01.000Z'],
  ['a field equals', { metadata: [{ field: 'place', equals: 'Bonn' }] }, undefined],
  ['a field does not equal', { metadata: [{ field: 'place', equals: 'bonn' }] }, 'metadata: place is "Bonn"'],
  ['a field is not there', { metadata: [{ field: 'lens' }] }, 'metadata: lens is not there'],
  ['a field of every object is not there', { metadata: [{ field: 'constructor' }] }, 'metadata: constructor is not there'],
  ['numbers compare as numbers', { metadata: [{ field: 'iso', atLeast: '50', below: '1e3' }] }, undefined],
  ['at least, the very number', { metadata: [{ field: 'iso', atLeast: '400.0' }] }, undefined],
  ['below, the very number', { metadata: [{ field: 'iso', below: '400' }] }, 'metadata: iso is "400"'],
  ['texts compare as texts', { metadata: [{ field: 'place', atLeast: 'Berlin', below: 'Cologne' }] }, undefined],
  ['a number and a text compare as texts', { metadata: [{ field: 'iso', atLeast: 'x' }] }, 'metadata: iso is "400"'],
  ['an empty text is no number', { metadata: [{ field: 'empty', below: '0' }] }, undefined],
  ['the first part that fails is named', { noLabels: ['cat'], capturedFromMs: 5000 }, 'no_labels: it has cat']
]

for (const [name, filter, expected] of cases) {
  test(`filter: ${name}`, t => {
    t.is(failingPart(filter, item), expected)
    t.is(isFilter(filter), name !== 'nothing asked')
  })
}

test('filter: an image without a time of capture is in no range', t => {
  const undated = { ...item, capturedAtMs: undefined }
  t.is(failingPart({ capturedFromMs: 0 }, undated), 'captured_from: it has no time of capture')
  t.is(failingPart({ capturedBeforeMs: 9e15 }, undated), 'captured_before: it has no time of capture')
})

test('filter: parts without content ask nothing', t => {
  t.false(isFilter(undefined))
  t.false(isFilter({ anyLabels: [], allLabels: [], noLabels: [], metadata: [] }))
})
