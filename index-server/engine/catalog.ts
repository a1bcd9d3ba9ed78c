import { notFound } from '../../errors.js'
import type { Position } from '../../log/log.js'
import type { DeleteItemsRequest, ExportItemsRequest, GetItemRequest, Item, SetLabelsRequest } from '../../proto/gen/hammingbird/v1/catalog.js'
import { LabelsRecord } from '../../proto/gen/hammingbird/v1/log.js'
import * as valid from '../validate.js'
import type { EngineContext } from './context.js'
import { itemMessage } from './items.js'

/** Writes a tombstone an id to C.images. Ids that are not there are no error: they may be on their way. */
export async function deleteItems ({ log, served }: EngineContext, { collection, ids }: DeleteItemsRequest): Promise<readonly Position[]> {
  const { topics } = served(collection).collection
  return log.append(valid.imageIds(ids).map(id => ({ topic: topics.images, key: Buffer.from(id), value: null })))
}

/** Writes labels to C.labels; without labels, a tombstone: back to those published with the image. */
export async function setLabels ({ log, served }: EngineContext, { collection, id, labels }: SetLabelsRequest): Promise<Position> {
  const { topics } = served(collection).collection
  const value = labels === undefined
    ? null
    : Buffer.from(LabelsRecord.encode({ labels: valid.labels(labels.values), actor: '' }).finish())
  const [position] = await log.append([{ topic: topics.labels, key: Buffer.from(valid.imageId(id)), value }])
  return position!
}

/** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND` for an unknown or deleted image. */
export async function getItem ({ served }: EngineContext, { collection, id, picture }: GetItemRequest): Promise<Item> {
  const { store, collection: { topics } } = served(collection)
  const item = await store.item(valid.imageId(id))
  if (item === undefined) throw notFound('image', id)
  return itemMessage(item, topics, picture ? await store.picture(id) : undefined)
}

/** Live items in order of id. */
export async function * exportItems ({ served }: EngineContext, { collection, pictures, labelled, afterId }: ExportItemsRequest, signal: AbortSignal): AsyncGenerator<Item> {
  const { store, collection: { topics } } = served(collection)
  for await (const run of store.items(afterId === '' ? undefined : afterId)) {
    for (const item of run) {
      signal.throwIfAborted()
      if (labelled && item.labels.length === 0) continue
      yield itemMessage(item, topics, pictures ? await store.picture(item.id) : undefined)
    }
  }
}
