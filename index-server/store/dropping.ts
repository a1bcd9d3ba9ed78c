import { setTimeout as sleep } from 'node:timers/promises'
import { chunking } from '../../hamming/chunks.js'
import { prefixRange, type KeyValue, type Operation, type Range } from '../../kv/key-value.js'
import { decodeShape, encodeDroppingCollectionKey, encodeDroppingKey, encodeShape, numberOfDroppingKey } from './keys/catalogue-rows.js'
import { encodeCodeCountsKey, encodeItemCountsKey } from './keys/count-rows.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { bucketsRange } from './keys/posting-key.js'
import type { TableShape } from './version-tables.js'
import type { VersionCodes } from './version-codes.js'

/** A table is deleted in so many steps: between two of them others read and write. */
const STEPS_A_TABLE = 16

/**
 * Deletes the rows of what was dropped, one after the other, in the background. That something is dropped is written
 * first, in one write with all that made it known, so a crash leaves nothing half: what is left is deleted at the next
 * start.
 */
export class Dropping {
  readonly #kv: KeyValue
  readonly #failed: (err: unknown) => void
  readonly #freed: (bytes: number) => void
  readonly #closed = new AbortController()
  #last: Promise<void> = Promise.resolve()
  #closing = false

  /** @param freed told, of each thing dropped, how much of the disk it took when all of it is gone. */
  constructor (kv: KeyValue, failed: (err: unknown) => void, freed: (bytes: number) => void) {
    this.#kv = kv
    this.#failed = failed
    this.#freed = freed
  }

  /** Begins with what was left at the last end. */
  async resume (): Promise<void> {
    for await (const run of this.#kv.iterate(prefixRange(Buffer.of(FAMILIES.dropping)))) {
      for (const { key, value } of run) this.#begin(key, tableRanges(decodeShape(value)))
    }
    for await (const run of this.#kv.iterate(prefixRange(Buffer.of(FAMILIES.droppingCollection)))) {
      for (const { key } of run) this.#begin(key, collectionRanges(numberOfDroppingKey(key)))
    }
  }

  /** Writes `operations` and that a version's tables are dropped. Searches under way are waited for. */
  async tables ({ disk, front }: VersionCodes, operations: Operation[]): Promise<void> {
    const { shape } = disk.tables
    operations.push(...droppingTables(shape))
    await this.#kv.write(operations)
    const searched = (front === disk ? disk.close() : Promise.all([front.close?.(), disk.close()])).then(() => undefined)
    this.#begin(encodeDroppingKey(shape.number), tableRanges(shape), searched)
  }

  /** Writes `operations` and that a collection is dropped, with its versions' tables. */
  async collection (number: number, shapes: readonly TableShape[], operations: Operation[]): Promise<void> {
    operations.push({ type: 'put', key: encodeDroppingCollectionKey(number), value: Buffer.of(1) }, { type: 'del', key: encodeItemCountsKey(number) })
    operations.push(...shapes.flatMap(droppingTables))
    await this.#kv.write(operations)
    for (const shape of shapes) this.#begin(encodeDroppingKey(shape.number), tableRanges(shape))
    this.#begin(encodeDroppingCollectionKey(number), collectionRanges(number))
  }

  idle (): Promise<void> {
    return this.#last
  }

  /** Ends with the step under way. */
  close (): Promise<void> {
    this.#closing = true
    this.#closed.abort()
    return this.#last
  }

  #begin (key: Buffer, ranges: readonly Range[], after: Promise<void> = Promise.resolve()): void {
    this.#last = this.#last.then(() => after).then(() => this.#drop(key, ranges)).catch(this.#failed)
  }

  async #drop (key: Buffer, ranges: readonly Range[]): Promise<void> {
    let bytes = 0
    for (const range of ranges) bytes += await this.#kv.approximateBytes(range)
    for (const range of ranges) if (!await this.#paced(() => this.#kv.clear(range))) return
    for (const range of ranges) if (!await this.#paced(() => this.#kv.compact(range))) return
    await this.#kv.write([{ type: 'del', key }])
    for (const range of ranges) bytes -= await this.#kv.approximateBytes(range)
    this.#freed(Math.max(0, bytes))
  }

  /** Works a step, then rests for as long: others have the disk at least half of the time. @returns false when it is time to end. */
  async #paced (step: () => Promise<void>): Promise<boolean> {
    if (this.#closing) return false
    const began = performance.now()
    await step()
    await sleep(performance.now() - began, undefined, { signal: this.#closed.signal }).catch(() => undefined)
    return true
  }
}

function droppingTables (shape: TableShape): Operation[] {
  return [
    { type: 'put', key: encodeDroppingKey(shape.number), value: encodeShape(shape) },
    { type: 'del', key: encodeCodeCountsKey(shape.number) }
  ]
}

function tableRanges (shape: TableShape): Range[] {
  const cut = chunking(shape.bits, shape.chunks)
  const buckets = cut.widths.flatMap((width, table) => Array.from({ length: STEPS_A_TABLE }, (_, step) => {
    const size = 2 ** width / STEPS_A_TABLE
    return bucketsRange(shape.number, table, Math.floor(step * size), Math.floor((step + 1) * size), cut)
  }))
  const { code, codePage, positionPage, removed } = FAMILIES
  return [...buckets, ...[code, codePage, positionPage, removed].map(family => prefixRange(prefixOf(family, shape.number)))]
}

function collectionRanges (number: number): Range[] {
  const { join, label, picture, position, progress, seen, setAside, setAsideOf } = FAMILIES
  return [join, label, picture, position, progress, seen, setAside, setAsideOf].map(family => prefixRange(prefixOf(family, number)))
}
