const PT_DYNAMIC = 2
const DT_NULL = 0n
const DT_SYMBOLIC = 16n
const DYNAMIC_ENTRY_BYTES = 16

/**
 * Makes a shared library prefer its own symbols to those of the program that loads it, by setting DT_SYMBOLIC in its
 * dynamic section (System V ABI, chapter 5): one of the spare entries at its end becomes that flag.
 *
 * @param library an ELF file for 64 bits, little-endian; changed in place.
 * @throws RangeError when it is no such file, or has no spare entry.
 */
export function preferOwnSymbols (library: Buffer): void {
  if (library.length < 64 || library.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') throw new RangeError('no ELF file for 64 bits, little-endian')
  const headersAt = Number(library.readBigUInt64LE(32))
  const headerBytes = library.readUInt16LE(54)
  const headers = Array.from({ length: library.readUInt16LE(56) }, (_, i) => headersAt + i * headerBytes)
  const dynamic = headers.find(at => library.readUInt32LE(at) === PT_DYNAMIC)
  if (dynamic === undefined) throw new RangeError('an ELF file without a dynamic section')
  const from = Number(library.readBigUInt64LE(dynamic + 8))
  const end = from + Number(library.readBigUInt64LE(dynamic + 32)) - DYNAMIC_ENTRY_BYTES
  for (let at = from; at < end; at += DYNAMIC_ENTRY_BYTES) {
    const tag = library.readBigUInt64LE(at)
    if (tag === DT_SYMBOLIC) return
    if (tag !== DT_NULL) continue
    library.writeBigUInt64LE(DT_SYMBOLIC, at) // the loop ends one early, so a DT_NULL is left to end the section
    library.writeBigUInt64LE(0n, at + 8)
    return
  }
  throw new RangeError('the dynamic section has no spare entry')
}
