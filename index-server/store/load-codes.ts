import { prefixRange } from '../../kv/key-value.js'
import { isVisible } from './disk-search.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { encodePageKey, pageOfKey } from './keys/page-rows.js'
import type { Snapshot, SnapshotWindow } from './snapshot-window.js'
import type { CodeRun } from './version-codes.js'
import type { VersionTables } from './version-tables.js'

/** Bytes of pages read at a time. */
const RUN_BYTES = 256 * 1024

/**
 * The codes of a snapshot, in order of ordinal, a page at a time.
 *
 * @param done called when they have all been given, or whoever reads them has had enough.
 */
export async function * loadCodes (tables: VersionTables, window: SnapshotWindow, snapshot: Snapshot, done: () => void): AsyncGenerator<CodeRun, void> {
  const { kv, codeBytes, shape: { number, pageCodes } } = tables
  const visible = { tables, window, snapshot }
  // Taken now, in one go, as a scan does: the tail holds what no full page has.
  const { tail, fullPages } = tables
  const run = (bytes: Buffer, page: number): CodeRun => {
    const count = Math.min(pageCodes, snapshot.next - page * pageCodes)
    const ordinals = new Uint32Array(count)
    const codes = Buffer.allocUnsafe(count * codeBytes)
    let taken = 0
    for (let slot = 0; slot < count; slot++) {
      const ordinal = page * pageCodes + slot
      if (!isVisible(visible, ordinal)) continue
      codes.set(bytes.subarray(slot * codeBytes, (slot + 1) * codeBytes), taken * codeBytes)
      ordinals[taken++] = ordinal
    }
    return { ordinals: ordinals.subarray(0, taken), codes: codes.subarray(0, taken * codeBytes) }
  }
  try {
    const range = { ...prefixRange(prefixOf(FAMILIES.codePage, number)), lt: encodePageKey('codePage', number, Math.min(fullPages, Math.ceil(snapshot.next / pageCodes))) }
    for await (const rows of kv.iterate(range, { runLength: Math.max(1, Math.floor(RUN_BYTES / (pageCodes * codeBytes))) })) {
      for (const { key, value } of rows) yield run(value, pageOfKey(key))
    }
    if (snapshot.next > fullPages * pageCodes) yield run(tail.codes, fullPages)
  } finally {
    done()
  }
}
