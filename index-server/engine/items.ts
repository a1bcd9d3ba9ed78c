import type { Item } from '../../proto/gen/hammingbird/v1/catalog.js'
import type { Position } from '../../proto/gen/hammingbird/v1/common.js'
import { Plan } from '../../proto/gen/hammingbird/v1/search.js'
import type { CollectionTopics } from '../../topics/names.js'
import type { CodeAnswer } from '../store/code-store.js'
import type { StoredItem } from '../store/collection-store.js'

const PLANS: Readonly<Record<CodeAnswer['plan'], Plan>> = { probe: Plan.PROBE, scan: Plan.SCAN, 'probe-then-scan': Plan.PROBE_THEN_SCAN }

/** A stored item in the words of the API. @param picture empty unless asked for. */
export function itemMessage (item: StoredItem, topics: CollectionTopics, picture: Buffer | undefined): Item {
  return {
    id: item.id,
    labels: [...item.labels],
    metadata: { ...item.metadata },
    uri: item.uri,
    capturedAt: timeOf(item.capturedAtMs),
    position: itemPosition(item, topics),
    source: { topic: topics.images, ...item.source },
    sha256: Buffer.from(item.sha256),
    width: item.width,
    height: item.height,
    format: item.format,
    codes: Object.fromEntries([...item.codes].map(([version, code]) => [version, 'refused' in code
      ? { code: Buffer.alloc(0), stale: false, refused: code.refused }
      : { code: Buffer.from(code.code), stale: code.stale, refused: '' }])),
    picture: picture ?? Buffer.alloc(0)
  }
}

export function itemPosition ({ partition, offset }: StoredItem, topics: CollectionTopics): Position {
  return { topic: topics.items, partition, offset }
}

export function timeOf (unixMs: number | undefined): Date | undefined {
  return unixMs === undefined ? undefined : new Date(unixMs)
}

export function planMessage (plan: CodeAnswer['plan']): Plan {
  return PLANS[plan]
}
