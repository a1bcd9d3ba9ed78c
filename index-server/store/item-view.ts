import type { FilterView } from './collection-store.js'
import { decodeLabels } from './keys/labels.js'
import type { JoinRecord } from './keys/join-record.js'
import { capturedAtOfItem, labelsOfItem, metadataOfItem } from './keys/item-fields.js'

/** What a filter looks at, read from a live image's record as far as it is asked for. */
export class ItemView implements FilterView {
  readonly #record: JoinRecord

  constructor (readonly ordinal: number, record: JoinRecord) {
    this.#record = record
  }

  get labels (): readonly string[] {
    return labelsOf(this.#record)
  }

  get capturedAtMs (): number | undefined {
    return capturedAtOfItem(this.#record.item!)
  }

  get metadata (): Readonly<Record<string, string>> {
    return metadataOfItem(this.#record.item!)
  }
}

/** The labels that count: given later by people, else the item's; none while there is no live item. */
export function labelsOf ({ state, labels, item }: JoinRecord): readonly string[] {
  return state !== 'live' ? [] : labels ? decodeLabels(labels) : labelsOfItem(item!)
}

/** The view of an image under a version's tables; `undefined` when it has no code there. */
export function viewOf (record: JoinRecord, tables: number): ItemView | undefined {
  for (const entry of record.codes) if (entry.tables === tables && entry.kind === 'coded') return new ItemView(entry.ordinal, record)
  return undefined
}
