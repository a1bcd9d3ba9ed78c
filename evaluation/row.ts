import { cpus } from 'node:os'
import type { BitStatistics } from './metrics/bit-statistics.js'
import { bitStatistics } from './metrics/bit-statistics.js'
import type { PrecisionRecall } from './metrics/precision-recall.js'
import type { Labelled } from './metrics/tally.js'
import { retrieval } from './retrieval.js'

/** What was run: enough to run it again. */
export interface Run {
  readonly recipe: string
  readonly protocol: string
  readonly bits: number
  readonly seed: number
  /** What was chosen beside: network, settings, epochs, … */
  readonly choices: Readonly<Record<string, unknown>>
}

/** What it took, and with what. */
export interface Effort {
  /** Of training, all cores added. */
  readonly cpuMinutes: number
  readonly wallMinutes: number
  /** Numbers that learn, and multiplications with an addition a picture, of what encodes; of a pretrained network its head alone. */
  readonly parameters: number
  readonly multiplyAdds: number
  readonly backend: string
}

/** One row of the results: as written to `evaluation/results`. */
export interface Row extends Run, Effort {
  readonly mAP: number
  readonly standardError: number
  readonly precisionWithin2: number
  /** mAP with asymmetric distance as the second key, where the outputs of the queries are known. */
  readonly reranked?: number
  readonly weightedAP: number
  readonly at: readonly { readonly k: number, readonly mAP: number, readonly ndcg: number, readonly acg: number }[]
  readonly queries: number
  readonly database: number
  readonly bitStatistics: BitStatistics
  readonly curve: readonly PrecisionRecall[]
  readonly machine: { readonly cpu: string, readonly cores: number, readonly node: string }
}

/** A row, and what the queries found one by one, for comparisons in pairs. */
export interface Measured {
  readonly row: Row
  /** Average precision. */
  readonly perQuery: Float64Array
  /** NDCG at the first cut. */
  readonly ndcgPerQuery: Float64Array
}

/** Measures codes and makes their row. @param outputs of the queries before the sign, where they are known. */
export function measured (run: Run, effort: Effort, queries: Labelled, outputs: Float32Array | undefined, database: Labelled): Measured {
  const found = retrieval(queries, database, { ...outputs && { outputs } })
  const row: Row = {
    ...run,
    mAP: found.mAP.mean,
    standardError: found.mAP.standardError,
    precisionWithin2: found.precisionWithin2.mean,
    ...found.reranked && { reranked: found.reranked.mean },
    weightedAP: found.weightedAP.mean,
    at: found.at.map(({ k, mAP, ndcg, acg }) => ({ k, mAP: mAP.mean, ndcg: ndcg.mean, acg: acg.mean })),
    ...effort,
    queries: queries.codes.count,
    database: database.codes.count,
    bitStatistics: bitStatistics(database.codes),
    curve: found.curve,
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
  }
  return { row, perQuery: found.perQuery, ndcgPerQuery: found.ndcgPerQuery }
}
