import { BehaviorSubject, type Observable } from 'rxjs'
import type { Log } from '../log/log.js'
import { ModelEvent } from '../proto/gen/hammingbird/v1/log.js'
import { Follower } from './follow.js'
import { parseManifest, type Manifest } from './manifest.js'

/** What the history of a collection's models comes to. */
export interface VersionsState {
  /** Every version that can be searched, by name: version 0 first. */
  readonly manifests: ReadonlyMap<string, Manifest>
  readonly retired: ReadonlySet<string>
  /** Alias → version. `live` is always there. */
  readonly aliases: ReadonlyMap<string, string>
  /** Offset of the newest event that counted; -1 when there is none. The next event expects to follow it. */
  readonly head: number
}

/** Nothing published: version 0 is there and live. */
export function initialVersions (builtIn: Manifest): VersionsState {
  return { manifests: new Map([[builtIn.version, builtIn]]), retired: new Set(), aliases: new Map([['live', builtIn.version]]), head: -1 }
}

/**
 * What an event makes of a state. An event that expected to follow another one than it did changes nothing: of two that
 * were written at once the log's order decides, everywhere the same.
 */
export function applyEvent (state: VersionsState, { expects, event }: ModelEvent, offset: number): VersionsState {
  if (expects !== state.head) return state
  const next = { ...state, head: offset }
  switch (event?.$case) {
    case 'published': {
      const manifest = parseManifest(event.value.manifest)
      return { ...next, manifests: new Map([...state.manifests, [manifest.version, manifest]]) }
    }
    case 'aliasMoved': {
      const aliases = new Map(state.aliases)
      for (const [alias, version] of Object.entries(event.value.aliases)) {
        if (version === '') aliases.delete(alias)
        else aliases.set(alias, version)
      }
      return { ...next, aliases }
    }
    case 'retired': {
      const manifests = new Map(state.manifests)
      manifests.delete(event.value.version)
      return { ...next, manifests, retired: new Set([...state.retired, event.value.version]) }
    }
    default:
      return next
  }
}

/** The versions of one collection, as they change: C.models, folded. */
export class Versions implements AsyncDisposable {
  /** The state at once, and after each change. */
  readonly state$: Observable<VersionsState>
  readonly #state: BehaviorSubject<VersionsState>
  #follower!: Follower

  /**
   * @param topic C.models.
   * @param reader who reads: distinct among the processes of one deployment.
   * @param builtIn the manifest of version 0.
   */
  static async open (log: Log, topic: string, reader: string, builtIn: Manifest): Promise<Versions> {
    const versions = new Versions(builtIn)
    versions.#follower = await Follower.open({
      log,
      topic,
      reader,
      fold: ({ value, offset }) => {
        if (value !== null) versions.#state.next(applyEvent(versions.state, ModelEvent.decode(value), offset))
      }
    })
    return versions
  }

  private constructor (builtIn: Manifest) {
    this.#state = new BehaviorSubject(initialVersions(builtIn))
    this.state$ = this.#state.asObservable()
  }

  get state (): VersionsState {
    return this.#state.value
  }

  /** The version that a name or an alias stands for. `undefined` for an unknown one. */
  resolve (name: string): string | undefined {
    const version = this.state.aliases.get(name) ?? name
    return this.state.manifests.has(version) ? version : undefined
  }

  async close (): Promise<void> {
    await this.#follower.close()
    this.#state.complete()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}
