import test from 'ava'
import { murmur2, partitionOfKey } from '../../log/murmur2.js'

// From Kafka's own UtilsTest.testMurmur2.
const known: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107]
]

test('murmur2: gives what Kafka\'s Java client gives', t => {
  for (const [key, hash] of known) t.is(murmur2(Buffer.from(key)), hash, key)
})

test('murmur2: a partition is the hash without its sign, mod partitions', t => {
  t.is(partitionOfKey(Buffer.from('abc'), 1000), 107)
  t.is(partitionOfKey(Buffer.from('21'), 4), (-973932308 & 0x7fffffff) % 4)
  for (let length = 0; length < 40; length++) {
    const partition = partitionOfKey(Buffer.alloc(length, 200), 7)
    t.true(Number.isInteger(partition) && partition >= 0 && partition < 7)
  }
})
