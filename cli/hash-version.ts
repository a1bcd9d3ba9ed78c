import { isDeepStrictEqual } from 'node:util'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient, Version } from '../client/index.js'
import { DecoderPool } from '../decoder/pool.js'
import { hashPretrained } from '../encoder/hash-pretrained.js'
import type { Picture } from '../encoder/import/catalogue.js'
import type { Imported } from '../encoder/import/imported.js'
import { codeOf, HammingbirdError } from '../errors.js'
import { isPassing, untilCaughtUp } from './backfill-progress.js'
import { movedJson, versionJson } from './json.js'
import { publishModel } from './model-directory.js'
import { print, printJson } from './output.js'
import { picturesOf, sampleIds } from './sample-pictures.js'
import { StatusLine } from './status-line.js'

/** A pretrained network, and where it is from. */
export interface Pretrained {
  readonly name: string
  readonly imported: Imported
  readonly picture: Picture
  /** For people. */
  readonly provenance: Readonly<Record<string, string>>
}

export interface HashVersionOptions {
  /** 0: as wide as the collection's. */
  readonly bits: number
  /** Most pictures that the layer is fitted on. */
  readonly pictures: number
  /** int8 features kept beside the code; undefined: as many as is the rule. */
  readonly detail?: number
  /** Whether it is made live in the end. */
  readonly promote: boolean
  /** Whether a layer is fitted also when a version of these weights and bits is there. */
  readonly again: boolean
  readonly actor: string
  readonly reason: string
  readonly json: boolean
}

const number = new Intl.NumberFormat('en')

/**
 * Makes a version of a pretrained network: fits a hash layer on what the collection holds, publishes it, waits for its backfill and makes
 * it live. Broken off at any moment and called again it goes on with what there is: a version that was published is
 * not made a second time.
 */
export async function addHashVersion (client: HammingbirdClient, collection: string, pretrained: Pretrained, options: HashVersionOptions, signal: AbortSignal): Promise<void> {
  using line = new StatusLine()
  const tell = (text: string): void => { line.say(text) }
  const bits = options.bits || (await client.getCollection(collection, { signal })).bits
  let version = options.again ? undefined : await madeBefore(client, pretrained, bits, options.detail, signal)
  if (version !== undefined) line.keep(`${version.name} is made of ${pretrained.name} with ${bits} bits already: going on with it`)
  else {
    version = await make(client, pretrained, bits, options, signal, line)
    line.keep(`published as ${version.name}`)
  }
  await untilCaughtUp(client, version.name, signal, tell)
  line.keep(`${version.name} has caught up`)
  if (!options.promote) {
    if (options.json) await printJson(versionJson(version))
    else await print(`${version.name} is ready: hammingbird models promote ${version.name}`)
    return
  }
  const moved = await makeLive(client, version.name, options, signal)
  line.end()
  if (options.json) await printJson({ ...versionJson(await client.models.get(version.name, { signal })), ...movedJson(moved) })
  else await print(`${moved.live} is live, ${moved.previous} is previous`)
}

/** A version of the same weights, asked for in the same way: the run that made it was broken off. */
async function madeBefore (client: HammingbirdClient, { imported, picture }: Pretrained, bits: number, detail: number | undefined, signal: AbortSignal): Promise<Version | undefined> {
  const versions = await client.models.list({ signal })
  return versions.findLast(version => {
    const manifest = JSON.parse(version.manifest) as { readonly provenance: Record<string, string>, readonly detail: number } & Readonly<Record<string, unknown>>
    return version.bits === bits && manifest.provenance['weights'] === imported.sha256 && (detail === undefined || manifest.detail === detail) &&
      Object.entries(picture).every(([name, value]) => isDeepStrictEqual(manifest[name], JSON.parse(JSON.stringify(value))))
  })
}

async function make (client: HammingbirdClient, { name, imported, picture, provenance }: Pretrained, bits: number, { pictures: most, detail }: HashVersionOptions, signal: AbortSignal, line: StatusLine): Promise<Version> {
  const ids = await sampleIds(client, most, signal, seen => { line.say(`looking at what there is: ${number.format(seen)} images`) })
  if (ids.length < bits) throw new HammingbirdError('HAMMINGBIRD_INVALID', `a layer of ${bits} bits is fitted on ${bits} images at least, and the collection has ${ids.length}: publish more first`)
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-model-'))
  try {
    await using decoder = await DecoderPool.open({})
    const manifest = await hashPretrained(imported, picture, picturesOf(client, decoder, ids, picture.input, signal), directory, {
      version: 'v0', // given when it is published
      bits,
      ...(detail === undefined ? {} : { detail }),
      createdMs: Date.now(),
      signal,
      provenance: { from: name, ...provenance, weights: imported.sha256, hash: 'iterative quantization, without labels' },
      progress: seen => { line.say(seen < ids.length ? `fitting: ${number.format(seen)} of ${number.format(ids.length)} pictures seen` : `fitting ${bits} bits on ${number.format(seen)} pictures`) }
    })
    signal.throwIfAborted()
    line.keep(`fitted ${bits} bits on ${manifest.provenance['pictures']} pictures`)
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...manifest, version: '' }))
    return await publishModel(client, directory, signal, text => { line.say(text) })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Also when a server goes away in between. */
async function makeLive (client: HammingbirdClient, version: string, { actor, reason }: HashVersionOptions, signal: AbortSignal): Promise<{ readonly live: string, readonly previous: string }> {
  for (;;) {
    try {
      return await client.models.promote(version, { actor, reason, signal })
    } catch (err) {
      if (codeOf(err) === 'HAMMINGBIRD_ALREADY_EXISTS') return await aliasesOf(client, signal)
      if (!isPassing(err)) throw err
      await sleep(500, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}

async function aliasesOf (client: HammingbirdClient, signal: AbortSignal): Promise<{ readonly live: string, readonly previous: string }> {
  const versions = await client.models.list({ signal })
  const named = (alias: string): string => versions.find(({ aliases }) => aliases.includes(alias))?.name ?? ''
  return { live: named('live'), previous: named('previous') }
}
