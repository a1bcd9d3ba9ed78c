import test from 'ava'
import fc from 'fast-check'
import { encodeU64, groupKey, newestKey, offsetKey, offsetOf, offsetRange, partitionKey, partitionTables, readU64, topicRange } from '../../../log/embedded/keys.js'

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const offset = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1))
const partition = fc.record({ topicId: u32, number: u32 })
const table = fc.constantFrom('r' as const, 'm' as const, 'd' as const, 'x' as const)

test('keys of the embedded log: one, written out', t => {
  t.is(offsetKey('r', { topicId: 0x01020304, number: 5 }, 2 ** 32 + 6).toString('hex'), hex('72 01020304 00000005 0000000100000006'))
  t.is(groupKey({ topicId: 1, number: 2 }, 'é').toString('hex'), hex('67 00000001 00000002 c3a9'))
})

test('keys of the embedded log: an offset comes back, and the order of keys is the order of fields', t => {
  fc.assert(fc.property(fc.tuple(table, partition, offset), fc.tuple(table, partition, offset), (a, b) => {
    t.is(offsetOf(offsetKey(...a)), a[2])
    t.is(readU64(encodeU64(7, a[2]), 8), a[2])
    const fields = ([table, { topicId, number }, offset]: typeof a) => [table.charCodeAt(0), topicId, number, offset]
    const [left, right] = [fields(a), fields(b)]
    const differing = left.findIndex((field, i) => field !== right[i])
    t.is(Buffer.compare(offsetKey(...a), offsetKey(...b)), differing === -1 ? 0 : Math.sign(left[differing]! - right[differing]!) as 1 | -1)
  }))
})

test('keys of the embedded log: a range has its offsets and no others', t => {
  fc.assert(fc.property(table, partition, fc.tuple(offset, offset, offset).map(offsets => offsets.sort((a, b) => a - b)), table, partition, (table, id, [from, at, to], otherTable, other) => {
    const inside = (key: Buffer) => Buffer.compare(key, offsetRange(table, id, from!, to!).gte!) >= 0 && Buffer.compare(key, offsetRange(table, id, from!, to!).lt!) < 0
    t.is(inside(offsetKey(table, id, at!)), at! < to!)
    t.false(inside(offsetKey(table, id, to!)))
    if (otherTable !== table || other.topicId !== id.topicId || other.number !== id.number) t.false(inside(offsetKey(otherTable, other, at!)))
  }))
})

test('keys of the embedded log: a topic has all of its own and nothing of others', t => {
  fc.assert(fc.property(partition, u32, fc.uint8Array({ maxLength: 5 }).map(bytes => Buffer.from(bytes)), (id, otherId, bytes) => {
    const keys = [partitionKey(id), groupKey(id, bytes.toString('latin1')), newestKey(id, bytes), ...(['r', 'm', 'd', 'x'] as const).map(table => offsetKey(table, id, 3))]
    const holding = (key: Buffer, topicId: number) => partitionTables.filter(table => {
      const { gte, lt } = topicRange(table, topicId)
      return Buffer.compare(key, gte!) >= 0 && (!lt || Buffer.compare(key, lt) < 0)
    })
    for (const key of keys) {
      t.is(holding(key, id.topicId).length, 1)
      if (otherId !== id.topicId) t.is(holding(key, otherId).length, 0)
    }
  }))
})

function hex (spaced: string): string {
  return spaced.replaceAll(' ', '')
}
