import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { CodeAnswer, CodeQuery } from '../index-server/store/code-store.js'
import { HotCodeStore } from '../index-server/store/hot-tier/hot-code-store.js'
import { Threads } from '../index-server/store/hot-tier/threads.js'
import { blocksOf, codesOf, type Codes, type Distribution } from './distributions.js'
import { learnedCodes } from './learned-codes.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson, type Spread } from './report.js'
import { Faiss, type FaissIndex } from './rivals/faiss.js'
import { MihRs } from './rivals/mih-rs.js'
import { Usearch, spread as spreadBits } from './rivals/usearch.js'

/** One row: a system's time for one kind of search. */
interface Row {
  readonly system: string
  readonly codes: number
  readonly bits: number
  readonly k?: number
  readonly radius?: number
  readonly distribution: Distribution
  /**
   * Mean of all queries of a round; median, least and most of the rounds. Processor time of the system's own process, which
   * has one thread: on a machine that does nothing else it is the time that passes; on others it does not count what they take.
   */
  readonly msPerQuery: Spread
  /** Share of what was asked that was found: 1 is exact, checked against IndexBinaryFlat, answer by answer. */
  readonly recall: number
  readonly bytesPerCode: number
}

type Ask = { readonly k?: number, readonly radius?: number }

/** Searches once for all queries, and says how long that took and how far what it found was. */
interface System {
  readonly name: string
  readonly bytesPerCode: number
  readonly search: (ask: Ask) => Promise<{ readonly ms: number, readonly distances: readonly (readonly number[])[] } | undefined>
}

/** How long a round of ours lasts at least. */
const LEAST_MS = 100
/** Searches of a batch. */
const TOGETHER = 32
const EF_SEARCH = [32, 128]

export const question: Question = {
  asks: 'how long a search takes beside FAISS and usearch: --codes 1e6,1e7 --bits 64 --k 10 --radius 6 --distribution clustered --matrix --rivals flat,multihash,pynear,mih-rs (hnsw, usearch: minutes to build) --json FILE',
  async run (args) {
    const { values } = parseArgs({
      args,
      options: {
        codes: { type: 'string', default: '1e6' },
        bits: { type: 'string', default: '64' },
        k: { type: 'string' },
        radius: { type: 'string' },
        distribution: { type: 'string', default: 'clustered' },
        queries: { type: 'string', default: '200' },
        rounds: { type: 'string', default: '5' },
        rivals: { type: 'string', default: 'flat,multihash,hnsw,usearch,pynear,mih-rs' },
        matrix: { type: 'boolean', default: false },
        data: { type: 'string', default: process.env['HAMMINGBIRD_EVALUATION_DATA'] ?? '../shared/data' },
        json: { type: 'string' }
      }
    })
    const asks = values.matrix ? asksOf('1,10,100', '2,6,10') : asksOf(values.k ?? (values.radius === undefined ? '10' : ''), values.radius ?? '')
    const distributions = values.matrix ? ['uniform', 'clustered', 'learned'] as const : values.distribution.split(',') as Distribution[]
    const ended = beginSetting()
    const rows: Row[] = []
    await using faiss = Faiss.open()
    const versions = { ...await faiss.versions(), ...values.rivals.includes('usearch') ? { usearch: Usearch.version } : {}, ...values.rivals.includes('mih-rs') ? { 'mih-rs': MihRs.version } : {} }
    for (const bits of numbers(values.bits)) {
      for (const distribution of distributions) {
        const learned = distribution === 'learned' ? await learnedCodes(`${values.data}/cifar10`, bits) : undefined
        for (const count of numbers(values.codes)) {
          const codes = codesOf(distribution, count, bits, Number(values.queries), learned)
          rows.push(...await compare(codes, distribution, asks, Number(values.rounds), faiss, values.rivals.split(',')))
          // After each table: a run of hours that ends early has not been in vain.
          if (values.json !== undefined) writeJson(values.json, { question: 'search', ...ended(versions), rounds: Number(values.rounds), queries: Number(values.queries), threads: 1, clock: 'processor time', rows })
        }
      }
    }
    const setting = ended(versions)
    console.log(`${setting.machine}; load ${setting.load.map(load => load.toFixed(1)).join(' to ')}; ${Object.entries(setting.versions).map(version => version.join(' ')).join(', ')}`)
  }
}

