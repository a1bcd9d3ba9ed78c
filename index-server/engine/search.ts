import { invalid } from '../../errors.js'
import { asymmetricDistance } from '../../hamming/distance.js'
import { Plan, type Hit, type SearchRequest, type SearchResponse } from '../../proto/gen/hammingbird/v1/search.js'
import * as valid from '../validate.js'
import type { EngineContext } from './context.js'
import { itemPosition, timeOf } from './items.js'
import { queryCode } from './query.js'

const PLANS = { probe: Plan.PROBE, scan: Plan.SCAN, 'probe-then-scan': Plan.PROBE_THEN_SCAN }

export async function search (context: EngineContext, request: SearchRequest, signal: AbortSignal): Promise<SearchResponse> {
  const { query, k } = valid.searchRequest(request)
  const served = context.served(request.collection)
  const { topics } = served.collection
  const version = served.resolveVersion(request.version)
  for (const position of valid.positions(request.minPosition, topics.images)) await served.settled(version, position, signal)
  const begunMs = performance.now()
  const { code, outputs } = await queryCode(served, version, query, context.decoder, context.encoder, signal)
  const encodedMs = performance.now()
  if (request.filter !== undefined || request.pageToken !== '') throw invalid('filter', 'none yet')
  const answer = await served.store.codes(version).search({ code, signal, ...(k === undefined ? {} : { k }), ...(request.radius === undefined ? {} : { radius: request.radius }) })
  const found = answer.groups.flatMap(group => Array.from(group.ordinals, ordinal => ({ ordinal, distance: group.distance, fine: outputs === undefined ? 0 : asymmetricDistance(outputs, group.code) })))
  const items = await served.store.itemsOf(version, found.map(({ ordinal }) => ordinal))
  const bits = served.store.codes(version).bits
  const hits = found.flatMap(({ distance, fine }, i): (Hit & { fine: number })[] => {
    const item = items[i]
    if (item === undefined) return []
    const own = item.codes.get(version)
    return [{ id: item.id, distance, fine, score: 1 - distance / bits, labels: [...item.labels], metadata: { ...item.metadata }, capturedAt: timeOf(item.capturedAtMs), position: itemPosition(item, topics), stale: own !== undefined && 'stale' in own && own.stale, codeVersion: version, uri: item.uri }]
  }).sort((a, b) => a.distance - b.distance || a.fine - b.fine || b.position!.offset - a.position!.offset)
  return {
    hits: hits.slice(0, k ?? hits.length), version, complete: true, radiusCovered: answer.radiusCovered, plan: PLANS[answer.plan],
    stats: { tables: answer.tables, buckets: answer.buckets, candidates: answer.candidates, codes: served.store.codes(version).count, searchMs: performance.now() - encodedMs, encodeMs: encodedMs - begunMs },
    rankedOf: 0, tied: 0, nextPageToken: '', count: hits.length
  }
}
