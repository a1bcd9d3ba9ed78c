import { HammingbirdError, invalid, notFound } from '../../errors.js'
import type { LogRecord, Position } from '../../log/log.js'
import type { GetSetAsideRequest, GetSetAsideResponse, ListSetAsideRequest, ListSetAsideResponse, ReplayRequest, ReplayResponse, SetAsideEntry } from '../../proto/gen/hammingbird/v1/set_aside.js'
import { ELSEWHERE, originalHeaders } from '../../topics/set-aside.js'
import type { ServedCollection } from '../served-collection.js'
import type { SetAsideKey, StoredSetAside } from '../store/collection-store.js'
import type { EngineContext } from './context.js'

const PAGE = 100
const LARGEST_PAGE = 1000
const READ_MS = 10_000

/** What is set aside, newest first. */
export async function listSetAside ({ served }: EngineContext, { collection, code, pageSize, pageToken }: ListSetAsideRequest): Promise<ListSetAsideResponse> {
  const from = served(collection)
  if (pageSize > LARGEST_PAGE) throw invalid('page_size', `at most ${LARGEST_PAGE}, got ${pageSize}`)
  const limit = pageSize || PAGE
  const entries = await from.store.setAside({ limit: limit + 1, ...(code === '' ? {} : { code }), ...(pageToken === '' ? {} : { after: readToken(pageToken) }) })
  const page = entries.slice(0, limit)
  return {
    entries: await Promise.all(page.map(entry => message(from, entry))),
    nextPageToken: entries.length > limit ? tokenOf(page.at(-1)!) : ''
  }
}

/** One entry, with the bytes that were kept out. */
export async function getSetAside (context: EngineContext, { collection, name }: GetSetAsideRequest): Promise<GetSetAsideResponse> {
  const from = context.served(collection)
  if (name === undefined) throw invalid('name', 'an image id or a position')
  const entry = name.$case === 'imageId'
    ? await from.store.setAsideOf(name.value)
    : (await from.store.setAside({ limit: 1, after: { partition: name.value.partition, offset: name.value.offset + 1 } }))[0]
  const label = name.$case === 'imageId' ? name.value : `${name.value.partition}:${name.value.offset}`
  if (entry === undefined || (name.$case === 'position' && entry.offset !== name.value.offset)) throw notFound('set-aside entry', label)
  const record = await read(context, from, entry)
  return {
    entry: await message(from, entry),
    image: record.value ?? Buffer.alloc(0),
    headers: Object.fromEntries(Object.entries(record.headers).map(([header, bytes]) => [header, bytes.toString('utf8')]))
  }
}

/**
 * Publishes set-aside images again, each as it came. What has a newer item or tombstone is skipped: replaying it would
 * bring the past back.
 */
export async function replay (context: EngineContext, { collection, imageIds, code }: ReplayRequest, signal: AbortSignal): Promise<ReplayResponse> {
  const from = context.served(collection)
  const { topics } = from.collection
  const positions: Position[] = []
  let skipped = 0
  for await (const entry of wanted(from, imageIds, code)) {
    signal.throwIfAborted()
    if (await isSuperseded(from, entry)) {
      skipped++
      continue
    }
    const { key, value, headers } = await read(context, from, entry)
    positions.push(...await context.log.append([{ topic: topics.images, key, value, headers: originalHeaders(headers) }]))
  }
  return { replayed: positions.length, skipped, positions }
}

async function * wanted ({ store }: ServedCollection, imageIds: readonly string[], code: string): AsyncGenerator<StoredSetAside> {
  for (const id of imageIds) {
    const entry = await store.setAsideOf(id)
    if (entry === undefined) throw notFound('set-aside entry', id)
    yield entry
  }
  if (imageIds.length > 0) return
  let after: SetAsideKey | undefined
  for (;;) {
    const entries = await store.setAside({ limit: PAGE, ...(code === '' ? {} : { code }), ...(after === undefined ? {} : { after }) })
    yield * entries
    if (entries.length < PAGE) return
    after = entries.at(-1)!
  }
}

async function read ({ log, serverId }: EngineContext, { collection: { topics } }: ServedCollection, { partition, offset, id }: StoredSetAside): Promise<LogRecord> {
  await using reader = log.read({ topic: topics.setAside, reader: `${serverId}.${topics.setAside}.one`, from: new Map([[partition, offset]]) })
  const { records: [record] } = await reader.poll({ records: 1 }, AbortSignal.timeout(READ_MS)).catch(err => {
    throw (err as Error).name === 'TimeoutError' ? new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `the set-aside bytes of ${JSON.stringify(id)} are past their retention`) : err
  })
  if (record?.offset !== offset) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `the set-aside bytes of ${JSON.stringify(id)} are past their retention`)
  return record
}

async function isSuperseded ({ store, collection: { topics } }: ServedCollection, entry: StoredSetAside): Promise<boolean> {
  if (entry.sourceTopic === topics.items) {
    const item = await store.item(entry.id)
    return item === undefined || item.offset > entry.sourceOffset
  }
  const newest = await store.sourceOf(entry.id)
  if (newest === undefined) return false
  // Offsets of two partitions have no order: what is known from another partition than the entry's is taken for newer.
  return newest.partition !== entry.sourcePartition || newest.offset > entry.sourceOffset
}

async function message (from: ServedCollection, entry: StoredSetAside): Promise<SetAsideEntry> {
  return {
    position: { topic: from.collection.topics.setAside, partition: entry.partition, offset: entry.offset },
    imageId: entry.id,
    code: entry.code,
    message: entry.message,
    source: entry.sourceOffset === ELSEWHERE ? undefined : { topic: entry.sourceTopic, partition: entry.sourcePartition, offset: entry.sourceOffset },
    at: new Date(entry.atMs),
    imageBytes: entry.imageBytes,
    stage: entry.stage,
    superseded: await isSuperseded(from, entry)
  }
}

function tokenOf ({ partition, offset }: SetAsideKey): string {
  return Buffer.from(`${partition}:${offset}`).toString('base64url')
}

function readToken (token: string): SetAsideKey {
  const match = /^(\d{1,10}):(\d{1,16})$/.exec(Buffer.from(token, 'base64url').toString('latin1'))
  if (match === null) throw invalid('page_token', 'one that an answer gave, unchanged')
  return { partition: Number(match[1]), offset: Number(match[2]) }
}
