import type { Row } from '../../evaluation/row.js'
import { numberText } from './cells.js'
import { isRecord, type Record, type Result } from './results.js'

type Line = (results: readonly Result[]) => string | undefined

/** The figures of README.md: one line each, left out where its file is not there. */
export function headlines (results: readonly Result[], rows: readonly Row[]): string {
  const lines = [...[ingest, freshness, ingestKafka, freshnessKafka, search, searchLarge, serve, meaning, encoding, queryWait, kills, killsKafka, away, versions, versionsKafka, slowEncoder].map(line => line(results)), learned(rows)].filter(line => line !== undefined)
  const machines = new Set(results.map(({ setting }) => setting['machine']).filter(machine => typeof machine === 'string'))
  return `\nOn ${[...machines].join('; ')}; versions, spread and load are in [docs/measured.md](docs/measured.md).\n\n${lines.map(line => `- ${line}\n`).join('')}\n`
}

const ingest: Line = results => {
  const row = rowOf(results, 'ingest-embedded', { stage: 'end to end' })
  return row && `**Ingest**: ${spreadText(row, 'imagesPerSecond')} images a second, first publish to last one searchable, version 0, all on one machine.`
}

const freshness: Line = results => {
  const row = rowOf(results, 'freshness-embedded', {})
  return row && `**Fresh**: at ${numberText(numberAt(row, 'imagesPerSecond'))} images a second, half of what saturates, an image is found ${rounded(row, 'foundAfterMs.p50')} ms after it was published (p99 ${rounded(row, 'foundAfterMs.p99')} ms).`
}

const search: Line = results => against(results, 'search-1m-64', 1e6, 'a million')
const searchLarge: Line = results => against(results, 'search-10m-64', 1e7, 'ten million')

const serve: Line = results => {
  const rows = results.find(({ file }) => file.endsWith('/serve.json'))?.rows ?? []
  const most = (is: (system: unknown) => boolean): string => numberText(Math.max(...rows.filter(row => row['load'] === 'closed' && is(row['system'])).map(row => numberAt(row, 'requestsPerSecond'))))
  const half = (system: string): string | undefined => {
    const row = rowOf(results, 'serve', { system, load: 'open, half of the most' })
    return row && `${numberText(numberAt(row, 'p50Ms'))} and ${numberText(numberAt(row, 'p99Ms'))} ms`
  }
  const [ids, whole, checks] = ['hammingbird, ids only', 'hammingbird', 'hammingbird, ids only: health checks'].map(half)
  return ids && `**Served** over gRPC from a million codes, load generator on the same machine: ${most(system => system === 'hammingbird, ids only')} searches a second for ids, ${most(system => system === 'hammingbird')} for whole hits (FAISS behind grpcio, ids: ${most(system => !String(system).startsWith('hammingbird'))}); at half of the most p50 and p99 are ${ids} for ids, ${whole} for whole hits, ${checks} for a call that does nothing.`
}

function against (results: readonly Result[], file: string, codes: number, called: string): string | undefined {
  const of = (system: string) => rowOf(results, file, { system, codes, k: 10, distribution: 'clustered' })
  const [ours, flat] = [of('hammingbird'), of('IndexBinaryFlat')]
  if (!ours || !flat) return undefined
  const [a, b] = [ours, flat].map(row => numberAt(row, 'msPerQuery.median')) as [number, number]
  return `**Search**: the exact 10 nearest of ${called} 64-bit codes (clustered) in ${a.toPrecision(2)} ms, one thread: ${(b / a).toFixed(0)} times as fast as FAISS \`IndexBinaryFlat\` (${b.toPrecision(2)} ms).`
}

const kills: Line = results => {
  const proof = results.find(({ file }) => file.endsWith('/kill.json'))?.setting
  const differences = proof?.['differences']
  return proof && `**Killed** ${numberAt(proof, 'serverKills')} times (and ${numberAt(proof, 'workerKills')} workers) during ${numberText(numberAt(proof, 'steps'))} publishes, updates and deletes: ${Array.isArray(differences) ? differences.length : '?'} differences from a plain loop.`
}

