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
  /** Numbers that learn, of what encodes. */
  readonly parameters: number
  readonly backend: string
}

/** One row of the results: as written to `evaluation/results`. */
export interface Row extends Run, Effort {
  readonly mAP: number
  readonly standardError: number
  readonly precisionWithin2: number
  /** mAP with asymmetric distance as the second key. */
  readonly reranked: number
  readonly weightedAP: number
  readonly at: readonly { readonly k: number, readonly mAP: number, readonly ndcg: number, readonly acg: number }[]
  readonly queries: number
  readonly database: number
  readonly bitStatistics: BitStatistics
  readonly curve: readonly PrecisionRecall[]
  readonly machine: { readonly cpu: string, readonly cores: number, readonly node: string }
}

/** Measures codes and makes their row; beside it what the queries found one by one, for comparisons in pairs. */
export function measured (run: Run, effort: Effort, queries: Labelled, outputs: Float32Array, database: Labelled, cuts?: readonly number[]): { row: Row, perQuery: Float64Array, ndcgPerQuery: Float64Array } {
  const found = retrieval(queries, database, { outputs, ...cuts && { cuts } })
  const row: Row = {
    ...run,
    mAP: found.mAP.mean,
    standardError: found.mAP.standardError,
    precisionWithin2: found.precisionWithin2.mean,
    reranked: found.reranked!.mean,
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
