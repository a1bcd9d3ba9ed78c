import test from 'ava'
import fc from 'fast-check'
import { Subject, firstValueFrom, from, lastValueFrom, throwError, toArray } from 'rxjs'
import { inBatches } from '../../operators/in-batches.js'

test('in-batches: any batch size, concurrency and finishing order gives the results in order of the items', async t => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.nat(20)), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }),
    async (items, size, atOnce) => {
      let working = 0
      let most = 0
      const results = await lastValueFrom(from(items).pipe(inBatches({ size, atOnce }, async batch => {
        t.true(batch.length >= 1 && batch.length <= size)
        most = Math.max(most, ++working)
        for (let turns = batch[0]!; turns > 0; turns--) await undefined // later batches overtake
        working--
        return batch.map(item => item * 2)
      }), toArray()))
      t.deepEqual(results, items.map(item => item * 2))
      t.true(most <= atOnce)
    }
  ))
})

test('in-batches: a batch is what gathered while the former was under way', async t => {
  const items = new Subject<number>()
  const batches: number[][] = []
  const releases: (() => void)[] = []
  const done = lastValueFrom(items.pipe(inBatches({ size: 10, atOnce: 1 }, batch => {
    batches.push([...batch])
    return new Promise<readonly number[]>(resolve => releases.push(() => { resolve(batch) }))
  }), toArray()))
  items.next(1)
  await turn()
  items.next(2)
  items.next(3)
  await turn()
  t.deepEqual(batches, [[1]])
  releases[0]!()
  await turn()
  t.deepEqual(batches, [[1], [2, 3]])
  items.complete()
  releases[1]!()
  t.deepEqual(await done, [1, 2, 3])
})

test('in-batches: a batch holds at most so many bytes, and one item always fits', async t => {
  const batches: number[][] = []
  await lastValueFrom(from([5, 5, 20, 1, 1, 9]).pipe(inBatches({ size: 9, atOnce: 1, weigh: n => n, bytes: 10 }, async batch => {
    batches.push([...batch])
    return batch
  }), toArray()))
  t.deepEqual(batches, [[5, 5], [20], [1, 1], [9]])
})

test('in-batches: an empty stream completes empty', async t => {
  t.deepEqual(await lastValueFrom(from([]).pipe(inBatches({ size: 2, atOnce: 1 }, async batch => batch), toArray())), [])
})

test('in-batches: fails with the source, and with the work, at once', async t => {
  const broken = new Error('broken')
  await t.throwsAsync(lastValueFrom(throwError(() => broken).pipe(inBatches({ size: 2, atOnce: 1 }, async batch => batch))), { is: broken })
  await t.throwsAsync(lastValueFrom(from([1, 2]).pipe(inBatches({ size: 1, atOnce: 2 }, async () => { throw broken }))), { is: broken })
})

test('in-batches: after early unsubscription nothing is begun, and the source is let go', async t => {
  const items = new Subject<number>()
  let begun = 0
  const first = firstValueFrom(items.pipe(inBatches({ size: 1, atOnce: 1 }, async batch => {
    begun++
    return batch
  })))
  items.next(1)
  items.next(2)
  t.is(await first, 1)
  await turn()
  t.is(begun, 1)
  t.false(items.observed)
})

test('in-batches: refuses sizes that cannot be', t => {
  t.throws(() => inBatches({ size: 0, atOnce: 1 }, async batch => batch), { instanceOf: RangeError })
  t.throws(() => inBatches({ size: 1, atOnce: 1.5 }, async batch => batch), { instanceOf: RangeError })
})

function turn (): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
