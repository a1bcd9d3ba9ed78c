import test from 'ava'
import fc from 'fast-check'
import { Bitmap } from '../../../index-server/store/bitmap.js'

test('bitmap: holds what was added, and nothing else, also after it was stored and loaded', t => {
  fc.assert(fc.property(fc.uniqueArray(fc.nat(5000)), added => {
    const bitmap = new Bitmap()
    for (const at of [...added, ...added]) bitmap.add(at)
    const loaded = new Bitmap()
    loaded.add(3) // overwritten by what is loaded
    for (let from = 0; from < 640; from += 128) loaded.load(from, bitmap.slice(from, 128))
    for (const map of [bitmap, loaded]) {
      t.is(map.size, added.length)
      t.deepEqual(Array.from({ length: 5120 }, (_, at) => at).filter(at => map.has(at)), added.sort((a, b) => a - b))
    }
  }))
})
