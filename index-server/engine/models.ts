import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { HammingbirdError, invalid, notFound } from '../../errors.js'
import type { FetchVersionRequest, FetchVersionResponse, GetHistoryRequest, GetHistoryResponse, GetVersionRequest, GetVersionResponse, ListVersionsRequest, ListVersionsResponse, PromoteRequest, PromoteResponse, PublishVersionRequest, PublishVersionResponse, RetireRequest, RetireResponse, RollbackRequest, RollbackResponse, Version } from '../../proto/gen/hammingbird/v1/model.js'
import { assertWhole, dropArtifacts, publishArtifacts } from '../../registry/artifacts.js'
import { FILE_NAMES, parseManifest, versionNumber, type FileName, type Manifest } from '../../registry/manifest.js'
import type { VersionsState } from '../../registry/versions.js'
import type { ServedCollection } from '../served-collection.js'
import type { EngineContext } from './context.js'

/** Largest model, all its files together. */
const MODEL_BYTES = 4 * 2 ** 30
const CHUNK_BYTES = 2 ** 20

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
 * the model is loaded aside and held to its recorded outputs, and only then is it told to anyone.
 */
export async function publishVersion ({ served, log, encoder, scratch }: EngineContext, parts: AsyncIterable<PublishVersionRequest>): Promise<PublishVersionResponse> {
  const stream = parts[Symbol.asyncIterator]()
  const first = await stream.next()
  const header = first.done === true || first.value.part?.$case !== 'header' ? undefined : first.value.part.value
  if (header === undefined) throw invalid('header', 'the first message has the manifest')
  const target = served(header.collection)
  const { versions, topics } = target.collection

  await mkdir(scratch, { recursive: true })
  const directory = await mkdtemp(join(scratch, 'publish-'))
  try {
    // The number is given when the event is made: until then any that is free will do.
    const draft = parseManifest(withVersion(header.manifest, nextVersion(versions.state)))
    await receive(stream, draft, directory)
    await assertWhole(draft.files, directory)
    const trial = `${target.name}/trial/${directory}`
    await encoder.load(trial, draft, directory)
    await encoder.unload(trial)
    for (;;) {
      const manifest = parseManifest(withVersion(header.manifest, nextVersion(versions.state)))
      await publishArtifacts(log, topics.artifacts, manifest, directory)
      const asked = (JSON.parse(header.manifest) as { version?: string }).version
      try {
        await versions.change({ actor: 'publish', reason: '' }, state => {
          if (state.manifests.has(manifest.version) || state.retired.has(manifest.version)) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `version ${manifest.version} exists, and versions never change`)
          return { $case: 'published', value: { manifest: JSON.stringify(manifest) } }
        })
      } catch (err) {
        if (asked || !(err instanceof HammingbirdError) || err.code !== 'HAMMINGBIRD_ALREADY_EXISTS') throw err
        continue // another version took the number meanwhile
      }
      return { version: versionMessage(manifest, versions.state) }
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
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
 * Makes a version live: first it is seen to that this server can answer with it, then one event. A version that has not
 * caught up is refused unless forced: what is missing could not be found.
 */
export async function promote ({ served }: EngineContext, { collection, version, force, actor, reason }: PromoteRequest): Promise<PromoteResponse> {
  const target = served(collection)
  const { versions } = target.collection
  const { version: name } = manifestOf(target, version)
  target.resolveVersion(name)
  target.model(name)
  const { waiting } = target.store.counts(name)
  const lagMs = await target.lagMs(name)
  if (!force && (waiting > 0 || lagMs > 0)) {
    throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `version ${name} has not caught up: ${waiting} images wait for a code${lagMs > 0 ? `, ${(lagMs / 1000).toFixed(0)} s behind` : ''}. Wait for its backfill, or force it: what is missing cannot be found meanwhile`)
  }
  const event = await versions.change({ actor, reason }, state => {
    const live = state.aliases.get('live')!
    if (live === name) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `version ${name} is live already`)
    if (!state.manifests.has(name)) throw notFound('version', name)
    return { $case: 'aliasMoved', value: { kind: 'promote', aliases: { live: name, previous: live } } }
  })
  return { ...aliases(versions.state), event }
}

/** Makes the former version live again, at once: it says what cannot be found until that has caught up. */
export async function rollback ({ served }: EngineContext, { collection, toVersion, actor, reason }: RollbackRequest): Promise<RollbackResponse> {
  const target = served(collection)
  const { versions } = target.collection
  const asked = toVersion === '' ? 'previous' : toVersion
  if (asked === 'previous' && !versions.state.aliases.has('previous')) {
    throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `collection ${target.name} has no previous version: ${versions.state.aliases.get('live')} was never followed by another`)
  }
  const name = target.resolveVersion(asked)
  const event = await versions.change({ actor, reason }, state => {
    const live = state.aliases.get('live')!
    if (live === name) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `version ${name} is live already`)
    return { $case: 'aliasMoved', value: { kind: 'rollback', aliases: { live: name, previous: live } } }
  })
  const { waiting } = target.store.counts(name)
  return { ...aliases(versions.state), event, missing: waiting, caughtUpIn: undefined }
}

/** Drops a version's codes and files for good. The live one cannot be, nor version 0. */
export async function retire ({ served, log }: EngineContext, { collection, version, actor, reason }: RetireRequest): Promise<RetireResponse> {
  const target = served(collection)
  const { versions, topics } = target.collection
  const manifest = manifestOf(target, version)
  const name = manifest.version
  const event = await versions.change({ actor, reason }, state => {
    if (name === 'v0') throw invalid('version', 'another than v0, which is built in and never expires')
    const alias = [...state.aliases].find(([, of]) => of === name)?.[0]
    if (alias !== undefined) throw invalid('version', `one that no alias names; ${name} is ${alias}`)
    return { $case: 'retired', value: { version: name } }
  })
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

function manifestOf (target: ServedCollection, name: string): Manifest {
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
  return `v${Math.max(...[...manifests.keys(), ...retired].map(versionNumber)) + 1}`
}

/** A manifest with a version of its own keeps it. */
function withVersion (text: string, version: string): string {
  try {
    const manifest = JSON.parse(text) as { version?: string }
    return JSON.stringify({ ...manifest, version: manifest.version || version })
  } catch {
    return text // told by parseManifest
  }
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

