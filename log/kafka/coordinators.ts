import { createRequire } from 'node:module'

/** What kafkajs keeps to itself: a client's view of the cluster, one for each producer. */
interface Cluster {
  findGroupCoordinator (asked: Asked): Promise<unknown>
  findBroker (asked: { readonly nodeId: number }): Promise<Broker>
}

interface Broker {
  readonly nodeId: number | null
}

interface Asked {
  readonly groupId: string
  readonly coordinatorType?: number
}

interface Remembered {
  readonly nodeId: number
  readonly untilMs: number
}

const TRANSACTION = 1
/** A coordinator that has moved is asked for anew within the time that a transaction is tried for. */
const REMEMBER_MS = 2000

/**
 * kafkajs asks the cluster who coordinates before each step of a transaction: four of its nine requests, one after the other. From
 * here on the clients of transactional producers remember it for a moment. Consumers go on asking, since one who joins anew does so because it moved.
 *
 * There is no setting for it, so a method of kafkajs's is wrapped; a kafkajs that has none like it is left alone.
 */
export function rememberCoordinators (): void {
  if (wrapped) return
  wrapped = true
  const cluster = clusterOfKafkajs()
  if (cluster === undefined) return
  const ask = cluster.findGroupCoordinator
  const memories = new WeakMap<Cluster, Map<string, Remembered>>()
  cluster.findGroupCoordinator = async function (asked: Asked): Promise<unknown> {
    let memory = memories.get(this)
    if (memory === undefined) {
      if (asked.coordinatorType !== TRANSACTION) return await ask.call(this, asked)
      memories.set(this, memory = new Map())
    }
    const key = `${asked.coordinatorType} ${asked.groupId}`
    const remembered = memory.get(key)
    if (remembered !== undefined && performance.now() < remembered.untilMs) {
      try {
        return await this.findBroker({ nodeId: remembered.nodeId })
      } catch {
        memory.delete(key) // it has gone: the others say who it is now
      }
    }
    const broker = await ask.call(this, asked) as Broker
    if (broker.nodeId !== null) memory.set(key, { nodeId: broker.nodeId, untilMs: performance.now() + REMEMBER_MS })
    return broker
  }
}

let wrapped = false

function clusterOfKafkajs (): Cluster | undefined {
  try {
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/cluster/index.js') as { readonly prototype: Partial<Cluster> }
    return typeof prototype.findGroupCoordinator === 'function' && typeof prototype.findBroker === 'function' ? prototype as Cluster : undefined
  } catch {
    return undefined // laid out otherwise
  }
}
