import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { StoreChange } from '../index-server/store/collection-store.js'
import { StoreDirectory } from '../index-server/store/store-directory.js'
import type { StoredCollection } from '../index-server/store/stored-collection.js'
import type { KeyValue } from '../kv/key-value.js'
import { RocksKeyValue } from '../kv/rocks.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson } from './report.js'

/** Records of a run, as a reader of the log hands them over. */
const RUN = 500
/** Images after which the other side has its turn: both meet the same load of the machine. */
const TURN = 20_000
/** So many images the codes are behind their items. */
const LAG = 2000

/** What one side took for its turns. */
interface Clock {
  seconds: number
  cpuSeconds: number
}

/**
 * Items and their codes are applied side by side, as two topics are. The bar is RocksDB alone: the same is applied to a
 * second directory, one run after the other, and only the writes are clocked: the same rows in batches of the same size,
 * with nothing else going on. Turn by turn.
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
      const writes = new WriteClock(bare)
      await using directory = await StoreDirectory.open(ours)
      await using twin = await StoreDirectory.open(writes.keyValue)
      const collections = [await directory.collection('bench'), await twin.collection('bench')] as const
      for (const collection of collections) await collection.addVersion('v1', bits)
      let offset = 0
      const measure = async (name: string, count: number, idOf: (i: number) => string) => {
        const turns: Turn[] = []
        for (let from = 0; from < count; from += TURN) {
          const ids = Array.from({ length: Math.min(TURN, count - from) }, (_, i) => idOf(from + i))
          const joined = await clocked(() => applySideBySide(collections[0], ids, offset, bits))
          writes.clear()
          await applyInTurn(collections[1], ids, offset, bits)
          turns.push({ images: ids.length, rows: writes.rows, ours: joined, bare: { seconds: writes.seconds, cpuSeconds: writes.cpuSeconds } })
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

async function applyInTurn (collection: StoredCollection, ids: readonly string[], first: number, bits: number): Promise<void> {
  for (let from = 0; from < ids.length; from += RUN) await applyItems(collection, ids, from, first)
  for (let from = 0; from < ids.length; from += RUN) await applyCodes(collection, ids, from, first, bits)
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

/** Clocks the writes of a `KeyValue`, and nothing else. */
class WriteClock {
  seconds = 0
  cpuSeconds = 0
  rows = 0
  readonly keyValue: KeyValue

  constructor (kv: KeyValue) {
    this.keyValue = {
      get: key => kv.get(key),
      getMany: keys => kv.getMany(keys),
      write: async (operations, options) => {
        const { seconds, cpuSeconds } = await clocked(() => kv.write(operations, options))
        this.seconds += seconds
        this.cpuSeconds += cpuSeconds
        this.rows += operations.length
      },
      iterate: (range, options) => kv.iterate(range, options),
      clear: range => kv.clear(range),
      compact: range => kv.compact(range),
      approximateBytes: range => kv.approximateBytes(range),
      close: () => kv.close(),
      [Symbol.asyncDispose]: () => kv.close()
    }
  }

  clear (): void {
    this.seconds = this.cpuSeconds = this.rows = 0
  }
}

async function clocked (work: () => Promise<void>): Promise<Clock> {
  const cpuBegan = process.cpuUsage() // takes a while itself: outside what is clocked
  const began = performance.now()
  await work()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpuBegan)
  return { seconds, cpuSeconds: (user + system) / 1e6 }
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
