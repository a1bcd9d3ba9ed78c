import { versionNumber } from '../../registry/manifest.js'
import { prefixRange, type KeyValue, type Operation } from '../../kv/key-value.js'
import { DiskCodeStore } from './disk-code-store.js'
import { Dropping } from './dropping.js'
import { NUMBERS_KEY, decodeNumbers, decodeShape, encodeCollectionKey, encodeNumbers, encodeShape, encodeVersionKey, nameOfCollectionKey, versionOfKey } from './keys/catalogue-rows.js'
import { decodeCodeCounts, encodeCodeCountsKey } from './keys/count-rows.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { checkFormat } from './keys/format-row.js'
import { PositionPages } from './position-pages.js'
import type { SnapshotWindowOptions } from './snapshot-window.js'
import { StoredCollection } from './stored-collection.js'
import type { OpenCodes, VersionCodes } from './version-codes.js'
import { PAGE_CODES, VersionTables, chunksOnDisk, type TableShape } from './version-tables.js'

export interface StoreDirectoryOptions {
  /** What versions are searched in. @default the disk */
  readonly openCodes?: OpenCodes
  /** Of new tables: codes a page, a multiple of 8. @default 1024 */
  readonly pageCodes?: number
  readonly snapshots?: SnapshotWindowOptions
  /** Told what went wrong while rows of something dropped were deleted: it is tried again at the next start. @default ignored */
  readonly failed?: (err: unknown) => void
  /** Told how much of the disk was freed, as far as RocksDB can say, when what was dropped is gone. @default nobody */
  readonly freed?: (bytes: number) => void
}

/** All collections of one index-server, in one `KeyValue`, which it does not close. */
export class StoreDirectory implements AsyncDisposable {
  readonly #kv: KeyValue
  readonly #options: StoreDirectoryOptions
  readonly #dropping: Dropping
  readonly #collections = new Map<string, Promise<StoredCollection>>()
  /** What gives numbers goes one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor (kv: KeyValue, options: StoreDirectoryOptions) {
    this.#kv = kv
    this.#options = options
    this.#dropping = new Dropping(kv, options.failed ?? (() => undefined), options.freed ?? (() => undefined))
  }

  /**
   * Opens what a `KeyValue` holds; an empty one becomes a directory of ours. Goes on with what was being dropped.
   *
   * @throws HammingbirdError `HAMMINGBIRD_FORMAT` when it holds something else, or another format of it.
   */
  static async open (kv: KeyValue, options: StoreDirectoryOptions = {}): Promise<StoreDirectory> {
    await checkFormat(kv)
    const directory = new StoreDirectory(kv, options)
    await directory.#dropping.resume()
    return directory
  }

  async names (): Promise<readonly string[]> {
    const names: string[] = []
    for await (const run of this.#kv.iterate(prefixRange(Buffer.of(FAMILIES.collection)))) names.push(...run.map(({ key }) => nameOfCollectionKey(key)))
    return names
  }

  /** Opens a collection, and makes it when there is none of that name. The same one each time. */
  collection (name: string): Promise<StoredCollection> {
    let opening = this.#collections.get(name)
    if (!opening) {
      opening = this.#open(name)
      this.#collections.set(name, opening)
      opening.catch(() => this.#collections.delete(name))
    }
    return opening
  }

  /** Drops all of a collection: gone when this resolves, the rows go in the background. One that is not there is no error. */
  async dropCollection (name: string): Promise<void> {
    const row = await this.#kv.get(encodeCollectionKey(name))
    if (!row) return
    const number = row.readUInt32BE(0)
    const collection = await this.#collections.get(name)
    await collection?.close()
    this.#collections.delete(name)
    const operations: Operation[] = [{ type: 'del', key: encodeCollectionKey(name) }]
    const shapes: TableShape[] = []
    for await (const run of this.#kv.iterate(prefixRange(prefixOf(FAMILIES.version, number)))) {
      for (const { key, value } of run) {
        operations.push({ type: 'del', key })
        shapes.push(decodeShape(value))
      }
    }
    await this.#dropping.collection(number, shapes, operations)
  }

  /** Resolves when everything dropped so far is deleted. */
  dropped (): Promise<void> {
    return this.#dropping.idle()
  }

  /** Closes the collections; what is being dropped goes on at the next start. Calling it twice is fine. */
  async close (): Promise<void> {
    const opened = await Promise.allSettled(this.#collections.values())
    await Promise.all(opened.map(result => result.status === 'fulfilled' ? result.value.close() : undefined))
    await this.#dropping.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #open (name: string): Promise<StoredCollection> {
    const number = await this.#collectionNumber(name)
    const versions = new Map<number, VersionCodes>()
    for await (const run of this.#kv.iterate(prefixRange(prefixOf(FAMILIES.version, number)))) {
      for (const { key, value } of run) {
        const shape = decodeShape(value)
        versions.set(shape.number, await this.#openVersion(name, `v${versionOfKey(key)}`, shape))
      }
    }
    return StoredCollection.open({
      kv: this.#kv,
      name,
      number,
      versions,
      makeTables: async (version, bits) => {
        const shape = await this.#makeTables(number, version, bits)
        return [shape.number, await this.#openVersion(name, version, shape)]
      },
      dropTables: (_tables, codes, operations) => {
        operations.push({ type: 'del', key: encodeVersionKey(number, versionNumber(codes.version)) })
        return this.#dropping.tables(codes, operations)
      }
    })
  }

  async #openVersion (collection: string, version: string, shape: TableShape): Promise<VersionCodes> {
    const counts = decodeCodeCounts(await this.#kv.get(encodeCodeCountsKey(shape.number)))
    const tables = await VersionTables.open(this.#kv, shape, counts.next)
    const disk = new DiskCodeStore(tables, this.#options.snapshots)
    const front = await this.#options.openCodes?.({ collection, version, bits: shape.bits, disk, load: () => disk.load() }) ?? disk
    return { version, disk, front, positions: new PositionPages(tables), counts, staged: counts }
  }

  #collectionNumber (name: string): Promise<number> {
    return this.#inTurn(async () => {
      const row = await this.#kv.get(encodeCollectionKey(name))
      if (row) return row.readUInt32BE(0)
      const numbers = decodeNumbers(await this.#kv.get(NUMBERS_KEY))
      const value = Buffer.allocUnsafe(4)
      value.writeUInt32BE(numbers.collection)
      await this.#kv.write([
        { type: 'put', key: NUMBERS_KEY, value: encodeNumbers({ ...numbers, collection: numbers.collection + 1 }) },
        { type: 'put', key: encodeCollectionKey(name), value }
      ])
      return numbers.collection
    })
  }

  #makeTables (collection: number, version: string, bits: number): Promise<TableShape> {
    return this.#inTurn(async () => {
      const numbers = decodeNumbers(await this.#kv.get(NUMBERS_KEY))
      const shape = { number: numbers.tables, bits, chunks: chunksOnDisk(bits), pageCodes: this.#options.pageCodes ?? PAGE_CODES }
      await this.#kv.write([
        { type: 'put', key: NUMBERS_KEY, value: encodeNumbers({ ...numbers, tables: numbers.tables + 1 }) },
        { type: 'put', key: encodeVersionKey(collection, versionNumber(version)), value: encodeShape(shape) }
      ])
      return shape
    })
  }

  #inTurn<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
