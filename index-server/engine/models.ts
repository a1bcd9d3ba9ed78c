import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, HammingbirdError, invalid, notFound } from '../../errors.js'
import type { Log } from '../../log/log.js'
import type { Backfill, FetchVersionRequest, FetchVersionResponse, GetBackfillRequest, GetBackfillResponse, GetHistoryRequest, GetHistoryResponse, GetVersionRequest, GetVersionResponse, ListVersionsRequest, ListVersionsResponse, PromoteRequest, PromoteResponse, PublishVersionRequest, PublishVersionResponse, RetireRequest, RetireResponse, RollbackRequest, RollbackResponse, Version } from '../../proto/gen/hammingbird/v1/model.js'
import { assertWhole, dropArtifacts, publishArtifacts } from '../../registry/artifacts.js'
import { FILE_NAMES, parseManifest, versionNumber, type FileName, type Manifest } from '../../registry/manifest.js'
import type { VersionsState } from '../../registry/versions.js'
import type { ServedCollection } from '../served-collection.js'
import type { EngineContext } from './context.js'

/** Largest model, all its files together. */
const MODEL_BYTES = 4 * 2 ** 30
const CHUNK_BYTES = 2 ** 20
/** Stands in a manifest while its version has no number yet. */
const UNNAMED = 'v0'
const BUILT_IN = 'v0'
/** How long a promotion waits for a version that is nearly there. */
const PATIENCE_MS = 3000

export async function listVersions ({ served }: EngineContext, { collection }: ListVersionsRequest): Promise<ListVersionsResponse> {
  const { versions } = served(collection).collection
  return { versions: [...versions.state.manifests.values()].map(manifest => versionMessage(manifest, versions.state)) }
}

export async function getVersion ({ served }: EngineContext, { collection, version }: GetVersionRequest): Promise<GetVersionResponse> {
  const { versions } = served(collection).collection
  return { version: versionMessage(manifestOf(served(collection), version), versions.state) }
}

/**
 * Publishes a version: a header with the manifest, then its files in pieces. The files are checked against the manifest,
 * the model is loaded in a process that is thrown away and held to its recorded outputs, and only then is it told to anyone. The same
 * model published again, under no number of its own, is the version that it became the first time.
 */
export async function publishVersion ({ served, log, probe, scratch }: EngineContext, parts: AsyncIterable<PublishVersionRequest>): Promise<PublishVersionResponse> {
  const stream = parts[Symbol.asyncIterator]()
  const first = await stream.next()
  const header = first.done === true || first.value.part?.$case !== 'header' ? undefined : first.value.part.value
  if (header === undefined) throw invalid('header', 'the first message has the manifest')
  const target = served(header.collection)
  const { versions } = target.collection

  await mkdir(scratch, { recursive: true })
  const directory = await mkdtemp(join(scratch, 'publish-'))
  try {
    const { model, version } = parseModel(header.manifest)
    await receive(stream, model, directory)
    await assertWhole(model.files, directory)
    await probe(model, directory)
    const name = await publishFiles(log, target, { ...model, version }, directory)
    return { version: versionMessage(versions.state.manifests.get(name)!, versions.state) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** @returns the name under which the model is there. */
async function publishFiles (log: Log, target: ServedCollection, model: Manifest, directory: string): Promise<string> {
  const { versions, topics } = target.collection
  for (;;) {
    const before = model.version === '' ? sameModel(versions.state, model) : undefined
    if (before !== undefined) return before
    const manifest = { ...model, version: model.version || nextVersion(versions.state) }
    await publishArtifacts(log, topics.artifacts, manifest, directory)
    try {
      await versions.change({ actor: 'publish', reason: '' }, state => {
        if (state.manifests.has(manifest.version) || state.retired.has(manifest.version)) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `version ${manifest.version} exists, and versions never change`)
        return { $case: 'published', value: { manifest: JSON.stringify(manifest) } }
      })
      return manifest.version
    } catch (err) {
      if (codeOf(err) !== 'HAMMINGBIRD_ALREADY_EXISTS') throw err
      const theirs = versions.state.manifests.get(manifest.version)?.files ?? []
      await dropArtifacts(log, topics.artifacts, { ...manifest, files: manifest.files.filter(({ sha256 }) => !theirs.some(file => file.sha256 === sha256)) })
      if (model.version !== '') throw err
      // Another version took the number meanwhile.
    }
  }
}

/** A version's manifest, then its files in pieces. */
export async function * fetchVersion ({ served, models }: EngineContext, { collection, version }: FetchVersionRequest): AsyncGenerator<FetchVersionResponse> {
  const target = served(collection)
  const manifest = manifestOf(target, version)
  yield { part: { $case: 'manifest', value: JSON.stringify(manifest) } }
  const directory = await models.filesOf(target.collection, manifest)
  if (directory === undefined) return
  for (const { name: file } of manifest.files) {
    let offset = 0
    for await (const piece of createReadStream(join(directory, file), { highWaterMark: CHUNK_BYTES })) {
      const data = piece as Buffer
      yield { part: { $case: 'chunk', value: { file, offset, data } } }
      offset += data.length
    }
  }
}

/**
 * Makes a version live: first it is seen to that this server can answer with it, then one event. A version that does not catch up with
 * the others within a few seconds is refused unless forced: what is missing could not be found.
 */
export async function promote ({ served }: EngineContext, { collection, version, force, actor, reason }: PromoteRequest, signal: AbortSignal): Promise<PromoteResponse> {
  const target = served(collection)
  const { versions } = target.collection
  const { version: name } = manifestOf(target, version)
  const isNews = ({ aliases }: VersionsState): string => {
    const live = aliases.get('live')!
    if (live === name) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `version ${name} is live already`)
    return live
  }
  isNews(versions.state)
  await prepared(target, name, force, signal)
  const event = await versions.change({ actor, reason }, state => {
    const live = isNews(state)
    if (!state.manifests.has(name)) throw notFound('version', name)
    return { $case: 'aliasMoved', value: { kind: 'promote', aliases: { live: name, previous: live } } }
  })
  return { ...aliases(versions.state), event }
}

/**
 * Resolves when this server can answer with a version, and, unless forced, can find under it what it can find under the others. Images go
 * on coming, so that a version is never quite at the end: it has caught up when it has passed all that was there when asked.
 */
async function prepared (target: ServedCollection, name: string, force: boolean, signal: AbortSignal): Promise<void> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  const out = new Promise<void>(resolve => { patience.addEventListener('abort', () => { resolve() }, { once: true }) })
  await Promise.race([target.ready(), out])
  if (!target.isOpen(name)) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `version ${name} is being opened here: try again`)
  if (force) return
  await target.caughtUp(name, patience).catch((err: unknown) => {
    if (signal.aborted || !patience.aborted) throw err
    const { waiting } = target.store.counts(name)
    throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `version ${name} has not caught up: ${waiting} images wait for a code. Wait for its backfill, or force it: what is missing cannot be found meanwhile`)
  })
}

