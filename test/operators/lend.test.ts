import test from 'ava'
import fc from 'fast-check'
import type { Envelope } from '../../operators/envelope.js'
import { lend } from '../../operators/lend.js'

/** Messages 0, 1, 2 … of `weight` bytes each, as many as are asked for at a time. */
function counting (weight: number) {
  let next = 0
  const asked: { records: number, bytes: number }[] = []
  return {
    asked,
    weigh: () => weight,
    poll: async (limits: { records: number, bytes: number }) => {
      asked.push(limits)
      const count = Math.max(1, Math.min(limits.records, Math.floor(limits.bytes / weight)))
      return { records: Array.from({ length: count }, () => next++) }
    }
  }
}

test('lend: whatever is settled in whatever order, never more than the bound is lent, and all come in order', async t => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(1000), { maxLength: 60 }),
    async (records, bytes, choices) => {
      const lent: Envelope<number>[] = []
      const seen: number[] = []
      const subscription = lend({ ...counting(3), records, bytes }).subscribe(envelope => {
        seen.push(envelope.value)
        lent.push(envelope)
      })
      for (const choice of choices) {
        await turn()
        t.true(lent.length <= records, 'records')
        t.true(lent.length * 3 < bytes + 3, 'bytes, but for one message')
        t.true(lent.length >= 1, 'something is always lent')
        lent.splice(choice % lent.length, 1)[0]!.settle()
      }
      subscription.unsubscribe()
      t.deepEqual(seen, seen.map((_, i) => i))
    }
  ), { numRuns: 50 })
})

test('lend: nothing is polled while the bound is reached', async t => {
  const source = counting(1)
  const lent: Envelope<number>[] = []
  const subscription = lend({ ...source, records: 4, bytes: 100 }).subscribe(envelope => lent.push(envelope))
  await turn()
  t.is(source.asked.length, 1)
  lent[2]!.settle()
  await turn()
  t.is(source.asked.length, 2)
  t.is(lent.length, 5)
  subscription.unsubscribe()
})

test('lend: a message settled twice is a fault, told to who did it', async t => {
  let first: Envelope<number> | undefined
  const subscription = lend({ ...counting(1), records: 1, bytes: 1 }).subscribe(envelope => { first ??= envelope })
  await turn()
  first!.settle()
  t.throws(() => { first!.settle() }, { instanceOf: TypeError })
  subscription.unsubscribe()
})

test('lend: draining lends nothing more, and completes with the last message settled', async t => {
  const drain = new AbortController()
  const lent: Envelope<number>[] = []
  let completed = false
  lend({ ...counting(1), records: 3, bytes: 9, drain: drain.signal }).subscribe({ next: envelope => lent.push(envelope), complete: () => { completed = true } })
  await turn()
  drain.abort()
  for (const envelope of lent) {
    t.false(completed)
    envelope.settle()
  }
  t.true(completed)
  t.is(lent.length, 3)
})

test('lend: draining with nothing lent completes at once, and what a poll then brings is left for another time', async t => {
  const drain = new AbortController()
  let release!: (polled: { records: number[] }) => void
  const seen: number[] = []
  let completed = false
  lend({ weigh: () => 1, records: 3, bytes: 9, drain: drain.signal, poll: () => new Promise<{ records: number[] }>(resolve => { release = resolve }) })
    .subscribe({ next: ({ value }) => seen.push(value), complete: () => { completed = true } })
  drain.abort()
  t.true(completed)
  release({ records: [1] })
  await turn()
  t.deepEqual(seen, [])
})

test('lend: fails with the poll', async t => {
  const broken = new Error('broken')
  const failed = await new Promise(resolve => lend({ weigh: () => 1, records: 1, bytes: 1, poll: async () => { throw broken } }).subscribe({ error: resolve }))
  t.is(failed, broken)
})

test('lend: after unsubscribing nothing is polled', async t => {
  const source = counting(1)
  const lent: Envelope<number>[] = []
  lend({ ...source, records: 2, bytes: 9 }).subscribe(envelope => lent.push(envelope)).unsubscribe()
  await turn()
  t.is(source.asked.length, 1)
  t.deepEqual(lent, [])
})

function turn (): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
