import type { KeyValue } from '../../kv/key-value.js'
import type { StoredCode, StoredItem } from './collection-store.js'
import { decodeCodeRecord, encodeCodeKey } from './keys/code-record.js'
import { decodeItemFields } from './keys/item-fields.js'
import { isOfThisLife } from './join.js'
import type { JoinRecord } from './keys/join-record.js'
import { decodeLabels } from './keys/labels.js'
import type { VersionCodes } from './version-codes.js'

/** What is kept of an id. */
export interface FoundRecord {
  readonly id: string
  readonly record: JoinRecord
}

/**
 * Items as they are shown, from what is kept of them.
 *
 * @param records of images that may be gone; those give `undefined`.
 */
export async function readItems (kv: KeyValue, versions: ReadonlyMap<number, VersionCodes>, records: readonly (FoundRecord | undefined)[]): Promise<(StoredItem | undefined)[]> {
  const detailed = records.flatMap(found => found?.record.codes.filter(entry => entry.kind === 'coded' && entry.detailed) ?? [])
  const keys = detailed.flatMap(entry => entry.kind === 'coded' ? [encodeCodeKey(entry.tables, entry.ordinal)] : [])
  const rows = keys.length === 0 ? [] : await kv.getMany(keys)
  // A code that was removed in between has no row any more.
  const details = new Map(detailed.map((entry, i) => [entry, rows[i] && decodeCodeRecord(rows[i]).detail]))
  return records.map(found => {
    if (!found || found.record.state !== 'live') return undefined
    const { id, record } = found
    const codes = new Map<string, StoredCode>()
    for (const entry of record.codes) {
      const version = versions.get(entry.tables)?.version
      if (version === undefined || !isOfThisLife(record, entry) || entry.kind === 'waiting') continue
      if (entry.kind === 'refused') codes.set(version, { refused: entry.refused })
      else codes.set(version, { ordinal: entry.ordinal, code: entry.code, detail: details.get(entry), itemOffset: entry.itemOffset, stale: entry.itemOffset < record.at })
    }
    const fields = decodeItemFields(record.item!)
    return { ...fields, id, labels: record.labels ? decodeLabels(record.labels) : fields.labels, partition: record.partition, offset: record.at, codes }
  })
}
