import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { drawnPictures } from '../../../dev/pictures.js'
import { publish } from '../../../index-server/engine/publish.js'
import type { ServedCollection } from '../../../index-server/served-collection.js'
import type { NewRecord } from '../../../log/log.js'
import { PublishRequest } from '../../../proto/gen/hammingbird/v1/catalog.js'
import { openAllInOne, scratch } from '../../fixtures/all-in-one.js'

test('publish: codes and images are written in the order in which they came, however long it takes to look up what is there', async t => {
  const { all } = await openAllInOne(t, await scratch(t))
  const served = all.indexServer.served('')
  const lasts: Readonly<Record<string, number>> = { slow: 40, slower: 60 }
  const store = new Proxy(served.store, {
    get: (target, name) => name !== 'item'
      ? Reflect.get(target, name, target) as unknown
      : async (id: string) => {
        if (id in lasts) await sleep(lasts[id])
        return await target.item(id)
      }
  })
  const target = { collection: served.collection, store } as unknown as ServedCollection
  const written: string[] = []
  const log = { append: async (records: readonly NewRecord[]) => records.map(({ key }, i) => ({ topic: '', partition: 0, offset: written.push(String(key)) + i })) }
  let image: Buffer = Buffer.alloc(0)
  for await (const { bytes } of drawnPictures()) {
    image = bytes
    break
  }
  const codes = { v0: Buffer.alloc(8, 1) }
  const requests = [{ id: 'slow', codes }, { id: 'fast', codes }, { id: 'image', image }, { id: 'slower', codes }, { id: 'wrong', codes: { v0: Buffer.alloc(3) } }, { id: 'image 2', image }, { id: 'last', codes }, { id: 'image 3', image }]
  const context = { served: () => target, log } as unknown as Parameters<typeof publish>[0]
  const answers = await Promise.allSettled(requests.map(request => publish(context, PublishRequest.fromPartial(request))))
  t.deepEqual(answers.map(({ status }) => status === 'fulfilled'), requests.map(({ id }) => id !== 'wrong'))
  t.deepEqual(written, requests.map(({ id }) => id).filter(id => id !== 'wrong'))
})
