import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { StoreChange } from '../index-server/store/collection-store.js'
import { StoreDirectory } from '../index-server/store/store-directory.js'
import type { StoredCollection } from '../index-server/store/stored-collection.js'
import type { KeyValue, Operation } from '../kv/key-value.js'
import { RocksKeyValue } from '../kv/rocks.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson } from './report.js'

/** Records of a run, as a reader of the log hands them over. */
const RUN = 500
/** Images after which the other side has its turn: both meet the same load of the machine. */
const TURN = 20_000
/** A process that does nothing for so long has nothing to compact. */
const REST_MS = 20
/** So many images the codes are behind their items. */
const LAG = 2000

/** What one side took for its turns. */
interface Clock {
  seconds: number
  cpuSeconds: number
}

/**
 * Items and their codes are applied side by side, as two topics are. The bar is RocksDB alone: the very batches that come of
 * it are written to a second directory, one behind the other, with nothing else going on. (That they are kept until then
 * costs our side a little.) Turn by turn, so that both meet the same machine; and each until its own compaction has come to
 * rest, or it would be the other side that pays for it.
 */
export const question: Question = {
  asks: 'how fast items and codes are joined and stored, beside RocksDB writing the same rows: --images 1e6 --updates 2e5 --bits 64 --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: { images: { type: 'string', default: '1e6' }, updates: { type: 'string', default: '2e5' }, bits: { type: 'string', default: '64' }, json: { type: 'string' } }
    })
    const [images, updates, bits] = [values.images, values.updates, values.bits].map(Number) as [number, number, number]
    const ended = beginSetting()
    const root = await mkdtemp(join(tmpdir(), 'hammingbird-bench-'))
    try {
      await using ours = await RocksKeyValue.open({ directory: join(root, 'ours'), ...MEMORY })
      await using bare = await RocksKeyValue.open({ directory: join(root, 'bare'), ...MEMORY })
      const recorded = new RecordedWrites(ours)
      await using directory = await StoreDirectory.open(recorded.keyValue)
      const collection = await directory.collection('bench')
      await collection.addVersion('v1', bits)
      let offset = 0
      const measure = async (name: string, count: number, idOf: (i: number) => string) => {
        const turns: Turn[] = []
        for (let from = 0; from < count; from += TURN) {
          const ids = Array.from({ length: Math.min(TURN, count - from) }, (_, i) => idOf(from + i))
          recorded.clear()
          const joined = await clocked(() => applySideBySide(collection, ids, offset, bits))
          const written = await clocked(async () => { for (const operations of recorded.batches) await bare.write(operations) })
          turns.push({ images: ids.length, rows: recorded.rows, ours: joined, bare: written })
          offset += ids.length
        }
        return { name, ...summary(turns) }
      }
      const rows = [
        await measure('fresh ids', images, nameOf),
        await measure('updates', updates, () => nameOf(Math.floor(Math.random() * images)))
      ]
      printTable(
        ['', 'images', 'images a second', 'rows a second', 'RocksDB alone', 'share', 'share of processor time'],
        rows.map(row => [row.name, row.images, row.imagesPerSecond, row.rowsPerSecond, row.bareRowsPerSecond, row.share.toFixed(2), row.cpuShare.median.toFixed(2)])
      )
      const setting = ended({})
      if (values.json !== undefined) writeJson(values.json, { question: 'append', ...setting, bits, rows })
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  }
}

const MEMORY = { cacheBytes: 128 * 2 ** 20, writeBufferBytes: 32 * 2 ** 20 }

/** What one turn took. */
interface Turn {
  readonly images: number
  readonly rows: number
  readonly ours: Clock
  readonly bare: Clock
}

/** Items, and `LAG` behind them their codes, as the readers of two topics apply them. */
async function applySideBySide (collection: StoredCollection, ids: readonly string[], first: number, bits: number): Promise<void> {
  const waiting: (() => void)[] = []
  let applied = 0
  const items = async (): Promise<void> => {
    for (; applied < ids.length; applied += RUN) {
      await applyItems(collection, ids, applied, first)
      waiting.splice(0).forEach(wake => { wake() })
    }
  }
  const isAhead = (from: number): boolean => applied >= Math.min(ids.length, from + RUN + LAG)
  const codes = async (): Promise<void> => {
    for (let from = 0; from < ids.length; from += RUN) {
      while (!isAhead(from)) await new Promise<void>(resolve => { waiting.push(resolve) })
      await applyCodes(collection, ids, from, first, bits)
    }
  }
  await Promise.all([items(), codes()])
}

