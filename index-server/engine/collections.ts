import { HammingbirdError } from '../../errors.js'
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

/** @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`; `…_IN_USE` when this process cannot be without it. */
export async function deleteCollection ({ registry, neededBy }: EngineContext, name: string): Promise<void> {
  const needed = neededBy?.(registry.collections.get(name).name)
  if (needed !== undefined) throw new HammingbirdError('HAMMINGBIRD_IN_USE', needed)
  await registry.collections.delete(name)
}

export function collectionMessage ({ name, bits, partitions, imageBytes, imagePixels, createdAtMs }: CollectionConfig): Collection {
  return { name, bits, partitions, limits: { imageBytes, imagePixels }, createdAt: new Date(createdAtMs) }
}
