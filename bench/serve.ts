import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { SearchRequest } from '../proto/gen/hammingbird/v1/search.js'
import { codesOf, type Codes } from './distributions.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson, type Spread } from './report.js'
import { Ghz, type GhzAnswer, type GhzAsk } from './rivals/ghz.js'
import { installRival, pythonRival, RIVAL } from './rivals/python.js'
import { installPython } from './rivals/python-environment.js'
import type { ServeJob } from './serve-child.js'

const PACKAGES = ['faiss-cpu==1.15.1', 'grpcio==1.85.1', 'grpcio-tools==1.85.1', 'numpy==2.4.6']
const rivals = fileURLToPath(new URL('../../bench/rivals', import.meta.url))
const proto = fileURLToPath(new URL('../../proto', import.meta.url))

/** What a load came to. */
interface Row extends GhzAnswer {
  readonly system: string
  readonly load: 'closed' | 'open, half of the most'
  readonly concurrency: number
  /** Of an open load's runs. The other figures are of the run in the middle. */
  readonly p99MsOfRuns?: Spread
}

/** An open load is run so often: one full collection, of the server's or of the machine, is a tenth of a second's answers. */
const OPEN_RUNS = 5

type Ask = Pick<GhzAsk, 'address' | 'proto' | 'call' | 'requests'>

/** A server under load, in a process of its own. */
interface Served extends Disposable {
  /** What it is asked, one after the other. */
  readonly asks: readonly { readonly system: string, readonly ask: Ask }[]
  /** What costs it nothing: how much of an answer's time is the call, the load generator and the machine. */
  readonly nothing?: Ask
}

/**
 * Queries by code from the same load generator to us and to a server as a Python engineer builds one, one after the other: the
 * whole rival where it lies beside the evaluation data, else its way of serving alone (rivals/search_server.py).
 */
export const question: Question = {
  asks: 'how many searches a second over gRPC, and how long each takes, beside FAISS behind grpcio: --codes 1e6 --bits 64 --k 10 --queries 10000 --seconds 6 --systems rival,hammingbird --rival DIRECTORY --concurrency 1,8,32 --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: {
        codes: { type: 'string', default: '1e6' },
        bits: { type: 'string', default: '64' },
        k: { type: 'string', default: '10' },
        queries: { type: 'string', default: '10000' },
        seconds: { type: 'string', default: '6' },
        concurrency: { type: 'string', default: '1,8,32' },
        systems: { type: 'string', default: 'rival,hammingbird' },
        rival: { type: 'string', default: RIVAL },
        json: { type: 'string' }
      }
    })
    const [count, bits, k, seconds] = [values.codes, values.bits, values.k, values.seconds].map(Number) as [number, number, number, number]
    const ghz = Ghz.install()
    const codes = codesOf('clustered', count, bits, Number(values.queries))
    const folder = mkdtempSync(join(tmpdir(), 'hammingbird-serve-'))
    const ended = beginSetting()
    const rows: Row[] = []
    let versions: Readonly<Record<string, string>> = {}
    try {
      writeFileSync(join(folder, 'codes'), codes.bytes)
      for (const name of values.systems.split(',')) {
        const rival = name === 'rival' ? installRival(values.rival) : undefined
        if (rival !== undefined) {
          const { rows: theirs, versions: installed } = await wholeRival(rival, values.rival, ghz, count, seconds)
          rows.push(...theirs)
          versions = { ...versions, ...installed }
          continue
        }
        if (name === 'rival') console.error(`there is no rival in ${values.rival} (--rival): our own server of its kind takes its place`)
        if (name === 'rival') versions = { ...versions, ...Object.fromEntries(PACKAGES.map(one => one.split('==') as [string, string])) }
        using served = await (name === 'rival' ? faissServer(folder, codes, k) : ours(folder, codes, k))
        const run = (ask: Ask, concurrency: number, rate?: number): Promise<GhzAnswer> =>
          ghz.run({ ...ask, concurrency, connections: Math.min(concurrency, 4), seconds, ...(rate === undefined ? {} : { rate }) })
        for (const [i, { system, ask }] of served.asks.entries()) {
          let saturated = 0
          for (const concurrency of values.concurrency.split(',').map(Number)) {
            await run(ask, concurrency) // until V8 has compiled what is asked of it
            const answer = await run(ask, concurrency)
            saturated = Math.max(saturated, answer.requestsPerSecond)
            rows.push({ system, load: 'closed', concurrency, ...answer })
          }
          const open = async (system: string, ask: Ask): Promise<void> => {
            const answers: GhzAnswer[] = []
            while (answers.length < OPEN_RUNS) answers.push(await run(ask, 32, saturated / 2))
            answers.sort((a, b) => a.p99Ms - b.p99Ms)
            rows.push({ system, load: 'open, half of the most', concurrency: 32, ...answers[OPEN_RUNS >> 1]!, p99MsOfRuns: spread(answers.map(({ p99Ms }) => p99Ms)) })
          }
          await open(system, ask)
          if (served.nothing !== undefined && i === 0) await open(`${system}: health checks`, served.nothing)
        }
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
    printTable(['system', 'load', 'concurrency', 'requests a second', 'p50 ms', 'p99 ms', 'p99 of the runs', 'failed'],
      rows.map(row => [row.system, row.load, row.concurrency, Math.round(row.requestsPerSecond), row.p50Ms.toFixed(2), row.p99Ms.toFixed(2), row.p99MsOfRuns === undefined ? '' : `${row.p99MsOfRuns.min.toFixed(1)} to ${row.p99MsOfRuns.max.toFixed(1)}`, row.failed]))
    const setting = ended({ ghz: Ghz.version, ...versions })
    if (values.json !== undefined) writeJson(values.json, { question: 'serve', ...setting, codes: count, bits, k, queries: codes.queries.length, distribution: 'clustered', rows })
  }
}

