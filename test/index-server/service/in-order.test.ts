import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import { inOrder } from '../../../index-server/service/in-order.js'

const anyway = { requests: 4, bytes: Infinity, weigh: () => 1 }

test('inOrder: whatever is done first, answers come in the order of the requests, and no more than allowed is in hand', async t => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.record({ weight: fc.nat(5), turns: fc.nat(6) }), { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 12 }),
    async (requests, most, mostBytes) => {
      let inHand = 0
      let bytes = 0
      const taken: number[] = []
      const numbered = requests.map((request, i) => ({ ...request, i }))
      const answers = inOrder(from(numbered), { requests: most, bytes: mostBytes, weigh: ({ weight }) => weight }, async ({ i, turns, weight }) => {
        t.true(inHand === 0 || (inHand < most && bytes < mostBytes), 'a request was taken in spite of the limits')
        inHand++
        bytes += weight
        for (let n = 0; n < turns; n++) await turn()
        return { i, weight }
      })
      for await (const { i, weight } of answers) {
        taken.push(i)
        await turn()
        inHand--
        bytes -= weight
      }
      t.deepEqual(taken, numbered.map(({ i }) => i))
    }
  ), { numRuns: 200 })
})

test('inOrder: an answer does not wait for the next request', async t => {
  let ask = (_request: number) => {}
  async function * requests () {
    yield 1
    yield await new Promise<number>(resolve => { ask = resolve })
  }
  const answers = inOrder(requests(), anyway, async n => n * 10)
  t.deepEqual(await answers.next(), { done: false, value: 10 })
  const second = answers.next()
  await turn()
  ask(2)
  t.deepEqual(await second, { done: false, value: 20 })
  t.deepEqual(await answers.next(), { done: true, value: undefined })
})

test('inOrder: a failure comes in its place, and nothing is read after it', async t => {
  const asked: number[] = []
  const answers = inOrder(from([1, 2, 3, 4, 5, 6, 7, 8, 9]), anyway, async n => {
    asked.push(n)
    if (n === 2) throw new Error('two')
    return n
  })
  t.deepEqual(await answers.next(), { done: false, value: 1 })
  await t.throwsAsync(answers.next(), { message: 'two' })
  const before = asked.length
  await turn()
  t.is(asked.length, before)
  t.true(before < 9)
})

test('inOrder: when the requests fail, what came before is answered first', async t => {
  async function * requests () {
    yield 1
    yield 2
    throw new Error('gone')
  }
  const answers = inOrder(requests(), anyway, async n => n)
  t.deepEqual([(await answers.next()).value, (await answers.next()).value], [1, 2])
  await t.throwsAsync(answers.next(), { message: 'gone' })
})

test('inOrder: no requests, no answers', async t => {
  t.deepEqual(await inOrder(from([]), anyway, async n => n).next(), { done: true, value: undefined })
})

async function * from<T> (values: readonly T[]): AsyncGenerator<T> {
  yield * values
}