/** Makes the former version live again, at once: it says what cannot be found until that has caught up. */
export async function rollback ({ served }: EngineContext, { collection, toVersion, actor, reason }: RollbackRequest): Promise<RollbackResponse> {
  const target = served(collection)
  const { versions } = target.collection
  const asked = toVersion === '' ? 'previous' : toVersion
  if (asked === 'previous' && !versions.state.aliases.has('previous')) {
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `collection ${target.name} has no previous version: ${versions.state.aliases.get('live')} never followed another, or that was retired`)
  }
  const name = target.resolveVersion(asked)
  const event = await versions.change({ actor, reason }, state => {
    const live = state.aliases.get('live')!
    if (live === name) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `version ${name} is live already`)
    if (!state.manifests.has(name)) throw notFound('version', name) // retired meanwhile
    return { $case: 'aliasMoved', value: { kind: 'rollback', aliases: { live: name, previous: live } } }
  })
  const { waiting } = target.store.counts(name)
  return { ...aliases(versions.state), event, missing: waiting, caughtUpIn: undefined }
}

/**
 * Drops a version's codes and files for good. The live one cannot be; the one that is kept for a rollback, and version 0, only by force: encoding
 * for them ends, and so does what they are kept for. Asked again of one that is retired, it drops what a retirement that was cut off has left.
 */
export async function retire ({ served, log }: EngineContext, { collection, version, force, actor, reason }: RetireRequest): Promise<RetireResponse> {
  const target = served(collection)
  const { versions, topics } = target.collection
  const retired = versions.state.retired.get(version)
  const manifest = retired ?? manifestOf(target, version)
  const name = manifest.version
  const event = retired === undefined
    ? await versions.change({ actor, reason }, state => {
      const alias = [...state.aliases].find(([, of]) => of === name)?.[0]
      if (alias === 'live') throw invalid('version', `one that is not live; ${name} is`)
      if (force) return { $case: 'retired', value: { version: name } }
      if (name === BUILT_IN) throw invalid('version', `another than ${BUILT_IN}, which is built in and cannot be had back; force it to have no more encoded for it`)
      if (alias !== undefined) throw invalid('version', `one that no alias names; ${name} is ${alias}${alias === 'previous' ? ', kept for a rollback, until another version is promoted, or it is retired by force' : ''}`)
      return { $case: 'retired', value: { version: name } }
    })
    : { topic: topics.models, partition: 0, offset: versions.history.findLast(entry => entry.event === 'retired' && entry.version === name)!.offset }
  await dropArtifacts(log, topics.artifacts, manifest)
  await log.deleteTopic(topics.codes(name))
  return { event }
}

