import test from 'ava'
import { DRAWN_NAMES, drawn } from '../../../trainer/datasets/drawn.js'
import { labelsOf } from '../../../trainer/labels.js'

test('drawn: the same seed gives the same pictures, another other ones', t => {
  const [a, b, c] = [drawn(20, 1), drawn(20, 1), drawn(20, 2)]
  t.deepEqual([a.pixels, a.labels], [b.pixels, b.labels])
  t.notDeepEqual(a.pixels, c.pixels)
})

test('drawn: one to four labels a picture, all of them in use', t => {
  const { labels, names, pixels } = drawn(400, 3, 24)
  const lists = Array.from({ length: 400 }, (_, i) => labelsOf(labels, i))
  t.true(lists.every(list => list.length >= 1 && list.length <= 4))
  t.is(new Set(lists.flat()).size, DRAWN_NAMES.length)
  t.is(names.length, 12)
  t.is(pixels.length, 400 * 24 * 24 * 3)
})

test('drawn: what a label names can be seen: a red thing is the reddest there is', t => {
  const { labels, names, pixels } = drawn(300, 4)
  const redness = (i: number): number => {
    let most = 0
    for (let at = i * 3072; at < (i + 1) * 3072; at += 3) most = Math.max(most, pixels[at]! - Math.max(pixels[at + 1]!, pixels[at + 2]!))
    return most
  }
  for (let i = 0; i < 300; i++) {
    const red = labelsOf(labels, i).some(label => names[label]!.startsWith('red'))
    t.is(redness(i) > 75, red, `picture ${i}`)
  }
})
