import test from 'ava'
import { Random } from '../../trainer/random.js'

test('random: the same seed gives the same numbers, for ever', t => {
  const random = new Random(42)
  t.deepEqual(Array.from({ length: 4 }, () => random.below(1e9)), RECORDED)
})

test('random: goes on where its state was read', t => {
  const random = new Random(-5)
  random.next()
  const again = Random.from(random.state)
  t.deepEqual(Array.from({ length: 9 }, () => again.next()), Array.from({ length: 9 }, () => random.next()))
})

test('random: is spread evenly, and normal where it should be', t => {
  const random = new Random(7)
  const even = Array.from({ length: 20000 }, () => random.next())
  const normal = Array.from({ length: 20000 }, () => random.normal())
  const moment = (list: readonly number[], power: number) => list.reduce((sum, value) => sum + value ** power, 0) / list.length
  t.true(Math.abs(moment(even, 1) - 0.5) < 0.01 && Math.abs(moment(even, 2) - 1 / 3) < 0.01)
  t.true(Math.abs(moment(normal, 1)) < 0.03 && Math.abs(moment(normal, 2) - 1) < 0.05 && Math.abs(moment(normal, 4) - 3) < 0.3)
})

test('random: a permutation has each number once, and every order of three is as likely', t => {
  const random = new Random(1)
  t.deepEqual([...random.permutation(100)].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i))
  const seen = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const order = random.permutation(3).join('')
    seen.set(order, (seen.get(order) ?? 0) + 1)
  }
  t.is(seen.size, 6)
  for (const count of seen.values()) t.true(Math.abs(count - 1000) < 150)
})

const RECORDED = [267922717, 159681295, 179352291, 546144922]