/** All systems over the same codes and queries; in every round each is asked once, so that what else the machine does meets all alike. */
async function compare (codes: Codes, distribution: Distribution, asks: readonly Ask[], rounds: number, faiss: Faiss, rivals: readonly string[]): Promise<Row[]> {
  await using threads = Threads.open(0)
  await using store = await HotCodeStore.open({ bits: codes.bits, threads }, blocksOf(codes))
  // One thread of its own: scans that are asked for together go over the codes together.
  await using aside = Threads.open(1)
  await using shared = await HotCodeStore.open({ bits: codes.bits, threads: aside }, blocksOf(codes))
  await using mih = rivals.includes('mih-rs') && codes.bits === 64 ? await MihRs.open(codes) : undefined
  const systems = [ours(store, codes, 'hammingbird'), ours(store, codes, 'hammingbird, scan only', 'scan'), ours(shared, codes, `hammingbird, scan only, ${TOGETHER} at once`, 'scan', TOGETHER), ...await faissSystems(faiss, codes, rivals), ...mih ? [mihSystem(mih, codes)] : [], ...rivals.includes('usearch') ? usearchSystems(codes) : []]
  const rows: Row[] = []
  for (const ask of asks) {
    const times = new Map<System, number[]>()
    const recalls = new Map<System, number>()
    for (let round = 0; round <= rounds; round++) { // the first warms up, and is checked
      const answers = new Map<System, readonly (readonly number[])[]>()
      for (const system of systems) {
        const answer = await system.search(ask)
        if (answer === undefined) continue
        answers.set(system, answer.distances)
        if (round > 0) times.set(system, [...times.get(system) ?? [], answer.ms / codes.queries.length])
      }
      const exact = answers.get(systems.find(({ name }) => name === 'IndexBinaryFlat')!)!
      if (round === 0) for (const [system, found] of answers) recalls.set(system, recallOf(found, exact, ask))
    }
    const flat = spread(times.get(systems.find(({ name }) => name === 'IndexBinaryFlat')!)!).median
    const those = [...times].map(([system, of]): Row => ({
      system: system.name,
      codes: codes.count,
      bits: codes.bits,
      ...ask,
      distribution,
      msPerQuery: spread(of),
      recall: recalls.get(system)!,
      bytesPerCode: system.bytesPerCode
    }))
    console.log(`\n${distribution}, ${codes.count} codes of ${codes.bits} bits, ${ask.k === undefined ? `radius ${ask.radius}` : `k = ${ask.k}`}`)
    printTable(['system', 'ms a query', 'least', 'most', 'times Flat', 'recall', 'bytes a code'], those.map(row => [row.system,
      ...[row.msPerQuery.median, row.msPerQuery.min, row.msPerQuery.max].map(ms => ms.toFixed(4)), (flat / row.msPerQuery.median).toFixed(1), row.recall.toFixed(3), row.bytesPerCode.toFixed(0)]))
    const wrong = those.find(row => row.system.startsWith('hammingbird') && row.recall !== 1)
    if (wrong !== undefined) throw new Error(`${wrong.system} is not exact`)
    rows.push(...those)
  }
  return rows
}

/** @param together how many queries are asked at once. */
function ours (store: HotCodeStore, codes: Codes, name: string, plan?: 'scan', together = 1): System {
  const searchAll = async (query: Omit<CodeQuery, 'code'>): Promise<CodeAnswer[]> => {
    const answers: CodeAnswer[] = []
    for (let at = 0; at < codes.queries.length; at += together) {
      if (together === 1) answers.push(await store.search({ ...query, code: codes.queries[at]! }))
      else answers.push(...await Promise.all(codes.queries.slice(at, at + together).map(code => store.search({ ...query, code }))))
    }
    return answers
  }
  return {
    name,
    bytesPerCode: store.heldBytes / codes.count,
    search: async ask => {
      const query = { ...ask, ...plan === undefined ? {} : { plan } }
      const answers = await searchAll(query)
      // All queries may take a few milliseconds together, too little to measure: again and again, then, for a while.
      let times = 0
      const began = process.cpuUsage()
      do {
        await searchAll(query)
        times++
      } while (processorMs(began) < LEAST_MS)
      const ms = processorMs(began) / times
      return { ms, distances: answers.map(({ groups }) => groups.flatMap(({ distance, ordinals }) => Array.from(ordinals, () => distance)).slice(0, ask.k)) }
    }
  }
}

