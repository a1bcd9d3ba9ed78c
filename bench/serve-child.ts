// Everything on one machine, as `up` opens it, with codes applied straight to its tables: a pipeline would take long to make them.
import { readFileSync } from 'node:fs'
import type { StoreChange } from '../index-server/store/collection-store.js'
import { freshAllInOne } from './up-process.js'

const RUN = 1000
const SHA256 = Buffer.alloc(32, 7)

export interface ServeJob {
  /** File of codes, one after the other. */
  readonly codes: string
  readonly bits: number
}

process.once('message', (job: ServeJob) => { void serve(job) })

async function serve ({ codes: file, bits }: ServeJob): Promise<void> {
  await using all = await freshAllInOne({ bits })
  const served = all.indexServer.served('')
  const { topics } = served.collection
  const version = served.resolveVersion('')
  const codes = readFileSync(file)
  const size = bits / 8
  const count = codes.length / size
  for (let from = 0; from < count; from += RUN) {
    const numbers = Array.from({ length: Math.min(RUN, count - from) }, (_, i) => from + i)
    const position = { partition: 0, next: from + numbers.length, atMs: 1 }
    await Promise.all([
      served.store.apply(numbers.map(itemOf), { topic: topics.items, ...position }),
      served.store.apply(numbers.map((number): StoreChange => ({
        kind: 'code', version, id: idOf(number), partition: 0, itemOffset: number, code: codes.subarray(number * size, (number + 1) * size), detail: undefined
      })), { topic: topics.codes(version), ...position })
    ])
  }
  process.send!({ address: all.grpc.address })
  await new Promise(resolve => process.once('disconnect', resolve))
}

function idOf (number: number): string {
  return `photos/2026/${number}.jpg`
}

function itemOf (offset: number): StoreChange {
  const item = {
    labels: ['cat', 'indoor'], metadata: {}, uri: '', capturedAtMs: undefined, sha256: SHA256, source: { partition: 0, offset },
    publishedAtMs: 1_700_000_000_000, width: 640, height: 480, format: 'jpeg'
  }
  return { kind: 'item', id: idOf(offset), partition: 0, offset, item, picture: undefined }
}
