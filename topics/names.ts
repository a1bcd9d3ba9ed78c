import type { TopicSpec } from '../log/log.js'

/** The topic that says which collections there are. A collection's own topics have another last part, so no name can meet it. */
export const COLLECTIONS = 'hammingbird.collections'

/** What versions are called. */
export const VERSION_NAME = /^v[0-9]{1,9}$/

/** The topics of one collection, and the groups that work them (design.md section 1). */
export interface CollectionTopics {
  readonly images: string
  readonly items: string
  readonly labels: string
  readonly setAside: string
  readonly models: string
  readonly artifacts: string
  readonly codes: (version: string) => string
  readonly ingestGroup: string
  readonly encodeGroup: (version: string) => string
}

export function topicsOf (collection: string): CollectionTopics {
  return {
    images: `${collection}.images`,
    items: `${collection}.items`,
    labels: `${collection}.labels`,
    setAside: `${collection}.set-aside`,
    models: `${collection}.models`,
    artifacts: `${collection}.artifacts`,
    codes: version => `${collection}.codes.${version}`,
    ingestGroup: `${collection}.ingest`,
    encodeGroup: version => `${collection}.encode.${version}`
  }
}

/** What the topics must be like for the guarantees to hold. */
export interface TopicSettings {
  /** Of items, labels and codes: fixed when the collection is made. */
  readonly partitions: number
  /** Largest image file, in bytes. */
  readonly imageBytes: number
  /** Of images and of what was set aside. @default 7 days */
  readonly retentionMs?: number
  /** Of the compacted topics. @default 7 days */
  readonly deleteRetentionMs?: number
  readonly segmentMs?: number
  readonly maxCompactionLagMs?: number
}

/** Room for a message's key and headers beside its image. */
const HEADROOM_BYTES = 1024 * 1024
const ITEM_BYTES = 2 * 1024 * 1024
const CODE_BYTES = 64 * 1024

export const collectionsSpec: TopicSpec = { name: COLLECTIONS, partitions: 1, cleanup: 'compact', maxMessageBytes: CODE_BYTES }

/** The topics that every collection has; a version's codes have `codesSpec`. */
export function collectionSpecs (collection: string, settings: TopicSettings): readonly TopicSpec[] {
  const names = topicsOf(collection)
  const compact = compacted(settings)
  const messageBytes = settings.imageBytes + HEADROOM_BYTES
  const retention = settings.retentionMs === undefined ? {} : { retentionMs: settings.retentionMs }
  return [
    { name: names.images, partitions: settings.partitions, partitionsAtLeast: true, cleanup: 'settled', settledBy: names.ingestGroup, maxMessageBytes: messageBytes, ...retention },
    { ...compact, name: names.items, maxMessageBytes: ITEM_BYTES },
    { ...compact, name: names.labels, maxMessageBytes: CODE_BYTES },
    { name: names.setAside, partitions: 1, cleanup: 'delete', maxMessageBytes: messageBytes + HEADROOM_BYTES, ...retention },
    { name: names.models, partitions: 1, cleanup: 'forever', maxMessageBytes: ITEM_BYTES },
    { ...compact, name: names.artifacts, partitions: 1, maxMessageBytes: ITEM_BYTES }
  ]
}

/** Is there while a collection is filled that nobody is to know yet: its topics are no collection's while only this says so. */
export function fillingSpec (collection: string): TopicSpec {
  return { name: `${collection}.filling`, partitions: 1, cleanup: 'forever' }
}

export function codesSpec (collection: string, version: string, settings: TopicSettings): TopicSpec {
  return { ...compacted(settings), name: topicsOf(collection).codes(version), maxMessageBytes: CODE_BYTES }
}

function compacted ({ partitions, deleteRetentionMs, segmentMs, maxCompactionLagMs }: TopicSettings): Omit<TopicSpec, 'name'> {
  return {
    partitions,
    cleanup: 'compact',
    ...(deleteRetentionMs === undefined ? {} : { deleteRetentionMs }),
    ...(segmentMs === undefined ? {} : { segmentMs }),
    ...(maxCompactionLagMs === undefined ? {} : { maxCompactionLagMs })
  }
}
