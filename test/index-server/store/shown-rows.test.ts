import test from 'ava'
import fc from 'fast-check'
import { ShownRows } from '../../../index-server/store/shown-rows.js'

test('shown rows: what is kept is what was last shown, and the newest are', t => {
  const steps = fc.array(fc.record({ tables: fc.constantFrom(1, 2), ordinal: fc.nat(5000), length: fc.constantFrom(0, 1, 300, 40_000, 65_535, 70_000), forgotten: fc.boolean() }), { minLength: 1, maxLength: 200 })
  fc.assert(fc.property(steps, steps => {
    const rows = new ShownRows(2 ** 21)
    const last = new Map<string, Buffer>()
    let sinceMebibyte = 0
    for (const [i, { tables, ordinal, length, forgotten }] of steps.entries()) {
      const bytes = Buffer.alloc(length, i)
      rows.end(rows.begin(), tables, [{ ordinal, id: 'a', bytes }])
      last.set(`${tables} ${ordinal}`, bytes)
      sinceMebibyte += length
      if (length > 65_535) continue
      t.deepEqual(rows.row(tables, ordinal)?.length, length)
      if (forgotten) {
        rows.forget(['a'], [[tables, ordinal], [7, ordinal]])
        t.is(rows.row(tables, ordinal), undefined)
        last.delete(`${tables} ${ordinal}`)
      }
      for (const [name, expected] of last) {
        const [tables, ordinal] = name.split(' ').map(Number) as [number, number]
        const row = rows.row(tables, ordinal)
        // One too large leaves what was there before it.
        if (row !== undefined && expected.length <= 65_535) t.true(Buffer.from(row).equals(expected))
        if (sinceMebibyte < 2 ** 19 && expected.length <= 65_535) t.not(row, undefined)
      }
    }
  }), { numRuns: 30 })
})

test('shown rows: what changed while it was read is not kept, nor what is of tables that went', t => {
  const rows = new ShownRows(2 ** 21)
  const showing = rows.begin()
  rows.forget(['a'], [])
  rows.end(showing, 1, [{ ordinal: 1, id: 'a', bytes: Buffer.of(1) }, { ordinal: 2, id: 'b', bytes: Buffer.of(2) }])
  t.is(rows.row(1, 1), undefined)
  t.deepEqual([...rows.row(1, 2)!], [2])
  const over = rows.begin()
  rows.drop(1)
  rows.end(over, 1, [{ ordinal: 3, id: 'c', bytes: Buffer.of(3) }])
  t.is(rows.row(1, 2), undefined)
  t.is(rows.row(1, 3), undefined)
})