async function faissSystems (faiss: Faiss, codes: Codes, rivals: readonly string[]): Promise<System[]> {
  const versions = await faiss.versions()
  const folder = '.cache/bench'
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/codes.bin`, codes.bytes)
  writeFileSync(`${folder}/queries.bin`, Buffer.concat(codes.queries))
  await faiss.codes(`${folder}/codes.bin`, `${folder}/queries.bin`, codes.bits)
  rmSync(folder, { recursive: true })
  const system = async (name: string, index: FaissIndex, efSearch?: number): Promise<System> => ({
    name,
    bytesPerCode: index === 'flat' ? codes.bits / 8 : built.get(index)! / codes.count,
    search: async ask => {
      if (index !== 'flat' && ask.radius !== undefined) return undefined
      const { msPerQuery, distances } = await faiss.search({ index, ...ask, queries: codes.queries.length, distances: true, ...efSearch === undefined ? {} : { efSearch } })
      return { ms: msPerQuery * codes.queries.length, distances: distances! }
    }
  })
  const built = new Map<FaissIndex, number>()
  // Ours are checked against Flat, so it always runs; a graph of more codes takes hours to build.
  const kinds = (['flat', 'multihash', 'hnsw', 'pynear'] as const).filter(kind => kind === 'flat' || (rivals.includes(kind) && (kind === 'multihash' || codes.count <= 1e6) && (kind !== 'pynear' || 'pynear' in versions)))
  for (const kind of kinds) built.set(kind, (await faiss.build(kind)).bytes)
  return Promise.all([
    system('IndexBinaryFlat', 'flat'),
    ...kinds.includes('multihash') ? [system('IndexBinaryMultiHash', 'multihash')] : [],
    ...kinds.includes('pynear') ? [system('pynear MIH', 'pynear')] : [],
    ...kinds.includes('hnsw') ? EF_SEARCH.map(efSearch => system(`IndexBinaryHNSW, efSearch ${efSearch}`, 'hnsw', efSearch)) : []
  ])
}

function mihSystem (mih: MihRs, { queries, count }: Codes): System {
  return {
    name: 'mih-rs',
    bytesPerCode: mih.bytes / count,
    search: async ask => {
      const { msPerQuery, distances } = await mih.search(ask)
      return { ms: msPerQuery * queries.length, distances }
    }
  }
}

function usearchSystems (codes: Codes): System[] {
  const usearch = codes.count <= 1e6 ? Usearch.open() : undefined
  if (usearch === undefined) return []
  const before = process.memoryUsage.rss()
  usearch.build(codes)
  const bytes = process.memoryUsage.rss() - before
  const queries = codes.queries.map(spreadBits)
  return [{
    name: 'usearch b1',
    bytesPerCode: bytes / codes.count,
    search: async ({ k }) => {
      if (k === undefined) return undefined
      const began = process.cpuUsage()
      const distances = usearch.search(queries, k)
      return { ms: processorMs(began), distances }
    }
  }]
}

/** Of what was asked: with k, how many of those found are as near as the k-th; within a radius, how many were found. */
function recallOf (found: readonly (readonly number[])[], exact: readonly (readonly number[])[], { k }: Ask): number {
  let asked = 0
  let right = 0
  for (const [i, distances] of exact.entries()) {
    const farthest = k === undefined ? Infinity : distances[distances.length - 1]!
    asked += distances.length
    right += Math.min(distances.length, found[i]!.filter(distance => distance <= farthest).length)
    // As many as asked, but not the same: counted as none right, so that it cannot pass for exact.
    const mine = found[i]!.slice().sort((a, b) => a - b)
    if (mine.length === distances.length && mine.every(distance => distance <= farthest) && !mine.every((distance, at) => distance === distances[at])) right -= distances.length
  }
  return asked === 0 ? 1 : right / asked
}

function processorMs (began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1e3
}

function asksOf (ks: string, radii: string): Ask[] {
  return [...numbers(ks).map(k => ({ k })), ...numbers(radii).map(radius => ({ radius }))]
}

function numbers (list: string): number[] {
  return list.split(',').filter(Boolean).map(Number)
}
