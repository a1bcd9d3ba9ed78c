import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { PublisherJob } from './publisher.js'

export interface PublishAsideJob extends PublisherJob {
  /** A Python that has confluent-kafka: librdkafka publishes, set as in the Python rival. Straight to Kafka alone. @default our own client */
  readonly python?: string | undefined
}

/** A producer in another process, which has all it needs and waits. */
export interface Publisher extends AsyncDisposable {
  /** Resolves when all is acknowledged. Once. */
  publish (): Promise<void>
}

/** Publishes in another process; resolves when all is acknowledged. */
export async function publishAside (job: PublishAsideJob): Promise<void> {
  await using publisher = await openPublisher(job)
  await publisher.publish()
}

/** Resolves when the producer has started, has the images and has spoken to the broker: what follows is publishing alone. */
export async function openPublisher ({ python, ...job }: PublishAsideJob): Promise<Publisher> {
  return python === undefined || job.kafka === undefined ? await ours(job) : await librdkafka(python, job, job.kafka)
}

async function ours (job: PublisherJob): Promise<Publisher> {
  const child = fork(new URL('./publisher.js', import.meta.url), { serialization: 'advanced' })
  const answer = (): Promise<void> => new Promise((resolve, reject) => {
    child.once('message', () => { resolve() })
    child.once('exit', code => { reject(new Error(`the publisher ended with code ${code}`)) })
  })
  const ready = answer()
  child.send(job)
  await ready
  return {
    async publish () {
      const done = answer()
      child.send('go')
      await done
    },
    async [Symbol.asyncDispose] () { child.disconnect() }
  }
}

async function librdkafka (python: string, { prefix, images, count = images.length, rate = 0 }: PublisherJob, bootstrap: string): Promise<Publisher> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-images-'))
  const file = join(directory, 'images')
  await writeFile(file, Buffer.concat(images.flatMap(image => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(image.length)
    return [length, image]
  })))
  const script = join(import.meta.dirname, '../../bench/rivals/publish.py')
  const child = spawn(python, [script, bootstrap, 'default.images', prefix, String(count), String(rate), file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const says = async (word: string): Promise<void> => {
    const { value, done } = await lines.next() as { value?: string, done?: boolean }
    if (done === true || value !== word) throw new Error(`the publisher ended, or said ${value} for ${word}`)
  }
  await says('ready')
  return {
    async publish () {
      child.stdin.write('go\n')
      await says('done')
    },
    async [Symbol.asyncDispose] () {
      child.kill()
      await ended
      await rm(directory, { recursive: true, force: true })
    }
  }
}
