import type { WatchServiceServer } from '../../proto/gen/hammingbird/v1/watch.js'
import type { Engine } from '../engine.js'
import type { Calls } from './calls.js'
import { notBuilt } from './not-built.js'

export function watchService ({ watches }: Engine, calls: Calls): WatchServiceServer {
  return {
    watch: calls.serverStream(watches?.watch.bind(watches) ?? notBuilt('Watch tells at once of each image that comes within reach of a standing query'), true),
    listWatches: calls.unary(watches?.listWatches.bind(watches) ?? notBuilt('ListWatches lists the standing queries of a collection')),
    deleteWatch: calls.unary(watches?.deleteWatch.bind(watches) ?? notBuilt('DeleteWatch ends a standing query'))
  }
}
