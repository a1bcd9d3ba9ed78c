import test from 'ava'
import fc from 'fast-check'
import { Pace } from '../../encoder/pace.js'

/** Runs `count` pictures through stages that take so many ms for each, and answers how long each step was. */
async function steps (msPerPicture: readonly number[], count: number): Promise<{ lengths: number[], parts: number[] }> {
  let nowMs = 0
  let began = 0
  const lengths: number[] = []
  const parts: number[] = []
  const pace = new Pace(msPerPicture.length, () => nowMs)
  const run = async (many: number): Promise<void> => {
    const turn = pace.begin(() => {
      lengths.push(nowMs - began)
      began = nowMs
    })
    for (let left = many; left > 0;) {
      const part = pace.atOnce(left)
      parts.push(part)
      for (const [at, ms] of msPerPicture.entries()) await turn(at, part, () => { nowMs += ms * part })
      left -= part
    }
    lengths.push(nowMs - began)
    began = nowMs
  }
  await run(1) // takes the times
  lengths.length = parts.length = 0
  await run(count)
  return { lengths, parts }
}

test('pace: no step takes longer than 50 ms, where no stage on one picture does', async t => {
  await fc.assert(fc.asyncProperty(fc.array(fc.double({ min: 0, max: 25, noNaN: true }), { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 300 }), async (ms, count) => {
    const { lengths, parts } = await steps(ms, count)
    for (const length of lengths) t.true(length <= 50 + 1e-6)
    t.is(parts.reduce((sum, part) => sum + part, 0), count)
  }))
})

test('pace: a stage that takes longer on one picture has a step to itself', async t => {
  t.deepEqual((await steps([10, 80, 10], 2)).lengths, [10, 80, 20, 80, 10])
})

test('pace: what fits in a step is done in one, in even parts', async t => {
  t.deepEqual(await steps([0.125, 0.125, 0.125], 128), { lengths: [32, 16], parts: [128] })
  t.deepEqual((await steps([5], 8)).parts, [4, 4])
})
