import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { HammingbirdError } from '../errors.js'
import type { Log } from '../log/log.js'
import { ArtifactChunk } from '../proto/gen/hammingbird/v1/log.js'
import type { Manifest, ModelFile } from './manifest.js'

/** Bytes of a model's file in one message of C.artifacts. */
export const CHUNK_BYTES = 1024 * 1024
const DIGITS = 8
const SHA_DIGITS = 16

/**
 * Writes a version's files to C.artifacts, from a directory that holds them. Writing them again changes nothing; and since what is in
 * a file is part of its keys, two who publish under one name at the same time do not spoil each other's files.
 */
export async function publishArtifacts (log: Log, topic: string, { version, files }: Pick<Manifest, 'version' | 'files'>, directory: string): Promise<void> {
  for (const file of files) {
    let chunk = 0
    for await (const data of createReadStream(join(directory, file.name), { highWaterMark: CHUNK_BYTES })) {
      const key = chunkKey(version, file, chunk++)
      await log.append([{ topic, partition: 0, key, value: Buffer.from(ArtifactChunk.encode({ data: data as Buffer }).finish()) }])
    }
  }
}

/** Removes a version's files from C.artifacts. */
export async function dropArtifacts (log: Log, topic: string, { version, files }: Pick<Manifest, 'version' | 'files'>): Promise<void> {
  for (const file of files) {
    const chunks = Math.ceil(file.bytes / CHUNK_BYTES)
    await log.append(Array.from({ length: chunks }, (_, chunk) => ({ topic, partition: 0, key: chunkKey(version, file, chunk), value: null })))
  }
}

/** `v7/weights.safetensors/0123456789abcdef/00000042`: the version, the file, the beginning of its SHA-256, the piece. */
function chunkKey (version: string, { name, sha256 }: ModelFile, chunk: number): Buffer {
  return Buffer.from(`${version}/${name}/${sha256.slice(0, SHA_DIGITS)}/${String(chunk).padStart(DIGITS, '0')}`)
}

export interface FetchOptions {
  readonly log: Log
  /** C.artifacts. */
  readonly topic: string
  /** Who reads: distinct among the processes of one deployment. */
  readonly reader: string
  readonly manifest: Manifest
  /** Where they go; made, or found as a former call left it. */
  readonly directory: string
}

/**
 * Brings a version's files from C.artifacts to a directory, and checks each: bytes and SHA-256 as the manifest says.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when a file is missing or is not what the manifest says.
 */
export async function fetchArtifacts ({ log, topic, reader, manifest, directory }: FetchOptions): Promise<void> {
  if (manifest.files.length === 0 || await isWhole(manifest.files, directory)) return
  const aside = `${directory}.${process.pid}`
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { recursive: true })
  const handles = new Map<string, FileHandle>()
  const digests = new Map<string, string>(manifest.files.map(({ name, sha256 }) => [name, sha256.slice(0, SHA_DIGITS)]))
  try {
    for (const { name, bytes } of manifest.files) {
      const handle = await open(join(aside, name), 'w')
      handles.set(name, handle)
      await truncate(join(aside, name), bytes)
    }
    const [end = 0] = await log.ends(topic)
    await using source = log.read({ topic, reader, from: new Map([[0, 0]]) })
    for (let next = 0; next < end;) {
      const batch = await source.poll()
      next = batch.next
      for (const { key, value } of batch.records) {
        const [version, name = '', sha256, chunk] = key!.toString('utf8').split('/')
        if (version !== manifest.version || value === null || sha256 !== digests.get(name)) continue
        await handles.get(name)?.write(ArtifactChunk.decode(value).data, 0, undefined, Number(chunk) * CHUNK_BYTES)
      }
    }
    for (const handle of handles.values()) await handle.close()
    handles.clear()
    await assertWhole(manifest.files, aside)
    await rm(directory, { recursive: true, force: true })
    await rename(aside, directory)
  } finally {
    for (const handle of handles.values()) await handle.close()
    await rm(aside, { recursive: true, force: true })
  }
}

/** @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` naming the first file that is not as it should be. */
export async function assertWhole (files: readonly ModelFile[], directory: string): Promise<void> {
  for (const { name, bytes, sha256 } of files) {
    const { size } = await stat(join(directory, name)).catch(() => ({ size: -1 }))
    if (size !== bytes) throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', size === -1 ? `${name} is missing` : `${name} has ${size} bytes, the manifest says ${bytes}`)
    const hash = createHash('sha256')
    for await (const data of createReadStream(join(directory, name))) hash.update(data as Buffer)
    const found = hash.digest('hex')
    if (found !== sha256) throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `${name} has SHA-256 ${found}, the manifest says ${sha256}`)
  }
}

async function isWhole (files: readonly ModelFile[], directory: string): Promise<boolean> {
  try {
    await assertWhole(files, directory)
    return true
  } catch {
    return false
  }
}
