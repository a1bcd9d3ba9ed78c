import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient, Position } from '../../client/index.js'
import type { Deployment } from './deployment.js'
import type { Step } from './history.js'
import { makeStep } from './make-step.js'
import type { Picture } from './reference-pictures.js'

/** How many steps are under way at once, for different ids. */
const AT_ONCE = 16

/**
 * Makes every step until it is acknowledged; steps of one id one after the other.
 *
 * @param acknowledged told of each.
 * @param share of the steps that may be begun by now.
 * @returns the last position in each partition of C.images.
 */
export async function perform (server: Deployment, steps: readonly Step[], pictures: readonly Picture[], acknowledged: () => void, share: () => number): Promise<readonly Position[]> {
  const last = new Map<number, Position>()
  const tails = new Map<string, Promise<void>>()
  const running = new Set<Promise<void>>()
  const connection = new Connection(server)
  for (const [i, step] of steps.entries()) {
    while (i >= share() * steps.length) await sleep(20)
    const former = tails.get(step.id)
    const png = step.kind === 'publish' ? pictures[step.picture]!.png : undefined
    const work: Promise<void> = (async () => {
      await former
      const position = server.make === undefined ? await connection.until(client => makeStep(client, step, png)) : await server.make(step, png)
      if (position !== undefined && position.offset >= (last.get(position.partition)?.offset ?? -1)) last.set(position.partition, position)
      acknowledged()
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
