// A producer in a process of its own, that can be killed at any moment: makes the steps it is sent, every other one of
// those that are images by a record straight to Kafka, the rest over gRPC.
import { HammingbirdClient, type Position } from '../../client/index.js'
import { KafkaLog } from '../../log/kafka-log.js'
import { topicsOf } from '../../topics/names.js'
import type { Step } from './history.js'
import { makeStep } from './make-step.js'

export interface ProducerJob {
  readonly number: number
  readonly step: Step
  readonly png: Buffer | undefined
}

export interface ProducerAnswer {
  readonly number: number
  /** Where it went; `undefined` for labels. */
  readonly position?: Position
  /** Why it was not acknowledged. */
  readonly failed?: string
}

const [broker = '', server = ''] = process.argv.slice(2)
const { images } = topicsOf('default')
let opening: Promise<{ readonly log: KafkaLog, readonly client: HammingbirdClient }> | undefined

process.on('message', (job: ProducerJob) => { void answer(job) })
process.on('disconnect', () => { process.exit() })

async function answer ({ number, step, png }: ProducerJob): Promise<void> {
  const say = (answer: ProducerAnswer): void => { if (process.connected) process.send!(answer) }
  try {
    const { log, client } = await (opening ??= open())
    const position = number % 2 === 0 || step.kind === 'label' ? await makeStep(client, step, png) : await append(log, step, png)
    say({ number, ...(position === undefined ? {} : { position }) })
  } catch (err) {
    say({ number, failed: String(err) })
  }
}

async function open (): Promise<{ readonly log: KafkaLog, readonly client: HammingbirdClient }> {
  try {
    return { log: await KafkaLog.open({ brokers: [broker] }), client: await HammingbirdClient.open({ server, waitMs: 60_000 }) }
  } catch (err) {
    opening = undefined
    throw err
  }
}

async function append (log: KafkaLog, step: Exclude<Step, { readonly kind: 'label' }>, png: Buffer | undefined): Promise<Position> {
  const headers = step.kind === 'publish' ? { labels: Buffer.from(step.labels.join(',')) } : {}
  const [position] = await log.append([{ topic: images, key: Buffer.from(step.id), value: png ?? null, headers }])
  return position!
}
