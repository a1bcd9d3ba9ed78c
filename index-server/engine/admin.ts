import type { SnapshotRequest, SnapshotResponse } from '../../proto/gen/hammingbird/v1/admin.js'
import { writeSnapshot } from '../snapshot/write-snapshot.js'
import type { EngineContext } from './context.js'

/** One archive of a collection, in pieces, while it is used. */
export async function * snapshot ({ log, served, serverId }: EngineContext, release: string, { collection }: SnapshotRequest, signal: AbortSignal): AsyncGenerator<SnapshotResponse, void> {
  const target = served(collection)
  const { config, versions } = target.collection
  const reader = `${serverId}.${config.name}`
  for await (const data of writeSnapshot({ log, reader, release, config, versions: [...versions.state.manifests.keys()] }, signal)) yield { data }
}