export async function getHistory ({ served }: EngineContext, { collection, until }: GetHistoryRequest): Promise<GetHistoryResponse> {
  const { versions, topics } = served(collection).collection
  return {
    entries: versions.history
      .filter(({ atMs }) => until === undefined || atMs <= until.getTime())
      .map(({ offset, atMs, ...entry }) => ({ ...entry, at: new Date(atMs), position: { topic: topics.models, partition: 0, offset } }))
  }
}

/** How far versions have caught up; all of them where none is named. */
export async function getBackfill ({ served }: EngineContext, { collection, version }: GetBackfillRequest): Promise<GetBackfillResponse> {
  const target = served(collection)
  const { state } = target.collection.versions
  const names = version === '' ? [...state.manifests.keys()] : [manifestOf(target, version).version]
  return { backfills: names.map(name => backfillOf(target, name)) }
}

function backfillOf (target: ServedCollection, version: string): Backfill {
  const none = { version, coded: 0, setAside: 0, waiting: 0, imagesPerSecond: 0, remaining: undefined, caughtUp: false, paused: false }
  if (!target.store.versions().includes(version)) return none // it is being opened
  const { coded, setAside, waiting } = target.store.counts(version)
  const imagesPerSecond = target.imagesPerSecond(version)
  const caughtUp = target.isCaughtUp(version)
  const seconds = caughtUp || imagesPerSecond === 0 ? undefined : Math.ceil(waiting / imagesPerSecond)
  return { ...none, coded, setAside, waiting, imagesPerSecond, caughtUp, remaining: seconds === undefined ? undefined : { seconds, nanos: 0 } }
}

/** A version's manifest, by its name or an alias. @throws HammingbirdError `HAMMINGBIRD_NOT_FOUND`, `…_VERSION_RETIRED`. */
export function manifestOf (target: ServedCollection, name: string): Manifest {
  const { versions } = target.collection
  const version = versions.resolve(name === '' ? 'live' : name)
  if (version !== undefined) return versions.state.manifests.get(version)!
  if (versions.state.retired.has(name)) throw new HammingbirdError('HAMMINGBIRD_VERSION_RETIRED', `version ${name} of ${target.name} was retired and its codes dropped`)
  throw notFound('version', name)
}

function versionMessage (manifest: Manifest, { aliases, retired }: VersionsState): Version {
  return {
    name: manifest.version,
    manifest: JSON.stringify(manifest),
    bits: manifest.bits,
    network: manifest.network,
    createdAt: new Date(manifest.createdMs),
    aliases: [...aliases].filter(([, version]) => version === manifest.version).map(([alias]) => alias),
    retired: retired.has(manifest.version)
  }
}

function aliases ({ aliases }: VersionsState): { readonly live: string, readonly previous: string } {
  return { live: aliases.get('live')!, previous: aliases.get('previous') ?? '' }
}

function nextVersion ({ manifests, retired }: VersionsState): string {
  return `v${Math.max(...[...manifests.keys(), ...retired.keys()].map(versionNumber)) + 1}`
}

/** The version that is this very model, whatever number it has; undefined when there is none. */
function sameModel ({ manifests }: VersionsState, model: Manifest): string | undefined {
  const wanted = JSON.stringify(model)
  return [...manifests.values()].find(manifest => JSON.stringify({ ...manifest, version: '' }) === wanted)?.version
}

/** The manifest of a model, and the version it asks to be: empty for the next that is free. */
function parseModel (text: string): { readonly model: Manifest, readonly version: string } {
  let asked: { readonly version?: unknown } | null | undefined
  try {
    asked = JSON.parse(text) as typeof asked
  } catch {
    parseManifest(text) // which says so
  }
  const version = asked?.version ?? ''
  if (version !== '') return { model: parseManifest(text), version: String(version) }
  return { model: parseManifest(JSON.stringify({ ...asked, version: UNNAMED })), version: '' }
}

async function receive (stream: AsyncIterator<PublishVersionRequest>, { files }: Manifest, directory: string): Promise<void> {
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > MODEL_BYTES) throw invalid('manifest.files', `at most ${MODEL_BYTES} bytes together`)
  const handles = new Map<FileName, FileHandle>()
  try {
    for (const { name } of files) handles.set(name, await open(join(directory, name), 'w'))
    for (let next = await stream.next(); next.done !== true; next = await stream.next()) {
      const chunk = next.value.part?.$case === 'chunk' ? next.value.part.value : undefined
      if (chunk === undefined) throw invalid('part', 'after the header come chunks of files')
      const file = files.find(({ name }) => name === chunk.file)
      if (file === undefined) throw invalid('chunk.file', `one the manifest names (${FILE_NAMES.join(', ')})`)
      if (chunk.offset + chunk.data.length > file.bytes) throw invalid('chunk.offset', `within the ${file.bytes} bytes of ${file.name}`)
      await handles.get(file.name)!.write(chunk.data, 0, undefined, chunk.offset)
    }
  } finally {
    for (const handle of handles.values()) await handle.close()
  }
}

