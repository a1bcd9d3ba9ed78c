import type { CollectionConfig } from '../../registry/collections.js'
import type { Collection } from '../../proto/gen/hammingbird/v1/collection.js'
import type { EngineContext } from './context.js'

/** Makes a collection: searchable when this resolves. */
export async function createCollection ({ registry, opened }: EngineContext, { name, bits, partitions, limits }: Collection): Promise<Collection> {
  const config = await registry.collections.create({
    name,
    bits,
    partitions,
    imageBytes: limits?.imageBytes ?? 0,
    imagePixels: limits?.imagePixels ?? 0
  })
  await registry.refresh()
  await opened(config.name)
  return collectionMessage(config)
}

export function collectionMessage ({ name, bits, partitions, imageBytes, imagePixels, createdAtMs }: CollectionConfig): Collection {
  return { name, bits, partitions, limits: { imageBytes, imagePixels }, createdAt: new Date(createdAtMs) }
}
