// A producer in a process of its own: is sent files, says when it is ready, is told to go, publishes them over gRPC or straight to Kafka, and tells when all
// are acknowledged.
import { HammingbirdClient } from '../client/index.js'
import { KafkaLog } from '../log/kafka-log.js'

export interface PublisherJob {
  readonly server: string
  /** Where Kafka answers: the images then go there, and not to the server. */
  readonly kafka?: string
  readonly prefix: string
  readonly images: readonly Uint8Array[]
  /** How many are published, over and over when there are fewer. @default each once */
  readonly count?: number
  /** Images a second; as fast as the server takes them when left out. */
  readonly rate?: number
}

process.once('message', (job: PublisherJob) => { void publish(job) })
process.on('disconnect', () => { process.exit() })

const RUN = 100
const RUNS_AT_ONCE = 4
/** What is due within this time goes out together: what the rival's producer is set to. */
const LINGER_MS = 5

async function publish (job: PublisherJob): Promise<void> {
  if (job.kafka === undefined) await overGrpc(job)
  else await toKafka(job, job.kafka)
  process.send!({ done: job.count ?? job.images.length })
}

async function overGrpc (job: PublisherJob): Promise<void> {
  await using client = await HammingbirdClient.open({ server: job.server })
  await told()
  for await (const { refusal } of client.publish(paced(job))) if (refusal !== undefined) throw new Error(refusal.message)
}

/** With a rate, what is due is sent every few ms; without one, in runs. */
async function toKafka (job: PublisherJob, broker: string): Promise<void> {
  await using log = await KafkaLog.open({ brokers: [broker] })
  await told()
  const under = new Set<Promise<unknown>>()
  let run: { readonly id: string, readonly image: Uint8Array }[] = []
  const send = async (): Promise<void> => {
    const sending: Promise<unknown> = log.append(run.map(({ id, image }) => ({ topic: 'default.images', key: Buffer.from(id), value: Buffer.from(image) }))).finally(() => under.delete(sending))
    under.add(sending)
    run = []
    if (under.size >= (job.rate === undefined ? RUNS_AT_ONCE : RUN)) await Promise.race(under)
  }
  let sentMs = performance.now()
  for await (const image of paced(job)) {
    run.push(image)
    if (run.length < RUN && (job.rate === undefined || performance.now() - sentMs < LINGER_MS)) continue
    sentMs = performance.now()
    await send()
  }
  await send()
  await Promise.all(under)
}

/** Says that it is ready, and waits to be told to go. */
async function told (): Promise<void> {
  const go = new Promise<void>(resolve => process.once('message', () => { resolve() }))
  process.send!('ready')
  await go
}

async function * paced ({ prefix, images, count = images.length, rate }: PublisherJob): AsyncGenerator<{ readonly id: string, readonly image: Uint8Array }> {
  const begunMs = performance.now()
  for (let i = 0; i < count; i++) {
    const dueMs = rate === undefined ? 0 : begunMs + i * 1000 / rate
    if (dueMs > performance.now()) await new Promise(resolve => setTimeout(resolve, dueMs - performance.now()))
    yield { id: `${prefix}${i}`, image: images[i % images.length]! }
  }
}