/** Its stage `code`: the same number of codes of the same distribution, 64 bits, k = 10, at 1, 8 and 32. */
async function wholeRival (python: string, directory: string, ghz: Ghz, codes: number, seconds: number): Promise<{ readonly rows: readonly Row[], readonly versions: Readonly<Record<string, string>> }> {
  const { stages, versions } = await pythonRival(python, ['code'], ['--codes', String(codes), '--seconds', String(seconds), '--images', '1000', '--ghz', ghz.program], directory)
  const { rows } = stages['code'] as { readonly rows: readonly Readonly<Record<string, number>>[] }
  return {
    versions,
    rows: rows.map(row => ({
      system: 'python: FAISS IndexBinaryFlat behind grpcio',
      load: 'closed',
      concurrency: row['concurrency']!,
      requests: row['requests']!,
      failed: row['errors']!,
      requestsPerSecond: row['qps']!,
      p50Ms: row['p50_ms']!,
      p99Ms: row['p99_ms']!
    }))
  }
}

async function ours (folder: string, codes: Codes, k: number): Promise<Served> {
  const child = fork(new URL('./serve-child.js', import.meta.url))
  child.send({ codes: join(folder, 'codes'), bits: codes.bits } satisfies ServeJob)
  const [{ address }] = await once(child, 'message') as [{ readonly address: string }]
  const ask = (idsOnly: boolean): Ask => {
    const requests = codes.queries.map(code => SearchRequest.encode(SearchRequest.fromPartial({ query: { $case: 'code', value: Buffer.from(code) }, k, idsOnly })).finish())
    return { address, proto: [proto, 'hammingbird/v1/search.proto'], call: 'hammingbird.v1.SearchService.Search', requests: writeRequests(join(folder, `ours-${idsOnly}`), requests) }
  }
  return {
    // The rival answers ids and distances, and the load generator, which shares the processors, reads all that it is sent.
    asks: [{ system: 'hammingbird, ids only', ask: ask(true) }, { system: 'hammingbird', ask: ask(false) }],
    nothing: { address, proto: [proto, 'grpc/health/v1/health.proto'], call: 'grpc.health.v1.Health.Check', requests: writeRequests(join(folder, 'checks'), [Buffer.alloc(0)]) },
    [Symbol.dispose]: () => { child.disconnect() }
  }
}

async function faissServer (folder: string, codes: Codes, k: number): Promise<Served> {
  const child = spawn(installPython('search-server', PACKAGES), [join(rivals, 'search_server.py'), join(folder, 'codes'), String(codes.bits), rivals], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [port] = await once(createInterface(child.stdout), 'line') as [string]
  const requests = writeRequests(join(folder, 'faiss'), codes.queries.map(code => new BinaryWriter().uint32(10).bytes(code).uint32(32).uint32(k).finish()))
  return {
    asks: [{ system: 'IndexBinaryFlat behind grpcio', ask: { address: `127.0.0.1:${port}`, proto: [rivals, 'search_server.proto'], call: 'rival.Rival.Search', requests } }],
    [Symbol.dispose]: () => { child.stdin.end() }
  }
}

/** As ghz reads them: each with its length before it. What ghz would take for a template is left out. */
function writeRequests (file: string, requests: readonly Uint8Array[]): string {
  const writer = new BinaryWriter()
  for (const request of requests) if (!Buffer.from(request).includes('{{')) writer.bytes(request)
  writeFileSync(file, writer.finish())
  return file
}
