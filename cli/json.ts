import { Match_State, Rank, type Backfill, type Collection, type ExplainResponse, type GetStatusResponse, type HistoryEntry, type Hit, type Item, type Position, type Published, type NewImage, type SearchResponse, type SetAsideEntry, type Version } from '../client/index.js'

/**
 * What `--json` prints. The names of the fields are API. Codes and SHA-256s are hex, times ISO 8601, positions
 * `{topic, partition, offset}`; what is not known is left out.
 */

const plans = ['unknown', 'probe', 'scan', 'probe-then-scan'] as const

export function planName (plan: number): string {
  return plans[plan] ?? 'unknown'
}

/** @param standing how far the version has come, where it is known. */
export function searchJson (answer: SearchResponse, { count: countOnly, idsOnly }: { readonly count: boolean, readonly idsOnly: boolean }, standing?: { readonly waiting: number, readonly lagSeconds: number }): object {
  const { version, complete, radiusCovered, plan, stats, hits, rankedBy, rankedOf, tied, count, nextPageToken } = answer
  return {
    version,
    complete,
    radiusCovered,
    plan: planName(plan),
    ...(countOnly ? {} : { rankedBy: rankedBy === Rank.DETAIL ? 'detail' : 'newest' }),
    ...(tied > 0 ? { rankedOf, tied } : {}),
    ...(countOnly ? { count } : { hits: hits.map(idsOnly ? ({ id, distance }) => ({ id, distance }) : hitJson) }),
    ...(nextPageToken === '' ? {} : { nextPageToken }),
    ...(standing ? { waiting: standing.waiting, lagSeconds: standing.lagSeconds } : {}),
    stats
  }
}

/** @param id the image that was asked about. */
export function explainJson (id: string, { match, plan, stats, probeEstimateMs, scanEstimateMs }: ExplainResponse): object {
  const { state, radius, reason, differingBits } = match!
  return {
    id,
    state: Match_State[state].toLowerCase().replaceAll('_', '-'),
    ...(radius === undefined ? {} : { radius }),
    ...(reason === '' ? {} : { reason }),
    differingBits,
    plan: planName(plan),
    ...(probeEstimateMs === undefined ? {} : { probeEstimateMs }),
    ...(scanEstimateMs === undefined ? {} : { scanEstimateMs }),
    stats
  }
}

function hitJson ({ id, distance, score, labels, metadata, uri, capturedAt, position, stale, codeVersion }: Hit): object {
  return { id, distance, score, labels, ...described({ metadata, uri, capturedAt }), position, stale, codeVersion }
}

export function itemJson (item: Item): object {
  const { id, labels, position, source, sha256, width, height, format, codes } = item
  return {
    id,
    labels,
    ...described(item),
    width,
    height,
    format,
    sha256: sha256.toString('hex'),
    position,
    source,
    codes: Object.fromEntries(Object.entries(codes).map(([version, { code, stale, refused }]) =>
      [version, refused === '' ? { code: code.toString('hex'), stale } : { refused }]))
  }
}

function described ({ metadata, uri, capturedAt }: Pick<Item, 'metadata' | 'uri' | 'capturedAt'>): object {
  return {
    metadata,
    ...(uri === '' ? {} : { uri }),
    ...(capturedAt === undefined ? {} : { capturedAt: capturedAt.toISOString() })
  }
}

/** @param file where it was read from; `-` is stdin. */
export function publishedJson (file: string, { id, position, refusal }: Pick<Published<NewImage>, 'id' | 'position' | 'refusal'>): object {
  return { file, id, ...(position ? { position } : {}), ...(refusal ? { refused: refusal } : {}) }
}

export function deletedJson (id: string, position: Position | undefined): object {
  return { id, position }
}

export function statusJson (status: GetStatusResponse): object {
  return { ...status }
}

export function setAsideJson (entry: SetAsideEntry): object {
  const { position, imageId, code, message, source, at, imageBytes, stage, superseded } = entry
  return { position, id: imageId, code, message, stage, source, ...(at === undefined ? {} : { at: at.toISOString() }), imageBytes, superseded }
}

export function collectionJson ({ name, bits, partitions, limits, createdAt }: Collection): object {
  return { name, bits, partitions, limits, ...(createdAt === undefined ? {} : { createdAt: createdAt.toISOString() }) }
}

export function versionJson ({ name, bits, network, aliases, createdAt, manifest }: Version): object {
  return { version: name, bits, network, aliases, ...(createdAt === undefined ? {} : { createdAt: createdAt.toISOString() }), manifest: JSON.parse(manifest) as object }
}

/** What a promotion or a rollback led to. */
export function movedJson ({ live, previous, event }: { readonly live: string, readonly previous: string, readonly event?: Position | undefined }): object {
  return { live, previous, ...(event === undefined ? {} : { event }) }
}

export function historyJson ({ at, event, version, live, previous, actor, reason, position }: HistoryEntry): object {
  return { ...(at === undefined ? {} : { at: at.toISOString() }), event, version, live, previous, actor, reason, position }
}

export function backfillJson ({ version, coded, setAside, waiting, imagesPerSecond, remaining, caughtUp }: Backfill): object {
  return { version, coded, setAside, waiting, imagesPerSecond, ...(remaining === undefined ? {} : { remainingSeconds: remaining.seconds }), caughtUp }
}
