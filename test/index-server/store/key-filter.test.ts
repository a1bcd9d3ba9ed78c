import test from 'ava'
import fc from 'fast-check'
import { KeyFilter } from '../../../index-server/store/key-filter.js'

test('key filter: has every key that was added', t => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { size: '+2' }), keys => {
    const filter = new KeyFilter()
    for (const key of keys) filter.add(key)
    for (const key of keys) t.true(filter.has(key))
  }))
})

test('key filter: layers are laid on as keys come; none is lost, and few strangers are taken for members', t => {
  const filter = new KeyFilter()
  const before = filter.bytes
  const count = 2_000_000
  for (let i = 0; i < count; i++) filter.add(Buffer.from(`photos/2026/${i}.jpg`))
  t.true(filter.bytes > before)
  t.true(filter.bytes <= count * 3)
  let lost = 0
  for (let i = 0; i < count; i += 7) if (!filter.has(Buffer.from(`photos/2026/${i}.jpg`))) lost++
  t.is(lost, 0)
  let taken = 0
  for (let i = 0; i < 100_000; i++) if (filter.has(Buffer.from(`photos/2027/${i}.jpg`))) taken++
  t.true(taken < 2500, `${taken} of 100,000 strangers`)
})
