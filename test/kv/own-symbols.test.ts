import test from 'ava'
import { preferOwnSymbols } from '../../kv/own-symbols.js'

/** The least of an ELF file: its header, one program header, a dynamic section of these tags. */
function library (...tags: readonly number[]): Buffer {
  const file = Buffer.alloc(64 + 56 + 16 * tags.length)
  file.write('\x7fELF\x02\x01', 'latin1')
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(1, 56)
  file.writeUInt32LE(2, 64)
  file.writeBigUInt64LE(120n, 64 + 8)
  file.writeBigUInt64LE(BigInt(16 * tags.length), 64 + 32)
  for (const [i, tag] of tags.entries()) file.writeBigUInt64LE(BigInt(tag), 120 + 16 * i)
  return file
}

test('preferOwnSymbols: takes the first spare entry, and only that', t => {
  for (const [before, after] of [[[1, 5, 0, 0, 0], [1, 5, 16, 0, 0]], [[1, 16, 0], [1, 16, 0]]] as const) {
    const file = library(...before)
    preferOwnSymbols(file)
    t.deepEqual(file, library(...after))
  }
})

test('preferOwnSymbols: refuses what it would spoil', t => {
  t.throws(() => preferOwnSymbols(library(1, 5, 0)), { instanceOf: RangeError, message: /spare/ })
  t.throws(() => preferOwnSymbols(Buffer.alloc(100)), { instanceOf: RangeError })
  const noDynamic = library(0, 0)
  noDynamic.writeUInt32LE(1, 64)
  t.throws(() => preferOwnSymbols(noDynamic), { instanceOf: RangeError })
})
