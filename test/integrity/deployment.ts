import type { HammingbirdClient, Position } from '../../client/index.js'
import type { Step } from './history.js'

/** What runs while processes are killed. */
export interface Deployment {
  /** Processes that ended by themselves: none may. */
  readonly unexpectedExits: number
  /** Least and most time between two kills, mostly: so that what was killed comes to work again. @default 1000 to 3000 */
  readonly betweenMs?: readonly [least: number, most: number]
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
  /** Makes a step through a process of its own. @default through a client in this process */
  make? (step: Step, png: Buffer | undefined): Promise<Position | undefined>
  /** Ends it cleanly. @returns its exit code. */
  stop (): Promise<number | null>
  /** Ends what still runs. */
  destroy (): Promise<void>
}
