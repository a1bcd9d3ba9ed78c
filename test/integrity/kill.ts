import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { caughtUp, compare } from './compare.js'
import type { Deployment } from './deployment.js'
import { history, replay, seeded } from './history.js'
import { perform } from './perform.js'
import type { Picture } from './reference-pictures.js'
import { ServerProcess } from './server-process.js'

export interface KillOptions {
  /** @default a server with an embedded log */
  readonly open?: (directory: string, random: () => number) => Promise<Deployment>
  /** PNG files, and the code that version 0 makes of each. */
  readonly pictures: readonly Picture[]
  /** How many ids the history has. */
  readonly ids: number
  /** How many times a process is killed at the least. */
  readonly kills: number
  /** How many of them, at the least, are no workers. @default 0 */
  readonly serverKills?: number
  readonly seed: number
  /** Told when all has been compared, while it still runs. */
  readonly compared?: () => void
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

/**
 * Runs a history against a server that is killed at random, with its workers, until all of it is acknowledged; then
 * compares all that can be asked with what a plain loop over the history comes to.
 *
 * A step that was not acknowledged is made again: it may have been done, and doing it twice must change nothing. The next
 * step of an id begins when the former one is acknowledged, so what must come out is certain.
 */
export async function killTest ({ open = directory => ServerProcess.open(directory), pictures, ids, kills, serverKills: leastServerKills = 0, seed, compared, tell }: KillOptions): Promise<KillResult> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-kill-'))
  const random = seeded(seed)
  const steps = history(ids, pictures.length, random)
  const server = await open(directory, random)
  try {
    server.start()
    const course: Course = { steps: 0, serverKills: 0, workerKills: 0 }
    // The history is spread over the kills: some of it is under way at each.
    const share = (): number => Math.min((course.serverKills + course.workerKills + 1) / kills, leastServerKills === 0 ? 1 : (course.serverKills + 1) / leastServerKills)
    const killer = killing(server, random, course, { kills, serverKills: leastServerKills, isDone: () => course.steps >= steps.length }, tell)
    const positions = await perform(server, steps, pictures, () => { course.steps++ }, share)
    await killer
    const { serverKills, workerKills } = course
    tell(`${steps.length} steps acknowledged, ${serverKills} server and ${workerKills} worker kills; comparing`)
    await using client = await server.client()
    await caughtUp(client, positions)
    const expected = replay(steps)
    const differences = await compare(client, expected, pictures)
    compared?.()
    return { steps: steps.length, serverKills, workerKills, live: expected.size, differences, unexpectedExits: server.unexpectedExits, exitCode: await server.stop() }
  } finally {
    await server.destroy()
    await rm(directory, { recursive: true, force: true })
  }
}

/** How far it has come. */
interface Course {
  /** Acknowledged. */
  steps: number
  serverKills: number
  workerKills: number
}

interface Enough {
  readonly kills: number
  readonly serverKills: number
  readonly isDone: () => boolean
}

/** Kills the server or one of its workers at random moments, at least so often, and until the history is done. */
async function killing (server: Deployment, random: () => number, course: Course, { kills, serverKills, isDone }: Enough, tell: (line: string) => void): Promise<void> {
  const { betweenMs: [least, most] = [1000, 3000] } = server
  const isEnough = (): boolean => course.serverKills + course.workerKills >= kills && course.serverKills >= serverKills
  while (!isEnough() || !isDone()) {
    // Mostly while it works, now and then while it still starts.
    await sleep(random() < 0.2 ? 100 + random() * 400 : least + random() * (most - least))
    if (isEnough() && course.serverKills + course.workerKills >= kills * 2) continue // enough: let it finish
    const workers = server.workers()
    if (random() < 0.5 && workers.length > 0) {
      try {
        process.kill(workers[Math.floor(random() * workers.length)]!, 'SIGKILL')
        course.workerKills++
      } catch {
        // It ended just now.
      }
    } else {
      await server.kill()
      course.serverKills++
      server.start()
    }
  }
  tell('no more kills')
}
