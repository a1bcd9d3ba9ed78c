import { open, mkdir, rm, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { HammingbirdClient } from '../../client/index.js'
import { canonical } from '../../decoder/canonical.js'
import { DECODING_LIMITS } from '../../decoder/decoder.js'
import { pixelsOf } from '../../decoder/pixels.js'
import { loadModel } from '../../encoder/load-model.js'
import { parseManifest, type Manifest } from '../../registry/manifest.js'

/** What a version makes of pictures, by their numbers: computed here, in a plain loop. */
export interface VersionCodes {
  readonly code: readonly Uint8Array[]
  /** Bits of each that may come out either way: their outputs are next to nothing beside the largest. */
  readonly unsure: readonly number[]
}

const NEXT_TO_NOTHING = 1e-3

/** Fetches the model of a version and encodes pictures with it in this process. */
export async function codesUnder (client: HammingbirdClient, version: string, pngs: readonly Buffer[], directory: string): Promise<VersionCodes> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  let manifest: Manifest | undefined
  const files = new Map<string, FileHandle>()
  for await (const part of client.models.fetch(version)) {
    if (part.$case === 'manifest') manifest = parseManifest(part.value)
    else {
      const { file, offset, data } = part.value
      if (!files.has(file)) files.set(file, await open(join(directory, basename(file)), 'w'))
      await files.get(file)!.write(data, 0, undefined, offset)
    }
  }
  for (const handle of files.values()) await handle.close()
  const { bits, input } = manifest!
  const model = await loadModel(manifest!, directory, async () => undefined)
  const code: Uint8Array[] = []
  const unsure: number[] = []
  for (const png of pngs) {
    const { codes, outputs } = await model.encode(await pixelsOf((await canonical(png, DECODING_LIMITS)).bytes, input), 1, { outputs: true }, async () => undefined)
    const largest = outputs!.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    code.push(codes.slice(0, bits / 8))
    unsure.push(outputs!.filter(value => Math.abs(value) < NEXT_TO_NOTHING * largest).length)
  }
  model.dispose()
  return { code, unsure }
}
