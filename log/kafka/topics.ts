import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import { HammingbirdError, codeOf } from '../../errors.js'
import type { Position, TopicDescription, TopicSpec } from '../log.js'
import type { Administrator } from './admin.js'
import { isUnknownTopic, kafkaTypeOf } from './errors.js'
import type { TopicLimits } from './records.js'
import { Recent } from './recent.js'
import { checkTopic, configOf, describe, type TopicConfig } from './topic-settings.js'

const SETTLE_MS = 20_000
const PAUSE_MS = 50
const VISIBLE_MS = 5
const LOOKS = 5
const BETWEEN_MS = 200
/** A topic may get more partitions: what is known of it is asked for again after this. */
const KNOWN_MS = 60_000
/** Records survive the loss of a broker where there are three. */
const MOST_REPLICAS = 3

interface There {
  readonly partitions: number
  readonly config: TopicConfig
}

/** The topics there are: made, checked, described, and where each begins and ends. */
export class Topics {
  readonly #administrator: Administrator
  readonly #recent = new Recent()
  readonly #known = new Map<string, { readonly limits: TopicLimits, readonly atMs: number }>()

  constructor (administrator: Administrator) {
    this.#administrator = administrator
  }

  async create (spec: TopicSpec): Promise<void> {
    const { name, partitions } = spec
    const asked = configOf(spec)
    if (await this.#find(name) === undefined) {
      await this.#administrator.ask(`making topic ${name}`, async admin => {
        const replicas = Math.min(MOST_REPLICAS, (await admin.describeCluster()).brokers.length)
        const config = [...asked, ['min.insync.replicas', String(Math.max(1, replicas - 1))] as const]
        const topics = [{ topic: name, numPartitions: partitions, replicationFactor: replicas, configEntries: config.map(([name, value]) => ({ name, value })) }]
        // kafkajs's own wait for leaders fails where a broker has not heard of the topic yet.
        await admin.createTopics({ topics, waitForLeaders: false }).catch((err: unknown) => {
          if (!alreadyThere(err)) throw err
        })
      })
      await this.#until(`topic ${name} has no leader yet`, async () => (await this.#find(name)) !== undefined)
    }
    const there = await this.#find(name)
    if (there === undefined) throw notFound(name)
    checkTopic(spec, asked, there)
    this.forget(name)
  }

  async describe (name: string): Promise<TopicDescription | undefined> {
    const there = await this.#find(name)
    return there && describe(name, there.partitions, there.config)
  }

  async list (): Promise<readonly string[]> {
    const names = await this.#administrator.ask('listing topics', admin => admin.listTopics())
    return names.filter(name => !name.startsWith('__')) // Kafka's own
  }

  async delete (name: string): Promise<void> {
    this.forget(name)
    this.#recent.forget(` ${name}`)
    if (await this.#find(name) === undefined) return
    await this.#administrator.ask(`deleting topic ${name}`, admin => admin.deleteTopics({ topics: [name] })).catch((err: unknown) => {
      if (codeOf(err) !== 'HAMMINGBIRD_NOT_FOUND') throw err
    })
    await this.#until(`topic ${name} is still there`, async () => !(await this.list()).includes(name))
  }

  /** Each partition's first offset and its last stable one. */
  async offsets (name: string): Promise<readonly { readonly start: number, readonly end: number }[]> {
    const partitions = await this.partitions(name)
    for (;; await sleep(VISIBLE_MS)) {
      const answer = await this.#administrator.ask(`asking where topic ${name} ends`, admin => admin.fetchTopicOffsets(name))
      const of = new Map(answer.map(({ partition, low, high }) => [partition, { start: Number(low), end: Number(high) }]))
      const offsets = Array.from({ length: partitions }, (_, partition) => of.get(partition) ?? { start: 0, end: 0 })
      if (!offsets.some(({ end }, partition) => this.#recent.isBehind(`end ${partition} ${name}`, end))) return offsets
    }
  }

  async committed (group: string, name: string): Promise<readonly (number | undefined)[]> {
    const partitions = await this.partitions(name)
    for (;; await sleep(VISIBLE_MS)) {
      const [answer] = await this.#administrator.ask(`asking where group ${group} stands`, admin => admin.fetchOffsets({ groupId: group, topics: [name] }))
      const of = new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      const positions = Array.from({ length: partitions }, (_, partition) => {
        const offset = of.get(partition) ?? -1
        return offset < 0 ? undefined : offset
      })
      if (!positions.some((position, partition) => this.#recent.isBehind(`${group} ${partition} ${name}`, position))) return positions
    }
  }

  /** Takes note of a commit that was answered: what is asked from here on shows it. */
  note (group: string, topic: string, partition: number, next: number, outputs: readonly Position[]): void {
    this.#recent.note(`${group} ${partition} ${topic}`, next)
    for (const { topic, partition, offset } of outputs) this.#recent.note(`end ${partition} ${topic}`, offset + 1)
  }

  /** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`. */
  async partitions (name: string): Promise<number> {
    return await this.#patiently(name, () => this.#administrator.ask(`asking for topic ${name}`, admin => partitionsOf(admin, name)))
  }

  /** Learns what records for these topics must keep to. */
  async learn (records: readonly { readonly topic: string }[]): Promise<void> {
    for (const topic of new Set(records.map(({ topic }) => topic))) {
      const known = this.#known.get(topic)
      if (known !== undefined && performance.now() - known.atMs < KNOWN_MS) continue
      const there = await this.#patiently(topic, () => this.#find(topic))
      const limits = { partitions: there.partitions, maxMessageBytes: Number(there.config.get('max.message.bytes')), compacted: there.config.get('cleanup.policy')!.includes('compact') }
      this.#known.set(topic, { limits, atMs: performance.now() })
    }
  }

  readonly limitsOf = (topic: string): TopicLimits => {
    const known = this.#known.get(topic)
    if (known === undefined) throw notFound(topic)
    return known.limits
  }

  forget (topic: string): void {
    this.#known.delete(topic)
  }

  async #find (name: string): Promise<There | undefined> {
    return await this.#administrator.ask(`describing topic ${name}`, async admin => {
      const partitions = await partitionsOf(admin, name)
      if (partitions === undefined) return undefined
      try {
        const { resources: [resource] } = await admin.describeConfigs({ resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name }], includeSynonyms: false })
        return { partitions, config: new Map(resource!.configEntries.map(({ configName, configValue }) => [configName, configValue])) }
      } catch (err) {
        if (isUnknownTopic(err)) return undefined // just made, or just deleted
        throw err
      }
    })
  }

  /** A broker that has just started may not know its topics yet, and to be told that one is gone ends work for good. */
  async #patiently<T> (name: string, look: () => Promise<T | undefined>): Promise<T> {
    for (let looks = 1; ; looks++) {
      const found = await look()
      if (found !== undefined) return found
      if (looks === LOOKS) throw notFound(name)
      await sleep(BETWEEN_MS)
    }
  }

  async #until (otherwise: string, done: () => Promise<boolean>): Promise<void> {
    for (const startedMs = performance.now(); !await done(); await sleep(PAUSE_MS)) {
      if (performance.now() - startedMs > SETTLE_MS) throw new HammingbirdError('HAMMINGBIRD_LOG_UNAVAILABLE', otherwise)
    }
  }
}

/** How many partitions a topic has; `undefined` when it is not there, or a partition of it has no leader yet. */
async function partitionsOf (admin: Admin, name: string): Promise<number | undefined> {
  try {
    const { topics: [topic] } = await admin.fetchTopicMetadata({ topics: [name] })
    if (topic === undefined || topic.partitions.length === 0) return undefined
    return topic.partitions.length
  } catch (err) {
    if (isUnknownTopic(err)) return undefined
    throw err
  }
}

/** kafkajs says it of each topic apart, inside an error of its own. */
function alreadyThere (err: unknown): boolean {
  const errors = (err as { readonly errors?: readonly unknown[] }).errors ?? [err]
  return errors.every(each => kafkaTypeOf(each) === 'TOPIC_ALREADY_EXISTS')
}

function notFound (topic: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no topic ${topic}`)
}
