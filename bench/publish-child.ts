import { fork, type ChildProcess } from 'node:child_process'
import type { PublisherJob } from './publisher.js'

/** Publishes in another process; resolves when all is acknowledged. */
export async function publishAside (job: PublisherJob): Promise<void> {
  const child: ChildProcess = fork(new URL('./publisher.js', import.meta.url), { serialization: 'advanced' })
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => { resolve() })
      child.once('exit', code => { reject(new Error(`the publisher ended with code ${code}`)) })
      child.send(job)
    })
  } finally {
    child.disconnect()
  }
}
