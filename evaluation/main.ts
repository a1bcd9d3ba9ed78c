import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { HammingbirdError } from '../errors.js'
import { parseOptions } from './options.js'
import { protocols } from './protocols/protocols.js'
import { runEvaluation } from './run.js'

/** `npm run evaluate`. Ends with 0; 2 for options that cannot be; 1 for all else that fails. */
async function main (): Promise<void> {
  const options = parseOptions(process.argv)
  const stop = new AbortController()
  process.once('SIGINT', () => { stop.abort(new Error('stopped; with --checkpoint the same command goes on from here')) })
  const { row, perQuery, ndcgPerQuery } = await runEvaluation(options, stop.signal)
  if (options.json !== undefined) await write(options.json, row)
  if (options.perQuery !== undefined) await write(options.perQuery, { recipe: row.recipe, protocol: row.protocol, seed: row.seed, ap: [...perQuery], ndcg: [...ndcgPerQuery] })

  const about = protocols.get(row.protocol)?.about
  console.log([
    `${row.recipe}, ${row.bits} bits, protocol ${row.protocol}${about === undefined ? '' : `: ${about}`}`,
    `mAP ${row.mAP.toFixed(4)} ± ${row.standardError.toFixed(4)}${row.reranked === undefined ? '' : `, re-ranked ${row.reranked.toFixed(4)}`}, precision within 2 ${row.precisionWithin2.toFixed(4)}`,
    `NDCG@${row.at[0]!.k} ${row.at[0]!.ndcg.toFixed(4)}, distinct codes ${row.bitStatistics.distinct} of ${row.database}, entropy of a bit ${row.bitStatistics.entropy.toFixed(3)}`,
    `${row.cpuMinutes.toFixed(2)} CPU minutes, ${row.wallMinutes.toFixed(2)} minutes, ${row.parameters} parameters, ${(row.multiplyAdds / 1e6).toFixed(1)} M multiply-adds, ${row.backend}`
  ].join('\n'))
}

async function write (file: string, value: unknown): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true })
  await writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`)
}

try {
  await main()
} catch (err) {
  console.error(err instanceof Error ? err.message : err)
  process.exitCode = err instanceof HammingbirdError && err.code === 'HAMMINGBIRD_INVALID' ? 2 : 1
}
