import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../errors.js'
import type { Log } from '../log/log.js'
import type { Publisher } from '../pipeline/sources/folder.js'
import type { CollectionTopics } from '../topics/names.js'
import { setAsideRecord } from '../topics/set-aside.js'

/** Messages of C.images that may wait to be settled before a folder waits too: the log is no place to copy a disk to. */
const MOST_AHEAD = 2000
const LOOK_AGAIN_MS = 50

/** Publishes a folder's files to C.images, no faster than the pipeline settles them. */
export function logPublisher (log: Log, topics: CollectionTopics, signal: AbortSignal): Publisher {
  const room = async (): Promise<void> => {
    for (;;) {
      const [ends, committed] = await Promise.all([log.ends(topics.images), log.committed(topics.ingestGroup, topics.images)])
      // Nobody subtracts offsets to count; as a brake they will do.
      const ahead = ends.reduce((sum, end, partition) => sum + Math.max(0, end - (committed[partition] ?? 0)), 0)
      if (ahead <= MOST_AHEAD) return
      await sleep(LOOK_AGAIN_MS, undefined, { signal })
    }
  }
  return {
    async publish (images) {
      await room()
      await log.append(images.map(({ id, image }) => ({ topic: topics.images, key: Buffer.from(id), value: image })))
    },
    async remove (ids) {
      await log.append(ids.map(id => ({ topic: topics.images, key: Buffer.from(id), value: null })))
    },
    async refuse (id, _sizeBytes, err) {
      // Its bytes never were in C.images, so there is no place it came from: only the reason is kept.
      await log.append([setAsideRecord(topics.setAside, {
        topic: topics.images, partition: 0, offset: 0, key: Buffer.from(id), value: Buffer.alloc(0), headers: {}, timestampMs: Date.now()
      }, { code: codeOf(err), message: (err as Error).message, stage: 'folder' })])
    }
  }
}
