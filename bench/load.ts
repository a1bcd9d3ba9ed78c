import { parseArgs } from 'node:util'
import { HotCodeStore } from '../index-server/store/hot-tier/hot-code-store.js'
import { Threads } from '../index-server/store/hot-tier/threads.js'
import { blocksOf, codesOf } from './distributions.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson } from './report.js'

/** Loads codes that are in memory already: what reading them costs is the disk's. Processor time of all threads: one works at a time. */
export const question: Question = {
  asks: 'how fast codes are loaded into the hot tier at start: --codes 1e6 --bits 64,256 --rounds 5 --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: { codes: { type: 'string', default: '1e6' }, bits: { type: 'string', default: '64,256' }, rounds: { type: 'string', default: '5' }, json: { type: 'string' } }
    })
    const ended = beginSetting()
    const rows = []
    for (const bits of values.bits.split(',').map(Number)) {
      for (const count of values.codes.split(',').map(Number)) {
        const codes = codesOf('clustered', count, bits, 1)
        const seconds: number[] = []
        let heldBytes = 0
        for (let round = 0; round < Number(values.rounds); round++) {
          await using threads = Threads.open(0)
          const began = process.cpuUsage()
          await using store = await HotCodeStore.open({ bits, threads }, blocksOf(codes))
          const { user, system } = process.cpuUsage(began)
          seconds.push((user + system) / 1e6)
          heldBytes = store.heldBytes
        }
        rows.push({ bits, codes: count, seconds: spread(seconds), codesPerSecond: Math.round(count / spread(seconds).median), bytesPerCode: heldBytes / count })
      }
    }
    printTable(['bits', 'codes', 'seconds', 'codes a second', 'bytes a code'], rows.map(row => [row.bits, row.codes, row.seconds.median.toFixed(2), row.codesPerSecond, row.bytesPerCode.toFixed(1)]))
    const setting = ended({})
    if (values.json !== undefined) writeJson(values.json, { question: 'load', ...setting, clock: 'processor time', rows })
  }
}
