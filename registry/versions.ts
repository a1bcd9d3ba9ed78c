import { BehaviorSubject, type Observable } from 'rxjs'
import { HammingbirdError } from '../errors.js'
import type { Log, Position } from '../log/log.js'
import { ModelEvent } from '../proto/gen/hammingbird/v1/log.js'
import { Follower } from './follow.js'
import { parseManifest, type Manifest } from './manifest.js'

/** What the history of a collection's models comes to. */
export interface VersionsState {
  /** Every version that can be searched, by name: version 0 first. */
  readonly manifests: ReadonlyMap<string, Manifest>
  /** Those that were retired, with what was known of them: what a retirement that was cut off has left can be dropped by it. */
  readonly retired: ReadonlyMap<string, Manifest | undefined>
  /** Alias → version. `live` is always there. */
  readonly aliases: ReadonlyMap<string, string>
  /** Offset of the newest event that counted; -1 when there is none. The next event expects to follow it. */
  readonly head: number
}

/** An event that counted, and what it led to. */
export interface HistoryEntry {
  readonly offset: number
  readonly atMs: number
  readonly event: 'published' | 'promoted' | 'rolled-back' | 'shadowed' | 'retired' | 'leased'
  /** What it was about; empty for a lease. */
  readonly version: string
  readonly live: string
  readonly previous: string
  readonly actor: string
  readonly reason: string
}

export type EventBody = NonNullable<ModelEvent['event']>

/** Nothing published: version 0 is there and live. */
export function initialVersions (builtIn: Manifest): VersionsState {
  return { manifests: new Map([[builtIn.version, builtIn]]), retired: new Map(), aliases: new Map([['live', builtIn.version]]), head: -1 }
}

/**
 * What an event makes of a state. An event that expected to follow another one than it did, or that is damaged, changes
 * nothing: of two that were written at once the log's order decides, everywhere the same.
 */
export function applyEvent (state: VersionsState, { expects, event }: ModelEvent, offset: number): VersionsState {
  if (expects !== state.head || event === undefined) return state
  const next = { ...state, head: offset }
  switch (event.$case) {
    case 'published': {
      const manifest = readManifest(event.value.manifest)
      if (manifest === undefined || state.manifests.has(manifest.version) || state.retired.has(manifest.version)) return state
      return { ...next, manifests: new Map([...state.manifests, [manifest.version, manifest]]) }
    }
    case 'aliasMoved': {
      // An alias for a version that was retired meanwhile, or never was, would leave searches without any.
      if (Object.values(event.value.aliases).some(version => version !== '' && !state.manifests.has(version))) return state
      const aliases = new Map(state.aliases)
      for (const [alias, version] of Object.entries(event.value.aliases)) {
        if (version === '') aliases.delete(alias)
        else aliases.set(alias, version)
      }
      return { ...next, aliases }
    }
    case 'retired': {
      const { version } = event.value
      if (state.aliases.get('live') === version) return state // searches would be left without any
      const manifests = new Map(state.manifests)
      manifests.delete(version)
      const aliases = new Map([...state.aliases].filter(([, of]) => of !== version))
      return { ...next, manifests, aliases, retired: new Map([...state.retired, [version, state.manifests.get(version)]]) }
    }
    case 'lease':
      return next
  }
}

function readManifest (text: string): Manifest | undefined {
  try {
    return parseManifest(text)
  } catch {
    return undefined // written by hand, or by a later release
  }
}

/** How often a change is tried again when others come in between. */
const ATTEMPTS = 5

/** The versions of one collection, as they change: C.models, folded. */
export class Versions implements AsyncDisposable {
  /** The state at once, and after each change. */
  readonly state$: Observable<VersionsState>
  readonly #state: BehaviorSubject<VersionsState>
  readonly #history: HistoryEntry[] = []
  readonly #log: Log
  readonly #topic: string
  #follower!: Follower

  /**
   * @param topic C.models.
   * @param reader who reads: distinct among the processes of one deployment.
   * @param builtIn the manifest of version 0.
   */
  static async open (log: Log, topic: string, reader: string, builtIn: Manifest): Promise<Versions> {
    const versions = new Versions(log, topic, builtIn)
    versions.#follower = await Follower.open({
      log,
      topic,
      reader,
      fold: ({ value, offset }) => { if (value !== null) versions.#fold(ModelEvent.decode(value), offset) }
    })
    return versions
  }

  private constructor (log: Log, topic: string, builtIn: Manifest) {
    this.#log = log
    this.#topic = topic
    this.#state = new BehaviorSubject(initialVersions(builtIn))
    this.state$ = this.#state.asObservable()
  }

  get state (): VersionsState {
    return this.#state.value
  }

  /** Every event that counted, oldest first: what was live at any time can be read from it. */
  get history (): readonly HistoryEntry[] {
    return this.#history
  }

  /** The version that a name or an alias stands for. `undefined` for an unknown one. */
  resolve (name: string): string | undefined {
    const version = this.state.aliases.get(name) ?? name
    return this.state.manifests.has(version) ? version : undefined
  }

  /**
   * Writes an event and resolves when it counts here. When another one came in between, the event is made anew from what
   * that led to.
   *
   * @param make the event, from the newest state; it throws when the state does not allow it.
   * @throws HammingbirdError `HAMMINGBIRD_CONFLICT` when others kept coming in between.
   */
  async change (by: { readonly actor: string, readonly reason: string }, make: (state: VersionsState) => EventBody): Promise<Position> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const event: ModelEvent = { ...by, expects: this.state.head, atMs: Date.now(), event: make(this.state) }
      const [position] = await this.#log.append([{ topic: this.#topic, partition: 0, key: null, value: Buffer.from(ModelEvent.encode(event).finish()) }])
      await this.#follower.reached(position!.offset + 1)
      if (this.#history.some(({ offset }) => offset === position!.offset)) return position!
    }
    throw new HammingbirdError('HAMMINGBIRD_CONFLICT', 'the versions were changed by others at the same time: look at the history, then try again')
  }

  async close (): Promise<void> {
    await this.#follower.close()
    this.#state.complete()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  #fold (event: ModelEvent, offset: number): void {
    const state = applyEvent(this.state, event, offset)
    if (state === this.state) return
    const { kind, version } = described(event.event!)
    this.#history.push({
      offset,
      atMs: event.atMs,
      event: kind,
      version,
      live: state.aliases.get('live')!,
      previous: state.aliases.get('previous') ?? '',
      actor: event.actor,
      reason: event.reason
    })
    this.#state.next(state)
  }
}

function described (event: EventBody): { readonly kind: HistoryEntry['event'], readonly version: string } {
  switch (event.$case) {
    case 'published': return { kind: 'published', version: parseManifest(event.value.manifest).version }
    case 'aliasMoved': {
      const { kind, aliases } = event.value
      if (kind === 'shadow') return { kind: 'shadowed', version: aliases['shadow'] ?? '' }
      return { kind: kind === 'rollback' ? 'rolled-back' : 'promoted', version: aliases['live'] ?? '' }
    }
    case 'retired': return { kind: 'retired', version: event.value.version }
    case 'lease': return { kind: 'leased', version: '' }
  }
}