function applyItems (collection: StoredCollection, ids: readonly string[], from: number, first: number): Promise<void> {
  const changes = ids.slice(from, from + RUN).map((id, i) => itemOf(id, first + from + i))
  return collection.apply(changes, { topic: 'bench.items', partition: 0, next: first + from + changes.length, atMs: 1 })
}

function applyCodes (collection: StoredCollection, ids: readonly string[], from: number, first: number, bits: number): Promise<void> {
  const changes = ids.slice(from, from + RUN).map((id, i): StoreChange => ({ kind: 'code', version: 'v1', id, partition: 0, itemOffset: first + from + i, code: randomCode(bits), detail: undefined }))
  return collection.apply(changes, { topic: 'bench.codes.v1', partition: 0, next: first + from + changes.length, atMs: 1 })
}

function itemOf (id: string, offset: number): StoreChange {
  const item = {
    labels: ['cat', 'indoor'], metadata: { camera: 'x100' }, uri: `file:///pictures/${id}`, capturedAtMs: 1_700_000_000_000 + offset, sha256: SHA256,
    source: { partition: 0, offset }, publishedAtMs: 1_700_000_000_000, width: 640, height: 480, format: 'jpeg'
  }
  return { kind: 'item', id, partition: 0, offset, item, picture: undefined }
}

const SHA256 = Buffer.alloc(32, 7)

/** Ids in no order: as file names come. */
function nameOf (i: number): string {
  return `photos/2026/${(i * 2_654_435_761 % 2 ** 32).toString(36).padStart(7, '0')}.jpg`
}

function randomCode (bits: number): Buffer {
  const code = Buffer.allocUnsafe(bits / 8)
  for (let at = 0; at < code.length; at++) code[at] = Math.random() * 256
  return code
}

/** A `KeyValue` that keeps what is written to it. */
class RecordedWrites {
  readonly batches: (readonly Operation[])[] = []
  readonly keyValue: KeyValue

  constructor (kv: KeyValue) {
    this.keyValue = {
      get: key => kv.get(key),
      getMany: keys => kv.getMany(keys),
      write: (operations, options) => {
        this.batches.push(operations)
        return kv.write(operations, options)
      },
      iterate: (range, options) => kv.iterate(range, options),
      clear: range => kv.clear(range),
      compact: range => kv.compact(range),
      approximateBytes: range => kv.approximateBytes(range),
      close: () => kv.close(),
      [Symbol.asyncDispose]: () => kv.close()
    }
  }

  get rows (): number {
    return this.batches.reduce((sum, { length }) => sum + length, 0)
  }

  clear (): void {
    this.batches.length = 0
  }
}

async function clocked (work: () => Promise<void>): Promise<Clock> {
  const cpuBegan = process.cpuUsage() // takes a while itself: outside what is clocked
  const began = performance.now()
  await work()
  const seconds = (await atRest() - began) / 1000
  const { user, system } = process.cpuUsage(cpuBegan)
  return { seconds, cpuSeconds: (user + system) / 1e6 }
}

/** Waits until the process takes next to no processor time any more. @returns since when, in milliseconds of `performance.now`. */
async function atRest (): Promise<number> {
  for (let since = performance.now(); ; since = performance.now()) {
    const before = process.cpuUsage()
    await sleep(REST_MS)
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1000 < REST_MS / 5) return since
  }
}

function summary (turns: readonly Turn[]) {
  const sum = (value: (turn: Turn) => number): number => turns.reduce((total, turn) => total + value(turn), 0)
  const [images, rows, seconds, bareSeconds] = [sum(turn => turn.images), sum(turn => turn.rows), sum(turn => turn.ours.seconds), sum(turn => turn.bare.seconds)]
  return {
    images,
    rows,
    imagesPerSecond: Math.round(images / seconds),
    rowsPerSecond: Math.round(rows / seconds),
    bareRowsPerSecond: Math.round(rows / bareSeconds),
    share: bareSeconds / seconds,
    shareByTurn: spread(turns.map(({ ours, bare }) => bare.seconds / ours.seconds)),
    cpuShare: spread(turns.map(({ ours, bare }) => bare.cpuSeconds / ours.cpuSeconds))
  }
}