/** What was measured on Kafka with a network, beside what a Python engineer would build. */
function onKafka (results: readonly Result[], question: string, text: (row: Record) => string): string | undefined {
  const of = (file: string, mine: boolean, versionZero?: string): Record | undefined =>
    results.find(result => result.file.endsWith(`/${file}.json`))?.rows.find(row => (row['system'] === 'hammingbird') === mine && row['pipelines'] === 1 && row['killed'] === undefined && row['versionZero'] === versionZero)
  const [zero, net, both, rival] = [of(question, true), of(`${question}-resnet20`, true, 'retired'), of(`${question}-resnet20`, true, 'kept up'), of(`${question}-resnet20`, false) ?? of(question, false)]
  return zero && `${text(zero)} with version 0${net === undefined ? '' : `, ${text(net)} with a ResNet-20 alone`}${both === undefined ? '' : `, ${text(both)} with both`}${rival === undefined ? '' : `; what a Python engineer would build with a ResNet-20: ${text(rival)}`}.`
}

const ingestKafka: Line = results => {
  const line = onKafka(results, 'ingest-kafka', row => `${spreadText(row, 'imagesPerSecond')} images a second`)
  return line && `**Ingest on Kafka**, broker, producer, a pipeline and a server on the same two processors: ${line}`
}

/** The best of each protocol (they come in that order) that says something of its own; the page has all of them, and what was not reached. */
function learned (rows: readonly Row[]): string | undefined {
  const best = (protocol: string, what: string): string[] => {
    const row = rows.find(row => row.protocol === protocol && row.bits <= 64)
    return row ? [`${row.mAP.toFixed(3)} ± ${row.standardError.toFixed(3)} ${what} (${row.recipe}, ${row.bits} bits, ${row.cpuMinutes.toFixed(0)} CPU minutes, protocol ${row.protocol})`] : []
  }
  const found = [...best('F', 'from nothing'), ...best('S', 'from 5,000 labels on two networks of ImageNet'), ...best('unseen', 'on classes that it never saw')]
  return found.length === 0 ? undefined : `**Learned** on CIFAR-10, mAP over the whole database: ${found.join('; ')}. [All of them](evaluation/results/README.md).`
}

const freshnessKafka: Line = results => {
  const line = onKafka(results, 'freshness-kafka', row => `${rounded(row, 'foundAfterMs.p50')} ms (p99 ${rounded(row, 'foundAfterMs.p99')} ms) at ${numberText(numberAt(row, 'imagesPerSecond'))} images a second`)
  return line && `**Fresh on Kafka**, each at half of what saturates it: found after ${line}`
}

const killsKafka: Line = results => {
  const proof = results.find(({ file }) => file.endsWith('/kill-kafka.json'))?.setting
  const differences = proof?.['differences']
  return proof && isRecord(proof['killed']) ? `**Killed on Kafka**: ${Object.entries(proof['killed']).map(([name, times]) => `${name} ${String(times)}`).join(', ')} times, and ${numberAt(proof, 'workerKills')} workers: ${Array.isArray(differences) ? differences.length : '?'} differences.` : undefined
}

const away: Line = results => {
  const proof = results.find(({ file }) => file.endsWith('/kafka-away.json'))?.setting
  return proof && `**Broker away** for ${numberAt(proof, 'awayMs') / 1000} s: ${numberAt(proof, 'searchesFailed')} of ${numberAt(proof, 'searches')} searches failed, no process ended, and a new image was found ${(numberAt(proof, 'foundAfterMs') / 1000).toFixed(0)} s after it was back.`
}

const versions: Line = results => versionsLine(results, 'versions', 'the embedded log')
const versionsKafka: Line = results => versionsLine(results, 'versions-kafka', 'Kafka')

