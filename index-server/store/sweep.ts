import { prefixRange, type Entry, type KeyValue } from '../../kv/key-value.js'
import type { JoinChange } from './join.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { decodeJoinRecord, idOfJoinKey, type JoinRecord } from './keys/join-record.js'
import { idOfSeenKey, seenPrefix, type Swept } from './keys/seen-key.js'

/** Bytes of a join key before its id. */
const PREFIX = 5

/**
 * The ids of a partition that have what is swept, and that the sweep has not met, in runs: two ordered lists of ids, the
 * kept and the met, walked side by side.
 */
export async function * unseen (kv: KeyValue, collection: number, swept: Swept, partition: number, runLength: number): AsyncGenerator<readonly string[], void> {
  const met = entries(kv.iterate(prefixRange(seenPrefix(collection, swept, partition)), { values: false }))
  let next = await met.next()
  let missing: string[] = []
  for await (const { key, value } of entries(kv.iterate(prefixRange(prefixOf(FAMILIES.join, collection))))) {
    const record = decodeJoinRecord(value)
    if (record.partition !== partition || !has(record, swept)) continue
    const id = key.subarray(PREFIX)
    while (!next.done && Buffer.compare(idOfSeenKey(next.value.key), id) < 0) next = await met.next()
    if (!next.done && idOfSeenKey(next.value.key).equals(id)) continue
    missing.push(idOfJoinKey(key))
    if (missing.length < runLength) continue
    yield missing
    missing = []
  }
  await met.return()
  if (missing.length > 0) yield missing
}

/** That a sweep did not meet an id. @param version whose codes are swept. */
export function sweptChange (id: string, swept: Swept, version: string): JoinChange {
  return swept === 'items' ? { kind: 'item-swept', id } : swept === 'labels' ? { kind: 'labels-swept', id } : { kind: 'code-swept', id, version }
}

function has ({ state, labels, codes }: JoinRecord, swept: Swept): boolean {
  return swept === 'items' ? state === 'live' : swept === 'labels' ? labels !== undefined : codes.some(({ tables }) => tables === swept)
}

async function * entries (runs: AsyncIterable<readonly Entry[]>): AsyncGenerator<Entry, void> {
  for await (const run of runs) yield * run
}
