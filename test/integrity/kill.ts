import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient, Position } from '../../client/index.js'
import { hammingDistance } from '../../hamming/distance.js'
import { replay, seeded, history, type Expected, type Step } from './history.js'
import { ServerProcess } from './server-process.js'

/** What runs while processes are killed. */
export interface Deployment {
  /** Processes that ended by themselves: none may. */
  readonly unexpectedExits: number
  /** Starts what does not run. */
  start (): void
  /** A client of it, once it answers. */
  client (): Promise<HammingbirdClient>
  /** Pids of its workers. */
  workers (): readonly number[]
  /** Where it answers. */
  readonly address: string
  /** Kills a process of it that is no worker. @returns its name: `server` is the one that answers. */
  kill (): Promise<string>
  /** Ends it cleanly. @returns its exit code. */
  stop (): Promise<number | null>
  /** Ends what still runs. */
  destroy (): Promise<void>
}

export interface KillOptions {
  /** @default a server with an embedded log */
  readonly open?: (directory: string, random: () => number) => Promise<Deployment>
  /** PNG files, and the code that version 0 makes of each. */
  readonly pictures: readonly { readonly png: Buffer, readonly code: Uint8Array }[]
  /** How many ids the history has. */
  readonly ids: number
  /** How many times a process is killed at the least. */
  readonly kills: number
  readonly seed: number
  readonly tell: (line: string) => void
}

export interface KillResult {
  readonly steps: number
  readonly serverKills: number
  readonly workerKills: number
  readonly live: number
  /** What is not as a plain loop would have it: nothing. */
  readonly differences: readonly string[]
  readonly unexpectedExits: number
  readonly exitCode: number | null
}

/** How many steps are under way at once, for different ids. */
const AT_ONCE = 16
const MOST_DIFFERENCES = 20

/**
 * Runs a history against a server that is killed at random, with its workers, until all of it is acknowledged; then
 * compares all that can be asked with what a plain loop over the history comes to.
 *
 * A step that was not acknowledged is made again: it may have been done, and doing it twice must change nothing. The next
 * step of an id begins when the former one is acknowledged, so what must come out is certain.
 */