function versionsLine (results: readonly Result[], file: string, log: string): string | undefined {
  const proof = results.find(result => result.file.endsWith(`/${file}.json`))?.setting
  if (proof === undefined) return undefined
  const count = (name: string): number => (proof[name] as readonly unknown[]).length
  return `**Versions** on ${log}: added, promoted and rolled back ${count('history')} times under ${numberText(numberAt(proof, 'searches'))} searches and ${numberText(numberAt(proof, 'published'))} publishes, ` +
    `with ${numberAt(proof, 'serverKills') + numberAt(proof, 'otherKills')} processes and ${numberAt(proof, 'workerKills')} workers killed: ${count('failed')} searches failed, ${count('mixed')} answers of two versions, ${count('differences')} images missing or wrong.`
}

const meaning: Line = results => {
  const at = (bits: number, network: string): string | undefined => {
    const row = rowOf(results, 'added-corel5k', { bits, network, rank: 'newest' })
    return row && numberAt(row, 'labelCosine').toFixed(3)
  }
  const [zero, short, long] = [at(64, 'version 0'), at(64, 'mobilenet-v2'), at(128, 'mobilenet-v2')]
  return short && `**By meaning**, without labels: \`models add mobilenet-v2\` on Corel5K; the labels of the five nearest have a mean cosine of ${short} with 64 bits${long === undefined ? '' : ` and ${long} with 128`}, ${zero} with version 0.`
}

const encoding: Line = results => {
  const ratios = ['resnet20', 'mobilenet-v2', 'vgg16'].flatMap(network => {
    const [ours, torch] = ['hammingbird, in a worker', 'PyTorch, channels last'].map(system => rowOf(results, 'encode', { system, network }))
    return ours && torch ? [`${network} ${(numberAt(ours, 'cpuMs.median') / numberAt(torch, 'cpuMs.median')).toFixed(2)} (${numberText(Math.round(numberAt(ours, 'imagesPerSecond')))} images/s)`] : []
  })
  return ratios.length === 0 ? undefined : `**Encoding** in a worker, processor time beside PyTorch's: ${ratios.join(', ')}.`
}

const queryWait: Line = results => {
  const row = rowOf(results, 'query-wait', { network: 'vgg16' })
  return row && `**A query** beside a backfill with batches of ${rounded(row, 'batchMs')} ms takes ${rounded(row, 'besideBackfillMs.p50')} ms (p99 ${rounded(row, 'besideBackfillMs.p99')} ms, idle ${rounded(row, 'whileIdleMs.p50')} ms).`
}

const slowEncoder: Line = results => {
  const proof = results.find(({ file }) => file.endsWith('/slow-encoder.json'))?.setting
  const quarters = proof?.['quarters']
  return proof && Array.isArray(quarters) ? `**Flat**: ${numberText(numberAt(proof, 'images'))} images through an encoder that is too slow; the most memory in each quarter: ${quarters.map(q => typeof q === 'number' ? numberText(q) : JSON.stringify(q)).join(', ')} MiB.` : undefined
}

function rowOf (results: readonly Result[], name: string, wanted: Record): Record | undefined {
  return results.find(({ file }) => file.endsWith(`/${name}.json`))?.rows.find(row => Object.entries(wanted).every(([field, value]) => row[field] === value))
}

/** The number at a path such as `foundAfterMs.p50`. @throws Error when there is none: the file has another form. */
function numberAt (row: Record, path: string): number {
  let value: unknown = row
  for (const name of path.split('.')) value = isRecord(value as Record) ? (value as Record)[name] : undefined
  if (typeof value !== 'number') throw new Error(`no number ${path} in ${JSON.stringify(row)}`)
  return value
}

function rounded (row: Record, path: string): string {
  return numberAt(row, path).toFixed(0)
}

/** `3,421 (3,008–3,444)` */
function spreadText (row: Record, path: string): string {
  const [median, min, max] = ['median', 'min', 'max'].map(part => numberText(Math.round(numberAt(row, `${path}.${part}`))))
  return `${median} (${min}–${max})`
}
