import { invalid } from '../../errors.js'
import type { CollectionServiceServer } from '../../proto/gen/hammingbird/v1/collection.js'
import type { Engine } from '../engine.js'
import type { Calls } from './calls.js'

export function collectionService (engine: Engine, calls: Calls): CollectionServiceServer {
  return {
    createCollection: calls.unary(async ({ collection }, signal) => {
      if (!collection) throw invalid('collection', 'say which: {"collection": {"name": "…"}}')
      return { collection: await engine.createCollection(collection, signal) }
    }),
    getCollection: calls.unary(async ({ name }) => ({ collection: await engine.getCollection(name) })),
    listCollections: calls.unary(async () => ({ collections: [...await engine.listCollections()] })),
    deleteCollection: calls.unary(async ({ name }, signal) => {
      await engine.deleteCollection(name, signal)
      return {}
    })
  }
}
