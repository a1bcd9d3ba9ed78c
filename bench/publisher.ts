// A producer in a process of its own: publishes the files it is sent, and tells when each batch is acknowledged.
import { HammingbirdClient } from '../client/index.js'

export interface PublisherJob {
  readonly server: string
  readonly prefix: string
  readonly images: readonly Uint8Array[]
  /** Images a second; as fast as the server takes them when left out. */
  readonly rate?: number
}

process.on('message', (job: PublisherJob) => { void publish(job) })
process.on('disconnect', () => { process.exit() })

async function publish ({ server, prefix, images, rate }: PublisherJob): Promise<void> {
  await using client = await HammingbirdClient.open({ server })
  let done = 0
  for await (const { refusal } of client.publish(paced())) {
    if (refusal !== undefined) throw new Error(refusal.message)
    done++
  }
  process.send!({ done })

  async function * paced () {
    const begunMs = performance.now()
    for (const [i, image] of images.entries()) {
      const dueMs = rate === undefined ? 0 : begunMs + i * 1000 / rate
      if (dueMs > performance.now()) await new Promise(resolve => setTimeout(resolve, dueMs - performance.now()))
      yield { id: `${prefix}${i}`, image }
    }
  }
}