export async function killTest ({ open = directory => ServerProcess.open(directory), pictures, ids, kills, seed, tell }: KillOptions): Promise<KillResult> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-kill-'))
  const random = seeded(seed)
  const steps = history(ids, pictures.length, random)
  const server = await open(directory, random)
  try {
    server.start()
    const done = { steps: 0 }
    const killer = killing(server, random, kills, () => done.steps >= steps.length, tell)
    const positions = await perform(server, steps, pictures, done)
    const { serverKills, workerKills } = await killer
    tell(`${steps.length} steps acknowledged, ${serverKills} server and ${workerKills} worker kills; comparing`)
    await using client = await server.client()
    await caughtUp(client, positions)
    const expected = replay(steps)
    const differences = await compare(client, expected, pictures)
    return { steps: steps.length, serverKills, workerKills, live: expected.size, differences, unexpectedExits: server.unexpectedExits, exitCode: await server.stop() }
  } finally {
    await server.destroy()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Kills the server or one of its workers at random moments, at least so often, and until the history is done. */
async function killing (server: Deployment, random: () => number, kills: number, isDone: () => boolean, tell: (line: string) => void): Promise<{ serverKills: number, workerKills: number }> {
  let serverKills = 0
  let workerKills = 0
  while (serverKills + workerKills < kills || !isDone()) {
    // Mostly while it works, now and then while it still starts.
    await sleep(random() < 0.2 ? 100 + random() * 400 : 1000 + random() * 2000)
    if (serverKills + workerKills >= kills * 2) continue // enough: let it finish
    const workers = server.workers()
    if (random() < 0.5 && workers.length > 0) {
      try {
        process.kill(workers[Math.floor(random() * workers.length)]!, 'SIGKILL')
        workerKills++
      } catch {
        // It ended just now.
      }
    } else {
      await server.kill()
      serverKills++
      server.start()
    }
  }
  tell('no more kills')
  return { serverKills, workerKills }
}

/** Makes every step until it is acknowledged; steps of one id one after the other. @returns the last position in each partition of C.images. */
async function perform (server: Deployment, steps: readonly Step[], pictures: KillOptions['pictures'], done: { steps: number }): Promise<readonly Position[]> {
  const last = new Map<number, Position>()
  const tails = new Map<string, Promise<void>>()
  const running = new Set<Promise<void>>()
  const connection = new Connection(server)
  for (const step of steps) {
    const former = tails.get(step.id)
    const work: Promise<void> = (async () => {
      await former
      const position = await connection.until(client => make(client, step, pictures))
      if (position !== undefined && position.offset >= (last.get(position.partition)?.offset ?? -1)) last.set(position.partition, position)
      done.steps++
    })()
    tails.set(step.id, work)
    running.add(work)
    void work.finally(() => running.delete(work))
    while (running.size >= AT_ONCE) await Promise.race(running)
  }
  await Promise.all(running)
  await connection.close()
  return [...last.values()]
}

/** Does one step. @returns its position in C.images, for what goes there. */
async function make (client: HammingbirdClient, step: Step, pictures: KillOptions['pictures']): Promise<Position | undefined> {
  if (step.kind === 'delete') return (await client.deleteItems([step.id]))[0]
  if (step.kind === 'label') {
    await client.setLabels(step.id, step.labels)
    return undefined
  }
  for await (const { position, refusal } of client.publish([{ id: step.id, image: pictures[step.picture]!.png, labels: step.labels }])) {
    if (refusal !== undefined) throw new Error(refusal.message)
    return position
  }
  throw new Error('the stream ended without an answer')
}

/** A client that is opened again whenever a call fails. */
class Connection {
  readonly #server: Deployment
  #client: Promise<HammingbirdClient> | undefined

  constructor (server: Deployment) {
    this.#server = server
  }

  async until<T> (call: (client: HammingbirdClient) => Promise<T>): Promise<T> {
    for (;;) {
      const opening = this.#client ??= this.#server.client()
      try {
        return await call(await opening)
      } catch {
        if (this.#client === opening) {
          this.#client = undefined
          void opening.then(client => client.close(), () => undefined)
        }
        await sleep(50)
      }
    }
  }

  async close (): Promise<void> {
    await (await this.#client)?.close()
  }
}

/** Waits until all that was acknowledged is searchable. */
async function caughtUp (client: HammingbirdClient, positions: readonly Position[]): Promise<void> {
  const query = { code: Buffer.alloc(8), k: 1, minPosition: [...positions] }
  await client.search(query, { timeoutMs: 120_000 })
  for (let caughtUp = false; !caughtUp; await sleep(100)) {
    const { versions } = await client.status()
    caughtUp = versions.every(({ waiting }) => waiting === 0)
  }
}

async function compare (client: HammingbirdClient, expected: ReadonlyMap<string, Expected>, pictures: KillOptions['pictures']): Promise<readonly string[]> {
  const differences: string[] = []
  const differ = (what: string): void => { if (differences.length < MOST_DIFFERENCES) differences.push(what) }

  const found = new Map<string, { readonly labels: readonly string[], readonly code: Uint8Array }>()
  for await (const { id, labels, codes } of client.exportItems()) {
    if (found.has(id)) differ(`${id}: twice`)
    found.set(id, { labels, code: codes['v0']?.code ?? Buffer.alloc(0) })
    if (codes['v0']?.stale === true) differ(`${id}: stale`)
  }
  for (const id of found.keys()) if (!expected.has(id)) differ(`${id}: brought back`)
  for (const [id, { picture, labels }] of expected) {
    const item = found.get(id)
    if (item === undefined) differ(`${id}: lost`)
    else if (Buffer.compare(item.code, pictures[picture]!.code) !== 0) differ(`${id}: its code is ${Buffer.from(item.code).toString('hex')}, not ${Buffer.from(pictures[picture]!.code).toString('hex')}`)
    else if (JSON.stringify([...item.labels].sort()) !== JSON.stringify([...labels].sort())) differ(`${id}: labels ${item.labels.join()}, not ${labels.join()}`)
  }

  // The tables, not only the items: every search must find what a scan of the plain loop's result finds.
  const codes = [...expected].map(([id, { picture }]) => ({ id, code: pictures[picture]!.code }))
  for (let at = 0; at < codes.length; at += Math.max(1, Math.floor(codes.length / 100))) {
    const query = codes[at]!.code
    for (const radius of [0, 6]) {
      const hits: string[] = []
      for await (const page of client.searchPages({ code: query, radius })) hits.push(...page.hits.map(({ id }) => id))
      const right = codes.filter(({ code }) => hammingDistance(code, query) <= radius).map(({ id }) => id)
      if (JSON.stringify(hits.sort()) !== JSON.stringify(right.sort())) differ(`within ${radius} of ${codes[at]!.id}: found ${hits.length}, there are ${right.length}`)
    }
  }
  const { liveItems, versions: [v0], setAside } = await client.status()
  if (liveItems !== expected.size) differ(`status: ${liveItems} live items, there are ${expected.size}`)
  if (v0?.coded !== expected.size || v0.setAside !== 0 || setAside !== 0) differ(`status: ${v0?.coded} coded, ${setAside} set aside; all ${expected.size} should be coded`)
  return differences
}
