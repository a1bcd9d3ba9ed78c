import test from 'ava'
import { Grouping } from '../../../../index-server/store/hot-tier/answer.js'
import { build } from '../../../../index-server/store/hot-tier/build.js'
import { Part } from '../../../../index-server/store/hot-tier/part.js'
import { Slab } from '../../../../index-server/store/hot-tier/slab.js'
import { Tail } from '../../../../index-server/store/hot-tier/tail.js'

const CODE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const IMAGES = 20_000

test('grouping: a code that many images have in several parts is one group, and no step takes more of it than it may', t => {
  const parts = [0, 1, 2].map(at => new Part(slabOf(at * IMAGES)))
  const tail = new Tail(64)
  for (let i = 0; i < 3; i++) tail.add(CODE, 3 * IMAGES + i)
  const hits = { length: 6, parts: [0, 1, 2, 3, 3, 3], entries: [0, 0, 0, 0, 1, 2], distances: [0, 0, 0, 0, 0, 0] }
  const asked = { code: CODE, k: undefined, sequence: 0, ordinalsEnd: 4 * IMAGES, checks: 0 }
  const grouping = new Grouping([...parts, tail.part], hits, asked, undefined, false)
  const most = 1000
  for (let [before, ended] = [0, false]; !ended;) {
    ended = grouping.step(most)
    t.is(grouping.groups.length, 1)
    const { length } = grouping.groups[0]!.ordinals
    t.true(length - before <= most, `${length - before} in one step`)
    before = length
  }
  t.deepEqual(Array.from(grouping.groups[0]!.ordinals).sort((a, b) => a - b), Array.from({ length: 3 * IMAGES + 3 }, (_, ordinal) => ordinal))
})

/** One code with many images. */
function slabOf (first: number): Slab {
  const tail = new Tail(64)
  for (let i = 0; i < IMAGES; i++) tail.add(CODE, first + i)
  const slab = Slab.create(64, 1)
  build(slab, [tail.part.slab], 0)
  return slab
}
