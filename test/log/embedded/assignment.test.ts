import test from 'ava'
import fc from 'fast-check'
import { assign } from '../../../log/embedded/assignment.js'

test('assign: every partition has one member, evenly, and no more moves than that takes', t => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 12 }), fc.uniqueArray(fc.nat(5), { maxLength: 6 }), fc.array(fc.tuple(fc.nat(11), fc.nat(5))),
    (partitions, members, pairs) => {
      const current = new Map(pairs.filter(([partition]) => partition < partitions))
      const assigned = assign(partitions, members, current)
      if (members.length === 0) {
        t.is(assigned.size, 0)
        return
      }
      t.deepEqual([...assigned.keys()].sort((a, b) => a - b), Array.from({ length: partitions }, (_, i) => i))
      const counts = members.map(member => [...assigned.values()].filter(other => other === member).length)
      t.is(counts.reduce((sum, count) => sum + count, 0), partitions, 'only members have some')
      t.true(Math.max(...counts) - Math.min(...counts) <= 1)
      // Kept: of each member's own as many as its share allows, and the shares that are larger by one go to who has as many.
      const [share, extra] = [Math.floor(partitions / members.length), partitions % members.length]
      const own = members.map(member => [...current.values()].filter(other => other === member).length)
      const most = own.reduce((sum, count) => sum + Math.min(count, share), 0) + Math.min(extra, own.filter(count => count > share).length)
      t.is([...assigned].filter(([partition, member]) => current.get(partition) === member).length, most)
    }
  ))
})
