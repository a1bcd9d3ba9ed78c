import type { GetStatusResponse, VersionStatus, WorkerStatus } from '../../proto/gen/hammingbird/v1/catalog.js'
import type { EngineContext } from './context.js'

export interface StatusSources {
  readonly release: string
  /** Unix time. */
  readonly startedAtMs: number
  /** Workers of this process. */
  readonly workers: () => readonly WorkerStatus[]
}

/** Where a collection stands: counts that add up, lag as a time, and since when the log has not said more, where it is away. */
export async function status ({ log, served }: EngineContext, name: string, { release, startedAtMs, workers }: StatusSources): Promise<GetStatusResponse> {
  const collection = served(name)
  const { store, collection: { versions } } = collection
  await collection.sample()
  const rows = store.versions().map((version): VersionStatus => {
    const { coded, setAside, waiting } = store.counts(version)
    const codes = store.codes(version)
    const lagMs = collection.lagMs(version)
    return { version, bits: codes.bits, coded, setAside, waiting, lagSeconds: lagMs / 1000, caughtUp: lagMs === 0 && waiting === 0 }
  })
  const liveVersion = versions.state.aliases.get('live')!
  return {
    collection: collection.name,
    log: log.kind,
    liveItems: rows[0] === undefined ? 0 : store.counts(rows[0].version).live,
    setAside: await store.setAsideCount,
    versions: rows,
    liveVersion,
    lagSeconds: rows.find(({ version }) => version === liveVersion)?.lagSeconds ?? 0,
    workers: [...workers()],
    release,
    uptimeSeconds: (Date.now() - startedAtMs) / 1000,
    logSilentSeconds: collection.logSilentMs() / 1000,
    stopped: collection.stopped().map(({ topic, error }) => `${topic}: ${error.message}`)
  }
}
