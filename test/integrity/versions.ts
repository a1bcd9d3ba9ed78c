import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient, Position, Version } from '../../client/index.js'
import { codeOf, codes as errorCodes, HammingbirdError, type ErrorCode } from '../../errors.js'
import { hammingDistance } from '../../hamming/distance.js'
import { hammingbird } from '../fixtures/command-line.js'
import { smallModel } from '../fixtures/small-model.js'
import { seeded } from './history.js'
import type { Deployment } from './deployment.js'
import { ServerProcess } from './server-process.js'
import { codesUnder, type VersionCodes } from './version-codes.js'

export interface VersionsOptions {
  /** @default a server with an embedded log */
  readonly open?: (directory: string, random: () => number) => Promise<Deployment>
  /** PNG files. */
  readonly pictures: readonly { readonly png: Buffer }[]
  /** Images published before anything else; during the run as many a second as `publishesPerSecond`. */
  readonly images: number
  readonly publishesPerSecond: number
  /** Searches that are under way at any time. */
  readonly searchers: number
  /** How often a process is killed between two changes of versions. */
  readonly killsBetween: number
  /** Weights of ResNet-20 as a layers folder, for `models add`; without them a small model takes their place. */
  readonly weights?: string | undefined
  readonly seed: number
  readonly tell: (line: string) => void
}

export interface VersionsResult {
  readonly published: number
  readonly searches: number
  /** Searches that were asked again because the server was down, by what they were told. */
  readonly askedAgain: Readonly<Record<string, number>>
  readonly serverKills: number
  readonly otherKills: number
  readonly workerKills: number
  /** Answers by the version that they name. */
  readonly answeredBy: Readonly<Record<string, number>>
  /** What was done, in order, as the history has it. */
  readonly history: readonly string[]
  /** Searches that failed though the server was not down: none. */
  readonly failed: readonly string[]
  /** Answers that are not of the one version that they name, or of one that was not live: none. */
  readonly mixed: readonly string[]
  /** What is missing, or is not as a plain loop would have it: nothing. */
  readonly differences: readonly string[]
  readonly unexpectedExits: number
  readonly exitCode: number | null
}

/** What a client that is told it asks again, since the server is down or only just starts. */
const DOWN: ReadonlySet<ErrorCode> = new Set(['HAMMINGBIRD_UNREACHABLE', 'HAMMINGBIRD_NOT_OPEN'])
const MOST = 20
const LONGEST_START_MS = 300_000
const K = 10

/** An answer, to be held to what its version makes of the pictures. */
interface Answer {
  readonly version: string
  readonly picture: number
  readonly hits: readonly { readonly id: string, readonly distance: number }[]
}

/**
 * Adds versions, backfills, promotes and rolls back while images are published and searched for without a pause, and while servers and workers
 * are killed. Every answer is held to the version that it names, and in the end every version to a plain loop.
 */
export async function versionsTest (options: VersionsOptions): Promise<VersionsResult> {
  const { open = (directory: string) => ServerProcess.open(directory), seed } = options
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-versions-'))
  const random = seeded(seed)
  const deployment = await open(directory, random)
  try {
    deployment.start()
    return await new Run(options, deployment, random, directory).run()
  } finally {
    await deployment.destroy()
    await rm(directory, { recursive: true, force: true })
  }
}

class Run {
  readonly #options: VersionsOptions
  readonly #deployment: Deployment
  readonly #random: () => number
  readonly #directory: string
  readonly #acknowledged: { readonly id: string, readonly picture: number, readonly position: Position }[] = []
  readonly #ends = new Map<number, Position>()
  readonly #answers: Answer[] = []
  readonly #failed: string[] = []
  readonly #mixed: string[] = []
  readonly #askedAgain: Record<string, number> = {}
  readonly #answeredBy: Record<string, number> = {}
  readonly #done: string[] = []
  #searches = 0
  #kills = { server: 0, other: 0, worker: 0 }
  /** From when a server is killed until it has answered again. */
  #down = false
  /** Which versions may answer now: two while a change is under way. */
  #mayAnswer: readonly string[] = ['v0']
  #changes = 0
  #stopping = false

  constructor (options: VersionsOptions, deployment: Deployment, random: () => number, directory: string) {
    this.#options = options
    this.#deployment = deployment
    this.#random = random
    this.#directory = directory
  }

