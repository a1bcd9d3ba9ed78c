import { HammingbirdError } from '../errors.js'
import { makeAskedDirectory, makeReadyFor, writeAsked } from './asked-files.js'
import { runCommand } from './command.js'
import { parseOptions } from './options.js'
import { protocols } from './protocols/protocols.js'
import type { Row } from './row.js'
import { runEvaluation } from './run.js'
import { saveModel } from './saved.js'

/** `npm run evaluate` */
async function main (signal: AbortSignal): Promise<void> {
  const { options, way } = parseOptions(process.argv)
  const { checkpoint, save, json, perQuery: each } = options
  // Before minutes are spent on it: what can be known of writing is known now.
  for (const directory of [checkpoint, save]) if (directory !== undefined) await makeAskedDirectory(directory)
  for (const file of [json, each]) if (file !== undefined) await makeReadyFor(file)

  const { row, perQuery, ndcgPerQuery, model } = await runEvaluation(options, way, signal).catch(err => { throw signal.aborted ? stopped(checkpoint) : err })
  console.log(summary(row))
  // The figures are out. None of these keeps another from being written.
  const written = await Promise.allSettled([
    model && save !== undefined && saveModel(save, model),
    json !== undefined && writeAsked(json, row),
    each !== undefined && writeAsked(each, { recipe: row.recipe, protocol: row.protocol, seed: row.seed, ap: [...perQuery], ndcg: [...ndcgPerQuery] })
  ])
  const failed = written.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  if (failed.length > 0) throw new HammingbirdError('HAMMINGBIRD_STORAGE', failed.map(({ reason }) => (reason as Error).message).join('; '), { cause: failed[0]!.reason })
}

function summary ({ recipe, bits, protocol, mAP, standardError, reranked, precisionWithin2, at, bitStatistics, database, cpuMinutes, wallMinutes, parameters, multiplyAdds, backend }: Row): string {
  const about = protocols.get(protocol)?.about
  return [
    `${recipe}, ${bits} bits, protocol ${protocol}${about === undefined ? '' : `: ${about}`}`,
    `mAP ${mAP.toFixed(4)} ± ${standardError.toFixed(4)}${reranked === undefined ? '' : `, re-ranked ${reranked.toFixed(4)}`}, precision within 2 ${precisionWithin2.toFixed(4)}`,
    `NDCG@${at[0]!.k} ${at[0]!.ndcg.toFixed(4)}, distinct codes ${bitStatistics.distinct} of ${database}, entropy of a bit ${bitStatistics.entropy.toFixed(3)}`,
    `${cpuMinutes.toFixed(2)} CPU minutes, ${wallMinutes.toFixed(2)} minutes, ${parameters} parameters, ${(multiplyAdds / 1e6).toFixed(1)} M multiply-adds, ${backend}`
  ].join('\n')
}

function stopped (checkpoint: string | undefined): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_CANCELLED', checkpoint === undefined
    ? 'stopped, and nothing is kept: with --checkpoint DIRECTORY the same command would go on from here'
    : `stopped: the same command goes on from what ${checkpoint} has`)
}

await runCommand(main)
