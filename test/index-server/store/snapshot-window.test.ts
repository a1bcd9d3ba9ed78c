import test from 'ava'
import { codeOf } from '../../../errors.js'
import { SnapshotWindow } from '../../../index-server/store/snapshot-window.js'

const record = { id: 'a', partition: 0, itemOffset: 0, code: Uint8Array.of(0, 0), detail: undefined }

test('snapshot window: knows moments for as long as it says, and what was removed since them', t => {
  let nowMs = 0
  const window = new SnapshotWindow(10, 10, { keepMs: 100, now: () => nowMs })
  window.announce([{ ordinal: 4, record }])
  window.advance(10, 9) // sequence 1
  nowMs = 50
  window.announce([{ ordinal: 5, record }])
  window.advance(12, 10) // sequence 2
  t.deepEqual(ordinals(window, 0), [4, 5])
  t.deepEqual(ordinals(window, 1), [5])
  nowMs = 149
  window.advance(13, 11)
  t.deepEqual(ordinals(window, 1), [5], 'moment 1 was the newest one until 50, so it is 99 old')
  t.is(codeOf(t.throws(() => window.pin(0))), 'HAMMINGBIRD_PAGE_EXPIRED')
  t.is(window.removalOf(4), undefined)
  nowMs = 150
  window.advance(14, 12)
  t.is(codeOf(t.throws(() => window.pin(1))), 'HAMMINGBIRD_PAGE_EXPIRED')
  t.is(codeOf(t.throws(() => window.pin(5))), 'HAMMINGBIRD_PAGE_EXPIRED', 'a moment to come')
})

test('snapshot window: a moment that is pinned stays, and those behind it', t => {
  let nowMs = 0
  const window = new SnapshotWindow(10, 10, { keepMs: 100, now: () => nowMs })
  const pinned = window.pin()
  const twice = window.pin()
  window.announce([{ ordinal: 4, record }])
  window.advance(10, 9)
  nowMs = 1000
  window.advance(10, 9)
  t.deepEqual(window.removedFrom(pinned).map(({ ordinal }) => ordinal), [4])
  window.release(pinned)
  window.advance(10, 9)
  t.deepEqual(window.removedFrom(twice).map(({ ordinal }) => ordinal), [4])
  window.release(twice)
  window.advance(10, 9)
  t.is(window.removalOf(4), undefined)
})

test('snapshot window: too many removals take the oldest moments with them', t => {
  const window = new SnapshotWindow(10, 10, { keepRemovals: 2, now: () => 0 })
  for (let ordinal = 0; ordinal < 4; ordinal++) {
    window.announce([{ ordinal, record }])
    window.advance(10, 9 - ordinal)
  }
  t.is(codeOf(t.throws(() => window.pin(1))), 'HAMMINGBIRD_PAGE_EXPIRED')
  t.deepEqual(ordinals(window, 2), [2, 3])
  t.deepEqual([0, 1, 2, 3].map(ordinal => window.removalOf(ordinal) !== undefined), [false, false, true, true])
})

test('snapshot window: what was announced is known at once, and taken back when the write failed', t => {
  const window = new SnapshotWindow(10, 10)
  window.announce([{ ordinal: 4, record }, { ordinal: 12, record }])
  t.deepEqual(ordinals(window, 0), [4], 'the snapshot never had ordinal 12')
  window.retract()
  t.deepEqual(ordinals(window, 0), [])
  t.is(window.removalOf(4), undefined)
})

function ordinals (window: SnapshotWindow, sequence: number): number[] {
  const snapshot = window.pin(sequence)
  window.release(snapshot)
  return window.removedFrom(snapshot).map(({ ordinal }) => ordinal)
}
