import type { StoreChange } from './collection-store.js'
import { decodeItemFields, encodeItemFields } from './keys/item-fields.js'
import type { CodeEntry, JoinRecord } from './keys/join-record.js'
import { encodeLabels } from './keys/labels.js'

/**
 * The join: what one change makes of what is known under an id. Pure: who is searchable follows from the record.
 *
 * - An image's version number is its item's offset: what is not newer than what is known changes nothing.
 * - A tombstone ends a life; the next item begins one (`bornAt`). Codes of former lives are forgotten.
 * - A code answers while the item lives and it is of this life: `codeAt >= bornAt`. Before that it waits.
 * - Labels given later are a fold of their own: they may come before the item, and outlive it.
 *
 * @param tables of the version a code is for.
 * @returns `record` itself when nothing changes, `undefined` when nothing is left to keep.
 */
export function join (record: JoinRecord | undefined, change: JoinChange, partition: number, tables: number): JoinRecord | undefined {
  switch (change.kind) {
    case 'item': return joinItem(record ?? unknown(partition), change)
    case 'item-gone': return joinGone(record ?? unknown(partition), change)
    case 'code': return joinEntry(record ?? unknown(partition), { kind: 'waiting', tables, itemOffset: change.itemOffset, code: change.code, detail: change.detail })
    case 'code-refused': return joinEntry(record ?? unknown(partition), { kind: 'refused', tables, itemOffset: change.itemOffset, refused: change.refused })
    case 'labels': return kept({ ...record ?? unknown(partition), labels: change.labels === null ? undefined : encodeLabels(change.labels) })
    // What a sweep did not meet is gone, since when is not known: no later than what is known of it.
    case 'item-swept': return record?.state === 'live' ? joinGone({ ...record, at: record.at - 1 }, { offset: record.at, source: decodeItemFields(record.item!).source }) : record
    case 'code-swept': return record && kept({ ...record, codes: record.codes.filter(entry => entry.tables !== tables) })
    case 'labels-swept': return record && kept({ ...record, labels: undefined })
  }
}

/** What is about one id, and what a sweep found missing. */
export type JoinChange =
  | Extract<StoreChange, { kind: 'item' | 'item-gone' | 'labels' | 'code' | 'code-refused' }>
  | { readonly kind: 'item-swept' | 'labels-swept', readonly id: string }
  | { readonly kind: 'code-swept', readonly id: string, readonly version: string }

/** Whether a code answers. */
export function isSearchable (record: JoinRecord, entry: CodeEntry): boolean {
  return entry.kind !== 'refused' && isOfThisLife(record, entry)
}

/** Whether an entry is of a state of the image since its last tombstone. */
export function isOfThisLife ({ state, bornAt }: JoinRecord, { itemOffset }: CodeEntry): boolean {
  return state === 'live' && itemOffset >= bornAt
}

function joinItem (record: JoinRecord, { offset, item, picture }: Extract<StoreChange, { kind: 'item' }>): JoinRecord {
  if (offset <= record.at) return record
  const bornAt = record.state === 'live' ? record.bornAt : offset
  return {
    ...record,
    state: 'live',
    at: offset,
    bornAt,
    goneSource: undefined,
    codes: record.codes.filter(({ itemOffset }) => itemOffset >= bornAt),
    item: encodeItemFields(item),
    picture: picture !== undefined
  }
}

function joinGone (record: JoinRecord, { offset, source }: Pick<Extract<StoreChange, { kind: 'item-gone' }>, 'offset' | 'source'>): JoinRecord {
  if (offset <= record.at) return record
  return {
    ...record,
    state: 'gone',
    at: offset,
    bornAt: -1,
    goneSource: source,
    codes: record.codes.filter(({ itemOffset }) => itemOffset > offset),
    item: undefined,
    picture: false
  }
}

function joinEntry (record: JoinRecord, entry: CodeEntry): JoinRecord {
  const dead = record.state === 'live' ? entry.itemOffset < record.bornAt : entry.itemOffset <= record.at
  const held = record.codes.find(({ tables }) => tables === entry.tables)
  if (dead || (held && entry.itemOffset <= held.itemOffset)) return record
  return { ...record, codes: [...record.codes.filter(other => other !== held), entry] }
}

/** A record that says nothing is none. */
function kept (record: JoinRecord): JoinRecord | undefined {
  return record.state === 'unknown' && record.codes.length === 0 && record.labels === undefined ? undefined : record
}

function unknown (partition: number): JoinRecord {
  return { partition, state: 'unknown', at: -1, bornAt: -1, goneSource: undefined, codes: [], labels: undefined, item: undefined, picture: false }
}
