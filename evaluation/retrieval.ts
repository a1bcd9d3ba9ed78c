import { mostLabels } from '../trainer/labels.js'
import { averageCumulativeGain } from './metrics/average-cumulative-gain.js'
import { averagePrecision } from './metrics/average-precision.js'
import { meanOf, type Mean } from './metrics/mean.js'
import { ndcg } from './metrics/ndcg.js'
import { PrecisionRecallCurve, type PrecisionRecall } from './metrics/precision-recall.js'
import { precisionWithin } from './metrics/precision-within.js'
import { tallyByDistance, type Labelled } from './metrics/tally.js'
import { weightedAveragePrecision } from './metrics/weighted-average-precision.js'
import { AsymmetricRanking } from './rerank.js'

export interface RetrievalOptions {
  /** Where mAP@k, NDCG@k and ACG@k are cut. @default [100, 1000] */
  readonly cuts?: readonly number[]
  /** The queries' outputs before the sign, [queries, bits]: gives the re-ranked mAP beside the Hamming one. */
  readonly outputs?: Float32Array
}

/** How well codes retrieve: means over queries, and what is needed to compare two systems query by query. */
export interface Retrieval {
  /** Over the whole database, in Hamming order alone. */
  readonly mAP: Mean
  readonly at: readonly { readonly k: number, readonly mAP: Mean, readonly ndcg: Mean, readonly acg: Mean }[]
  readonly weightedAP: Mean
  readonly precisionWithin2: Mean
  /** mAP with equals of one Hamming distance ordered by asymmetric distance, where outputs were given. */
  readonly reranked: Mean | undefined
  readonly curve: readonly PrecisionRecall[]
  /** Average precision of each query, NaN where nothing is relevant. */
  readonly perQuery: Float64Array
  /** NDCG at the first cut of each query. */
  readonly ndcgPerQuery: Float64Array
}

/** Searches the database with every query and measures what comes. */
export function retrieval (queries: Labelled, database: Labelled, options: RetrievalOptions = {}): Retrieval {
  const { cuts = [100, 1000], outputs } = options
  const { bits, count } = queries.codes
  if (queries.labels.count !== count || database.labels.count !== database.codes.count) throw new RangeError('each code needs its labels')
  const levels = Math.max(1, Math.min(mostLabels(queries.labels), mostLabels(database.labels)))
  const perQuery = new Float64Array(count)
  const weighted = new Float64Array(count)
  const within = new Float64Array(count)
  const reranked = new Float64Array(outputs === undefined ? 0 : count)
  const atCut = cuts.map(k => ({ k, ap: new Float64Array(count), ndcg: new Float64Array(count), acg: new Float64Array(count) }))
  const curve = new PrecisionRecallCurve()
  const ranking = outputs === undefined ? undefined : new AsymmetricRanking(database)
  const counts = new Uint32Array((bits + 1) * (levels + 1))
  for (let q = 0; q < count; q++) {
    const tally = tallyByDistance(queries, q, database, levels, counts)
    perQuery[q] = averagePrecision(tally)
    weighted[q] = weightedAveragePrecision(tally)
    within[q] = precisionWithin(tally, 2)
    curve.add(tally)
    for (const cut of atCut) {
      cut.ap[q] = averagePrecision(tally, cut.k)
      cut.ndcg[q] = ndcg(tally, cut.k)
      cut.acg[q] = averageCumulativeGain(tally, cut.k)
    }
    if (ranking !== undefined) reranked[q] = averagePrecision(ranking.tally(queries, q, outputs!.subarray(q * bits, (q + 1) * bits), levels))
  }
  return {
    mAP: meanOf(perQuery),
    at: atCut.map(cut => ({ k: cut.k, mAP: meanOf(cut.ap), ndcg: meanOf(cut.ndcg), acg: meanOf(cut.acg) })),
    weightedAP: meanOf(weighted),
    precisionWithin2: meanOf(within),
    reranked: outputs === undefined ? undefined : meanOf(reranked),
    curve: curve.points,
    perQuery,
    ndcgPerQuery: atCut[0]?.ndcg ?? new Float64Array()
  }
}
