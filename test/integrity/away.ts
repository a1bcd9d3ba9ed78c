import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient } from '../../client/index.js'
import { codeOf } from '../../errors.js'
import { caughtUp, compare } from './compare.js'
import { history, replay, seeded } from './history.js'
import { KafkaDeployment } from './kafka-deployment.js'
import { perform } from './perform.js'
import type { Picture } from './reference-pictures.js'

export interface AwayResult {
  readonly awayMs: number
  readonly steps: number
  /** Searches while no broker was there, and how many of them were not answered. */
  readonly searches: number
  readonly searchesFailed: number
  /** From the moment the broker answered again, until an image published then was found. */
  readonly foundAfterMs: number
  readonly unexpectedExits: number
  /** Whether every process is the one it was. */
  readonly sameProcesses: boolean
  /** What is not as a plain loop would have it: nothing. */
  readonly differences: readonly string[]
  readonly exitCode: number | null
}

export interface AwayOptions {
  /** PNG files, and the code that version 0 makes of each. */
  readonly pictures: readonly Picture[]
  /** How many ids the history has. */
  readonly ids: number
  readonly awayMs: number
  readonly seed: number
  readonly tell: (line: string) => void
}

const PROBE = 'probe'

/**
 * Runs a history against a deployment whose broker is gone for a while in its middle: a third of the steps before, a
 * third while it is gone, which are acknowledged when it is back, the rest after.
 */
export async function awayTest ({ pictures, ids, awayMs, seed, tell }: AwayOptions): Promise<AwayResult> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-away-'))
  const random = seeded(seed)
  const steps = history(ids, pictures.length, random)
  const deployment = await KafkaDeployment.open(directory, random)
  try {
    deployment.start()
    await using client = await deployment.client()
    let share = 1 / 3
    let acknowledged = 0
    const performing = perform(deployment, steps, pictures, () => { acknowledged++ }, () => share)
    while (acknowledged < Math.floor(steps.length / 3)) await sleep(50)
    await caughtUp(client, [])
    const pids = deployment.pids()

    tell(`${acknowledged} steps acknowledged; the broker goes for ${awayMs} ms`)
    share = 2 / 3
    const away = { is: true }
    const searching = search(client, pictures[0]!.code, () => away.is)
    const backMs = await deployment.outage(awayMs)
    away.is = false
    const foundAfterMs = await publishAndFind(client, pictures[0]!.png, backMs)
    tell(`an image was found ${Math.round(foundAfterMs)} ms after the broker was back`)
    const deleted = await client.deleteItems([PROBE])
    share = 1
    const positions = await performing
    await caughtUp(client, [...positions, ...deleted])
    const sameProcesses = JSON.stringify(deployment.pids()) === JSON.stringify(pids)
    const differences = await compare(client, replay(steps), pictures)
    return { awayMs, steps: steps.length, ...await searching, foundAfterMs: Math.round(foundAfterMs), unexpectedExits: deployment.unexpectedExits, sameProcesses, differences, exitCode: await deployment.stop() }
  } finally {
    await deployment.destroy()
    await rm(directory, { recursive: true, force: true })
  }
}

async function search (client: HammingbirdClient, code: Uint8Array, goesOn: () => boolean): Promise<{ readonly searches: number, readonly searchesFailed: number }> {
  let searches = 0
  let searchesFailed = 0
  for (; goesOn(); await sleep(100)) {
    searches++
    await client.search({ code, k: 10 }).catch(() => { searchesFailed++ })
  }
  return { searches, searchesFailed }
}

/** Publishes an image until it is acknowledged, and waits until it is found. @returns how long after `sinceMs`. */
async function publishAndFind (client: HammingbirdClient, png: Buffer, sinceMs: number): Promise<number> {
  for (let published = false; !published; ) {
    try {
      for await (const { position } of client.publish([{ id: PROBE, image: png }])) published = position !== undefined
    } catch (err) {
      if (codeOf(err) !== 'HAMMINGBIRD_LOG_UNAVAILABLE') throw err
    }
  }
  for (;; await sleep(10)) {
    try {
      await client.search({ id: PROBE, k: 1 })
      return performance.now() - sinceMs
    } catch (err) {
      if (codeOf(err) !== 'HAMMINGBIRD_NOT_FOUND' && codeOf(err) !== 'HAMMINGBIRD_VERSION_NOT_READY') throw err
    }
  }
}