  async run (): Promise<VersionsResult> {
    const { images, searchers, publishesPerSecond, tell } = this.#options
    await this.#publish(images, Infinity)
    tell(`${images} images published`)
    const load = [this.#publish(Infinity, publishesPerSecond), ...Array.from({ length: searchers }, (_, i) => this.#search(i))]
    try {
      await this.#change()
    } finally {
      this.#stopping = true
    }
    await Promise.all(load)
    tell(`${this.#searches} searches, ${this.#acknowledged.length} images; comparing`)
    await using client = await this.#deployment.client()
    await client.search({ code: Buffer.alloc(8), k: 1, version: 'v0', minPosition: [...this.#ends.values()] }, { timeoutMs: 120_000 })
    const versions = await client.models.list()
    for (const { name } of versions) await client.search({ id: this.#acknowledged[0]!.id, k: 1, version: name, minPosition: [...this.#ends.values()] }, { timeoutMs: 120_000 })
    const codes = new Map<string, VersionCodes>()
    for (const { name } of versions) codes.set(name, await codesUnder(client, name, this.#options.pictures.map(({ png }) => png), join(this.#directory, 'reference')))
    this.#holdAnswers(codes)
    return {
      published: this.#acknowledged.length,
      searches: this.#searches,
      askedAgain: this.#askedAgain,
      serverKills: this.#kills.server,
      otherKills: this.#kills.other,
      workerKills: this.#kills.worker,
      answeredBy: this.#answeredBy,
      history: this.#done,
      failed: this.#failed,
      mixed: this.#mixed,
      differences: [...await this.#compare(client, versions, codes), ...await this.#compareHistory(client)],
      unexpectedExits: this.#deployment.unexpectedExits,
      exitCode: await this.#deployment.stop()
    }
  }

  /** The changes of versions, one after the other, with kills before, in the midst of and after each. */
  async #change (): Promise<void> {
    const { weights, tell } = this.#options
    const first = weights === undefined ? this.#publishSmall(1) : this.#add(weights)
    await this.#killing()
    await first
    await this.#move('promoted', 'v1', client => client.models.promote('v1', { actor: 'proof' }))
    await this.#killing()
    await this.#move('rolled-back', 'v0', client => client.models.rollback('v0', { actor: 'proof' }))
    const second = this.#publishSmall(2)
    await this.#killing()
    await second
    await this.#move('promoted', 'v2', client => client.models.promote('v2', { actor: 'proof' }))
    await this.#killing()
    await this.#move('promoted', 'v1', client => client.models.promote('v1', { actor: 'proof' }))
    await this.#move('rolled-back', 'v2', client => client.models.rollback('v2', { actor: 'proof' }))
    await this.#killing()
    tell(`history: ${this.#done.join(', ')}`)
  }

  async #killing (): Promise<void> {
    for (let i = 0; i < this.#options.killsBetween; i++) {
      await sleep(500 + this.#random() * 1500)
      const workers = this.#deployment.workers()
      if (this.#random() < 0.5 && workers.length > 0) {
        try {
          process.kill(workers[Math.floor(this.#random() * workers.length)]!, 'SIGKILL')
          this.#kills.worker++
        } catch {
          // It ended just now.
        }
        continue
      }
      this.#down = true // before it is killed: what fails as it dies is told so
      const killed = await this.#deployment.kill()
      if (killed === 'server') this.#kills.server++
      else this.#kills.other++
      if (killed !== 'server') this.#down = false
      this.#deployment.start()
      if (killed !== 'server') continue
      await this.#untilAnswered()
      this.#down = false
    }
  }

  /** Until a new connection has got an answer: calls on older ones have learned of the death by then. */
  async #untilAnswered (): Promise<void> {
    for (const end = Date.now() + LONGEST_START_MS; ;) {
      try {
        await using client = await this.#deployment.client()
        await client.search({ code: Buffer.alloc(8), k: 1, version: 'v0' })
        break
      } catch (err) {
        if (!DOWN.has(codeOf(err)) || Date.now() > end) throw err // Kafka takes its time to let a second one of that name in
      }
    }
    await sleep(200)
  }

  /** `hammingbird models add`, as often as it takes. */
  async #add (weights: string): Promise<void> {
    for (;;) {
      const address = await this.#again(async () => this.#deployment.address)
      const { code, stderr } = await hammingbird(['models', 'add', 'resnet20-cifar10', '--from', weights, '--pictures', '256', '--no-promote'], { server: address })
      if (code === 0) break
      if (code !== 3) this.#options.tell(`models add ended with ${code}: ${stderr.trim().split('\n').at(-1)}`)
      await sleep(200)
    }
    this.#done.push('published v1')
  }

  async #publishSmall (number: number): Promise<void> {
    const directory = join(this.#directory, `model-${number}`)
    await smallModel(directory, { seed: number })
    const { publishModel } = await import('../../cli/model-directory.js')
    await this.#again(client => publishModel(client, directory, new AbortController().signal, () => undefined))
    this.#done.push(`published v${number}`)
  }

  /** Moves live, and asks again until it is done: a version that is live already was made so by a call whose answer was lost. */
  async #move (event: string, version: string, move: (client: HammingbirdClient) => Promise<unknown>): Promise<void> {
    const [before] = this.#mayAnswer
    this.#mayAnswer = [before!, version]
    this.#changes++
    for (;;) {
      try {
        await this.#again(async client => {
          for (let ready = event !== 'promoted'; !ready; await sleep(100)) ready = (await client.models.backfill(version))[0]!.caughtUp
          await move(client)
        })
        break
      } catch (err) {
        if (codeOf(err) === 'HAMMINGBIRD_ALREADY_EXISTS') break
        throw err
      }
    }
    this.#changes++
    this.#mayAnswer = [version]
    this.#done.push(`${event} ${version}`)
    this.#options.tell(`${event} ${version} after ${this.#searches} searches`)
  }

  /** Publishes images under ids of their own, each until it is acknowledged. */
  async #publish (count: number, perSecond: number): Promise<void> {
    const { pictures } = this.#options
    const begunMs = performance.now()
    for (let i = 0; count === Infinity ? !this.#stopping : i < count;) {
      const next = this.#acknowledged.length
      const size = perSecond === Infinity ? Math.min(50, count - i) : 1
      const images = Array.from({ length: size }, (_, at) => ({ id: `image/${next + at}`, image: pictures[(next + at) % pictures.length]!.png, picture: (next + at) % pictures.length }))
      const positions = await this.#again(async client => {
        const positions: Position[] = []
        for await (const { position, refusal } of client.publish(images)) {
          if (refusal !== undefined) throw new Error(refusal.message)
          positions.push(position!)
        }
        if (positions.length < images.length) throw new HammingbirdError('HAMMINGBIRD_UNREACHABLE', 'the stream ended without an answer')
        return positions
      })
      for (const [at, position] of positions.entries()) {
        this.#acknowledged.push({ id: images[at]!.id, picture: images[at]!.picture, position })
        if (position.offset >= (this.#ends.get(position.partition)?.offset ?? -1)) this.#ends.set(position.partition, position)
      }
      i += size
      const dueMs = begunMs + i * 1000 / perSecond
      if (dueMs > performance.now()) await sleep(dueMs - performance.now())
    }
  }

  /** One after the other: now for an image that is there, now for one that was only just published. */
  async #search (searcher: number): Promise<void> {
    for (let turn = searcher; !this.#stopping; turn++) {
      const known = this.#acknowledged.length
      const newest = turn % 4 === 0
      const wanted = this.#acknowledged[newest ? known - 1 : Math.floor(this.#random() * known)]!
      const image = this.#options.pictures[wanted.picture]!.png
      const [may, changes] = [this.#mayAnswer, this.#changes]
      const answer = await this.#again(client => client.search({ image, k: K, ...(newest ? { minPosition: [wanted.position] } : {}) }, { timeoutMs: 120_000 }), true)
      const { version, hits } = answer
      this.#searches++
      this.#answeredBy[version] = (this.#answeredBy[version] ?? 0) + 1
      const allowed = changes === this.#changes ? may : [...may, ...this.#mayAnswer]
      if (changes + 2 >= this.#changes && !allowed.includes(version)) note(this.#mixed, `${version} answered when ${allowed.join(' or ')} could`)
      if (hits.some(({ codeVersion }) => codeVersion !== version)) note(this.#mixed, `${version} answered with codes of ${hits.map(({ codeVersion }) => codeVersion).join()}`)
      this.#answers.push({ version, picture: wanted.picture, hits: hits.map(({ id, distance }) => ({ id, distance })) })
      // Whoever names a position finds what was published there, under whichever version answers; of the same picture, the newest first.
      if (newest && hits[0]?.distance !== 0) note(this.#failed, `${wanted.id} was not found under ${version} by its position`)
    }
  }

  /** Makes a call, on a new connection after each failure, while the server is down. @param search whether it is one of the searches that must not fail. */
  async #again<T> (call: (client: HammingbirdClient) => Promise<T>, search = false): Promise<T> {
    for (;;) {
      const downBefore = this.#down
      let client: HammingbirdClient | undefined
      try {
        client = this.#free.pop() ?? await this.#deployment.client()
        const answer = await call(client)
        this.#free.push(client)
        return answer
      } catch (err) {
        await client?.close()
        const code = codeOf(err)
        const excused = DOWN.has(code) && (downBefore || this.#down)
        if (search) {
          this.#askedAgain[code] = (this.#askedAgain[code] ?? 0) + 1
          if (!excused) note(this.#failed, `a search failed while the server was up: ${code}: ${(err as Error).message}`)
        } else if (!DOWN.has(code) && !errorCodes[code].retryable) throw err
        await sleep(50)
      }
    }
  }

  /** Connections nobody uses. */
  readonly #free: HammingbirdClient[] = []

  /** Every distance in every answer is that of codes which the version it names makes of the two pictures. */
  #holdAnswers (codes: ReadonlyMap<string, VersionCodes>): void {
    const pictureOf = (id: string): number => Number(id.slice('image/'.length)) % this.#options.pictures.length
    for (const { version, picture, hits } of this.#answers) {
      const { code, unsure } = codes.get(version)!
      for (const { id, distance } of hits) {
        const other = pictureOf(id)
        const right = hammingDistance(code[picture]!, code[other]!)
        if (Math.abs(right - distance) > (picture === other ? 0 : unsure[picture]! + unsure[other]!)) note(this.#mixed, `${version}: ${id} at distance ${distance} of picture ${picture}, its codes are ${right} apart`)
      }
    }
  }

  async #compare (client: HammingbirdClient, versions: readonly Version[], codes: ReadonlyMap<string, VersionCodes>): Promise<readonly string[]> {
    const differences: string[] = []
    const found = new Map<string, { readonly codes: Readonly<Record<string, { readonly code: Buffer, readonly stale: boolean }>> }>()
    for await (const { id, codes } of client.exportItems()) found.set(id, { codes })
    if (found.size !== this.#acknowledged.length) note(differences, `${found.size} images, ${this.#acknowledged.length} were acknowledged`)
    for (const { name, bits } of versions) {
      const { code, unsure } = codes.get(name)!
      for (const { id, picture } of this.#acknowledged) {
        const own = found.get(id)?.codes[name]
        if (own === undefined || own.stale) note(differences, `${id}: ${own === undefined ? 'no code' : 'stale'} under ${name}`)
        else if (own.code.length !== bits / 8 || hammingDistance(own.code, code[picture]!) > unsure[picture]!) note(differences, `${id}: its code under ${name} is not what its model makes of it`)
      }
      // The tables too, not only the items.
      for (let at = 0; at < this.#acknowledged.length; at += Math.ceil(this.#acknowledged.length / 50)) {
        const { id } = this.#acknowledged[at]!
        const query = found.get(id)!.codes[name]!.code
        const hits: string[] = []
        for await (const page of client.searchPages({ code: query, radius: 4, version: name })) hits.push(...page.hits.map(({ id }) => id))
        const right = [...found].filter(([, { codes }]) => hammingDistance(codes[name]!.code, query) <= 4).map(([id]) => id)
        if (JSON.stringify(hits.sort()) !== JSON.stringify(right.sort())) note(differences, `${name}: within 4 of ${id} it found ${hits.length}, there are ${right.length}`)
      }
    }
    for (const { version, coded, setAside, waiting } of await client.models.backfill()) {
      if (coded !== this.#acknowledged.length || setAside !== 0 || waiting !== 0) note(differences, `${version}: ${coded} coded, ${setAside} set aside, ${waiting} waiting of ${this.#acknowledged.length}`)
    }
    return differences
  }

  /** What was done, each once and in its order; and what is live follows from it. */
  async #compareHistory (client: HammingbirdClient): Promise<readonly string[]> {
    const differences: string[] = []
    const entries = await client.models.history()
    const told = entries.map(({ event, version }) => `${event} ${version}`)
    if (JSON.stringify(told) !== JSON.stringify(this.#done)) note(differences, `the history is ${told.join(', ')}, done was ${this.#done.join(', ')}`)
    const offsets = entries.map(({ position }) => position!.offset)
    if (offsets.some((offset, i) => i > 0 && offset <= offsets[i - 1]!)) note(differences, `the history is out of order: ${offsets.join()}`)
    let [live, previous] = ['v0', '']
    for (const entry of entries) {
      if (entry.event !== 'published') [live, previous] = [entry.version, live]
      if (entry.live !== live || entry.previous !== previous) note(differences, `${entry.event} ${entry.version} led to ${entry.live} and ${entry.previous}, not ${live} and ${previous}`)
    }
    if ((await client.models.get('live')).name !== live) note(differences, `${live} should be live`)
    return differences
  }
}

function note (list: string[], what: string): void {
  if (list.length < MOST) list.push(what)
}
