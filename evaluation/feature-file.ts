import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeSafetensors } from '../encoder/safetensors.js'
import { invalid } from '../errors.js'
import type { Features } from '../trainer/baselines/features.js'
import { readAskedTensors } from './asked-files.js'
import type { FrozenDivision } from './frozen.js'

const PARTS = ['train', 'database', 'queries'] as const

/** Keeps features in a file, whole or not at all; a database that is the training part is kept once. */
export async function writeFeatures (file: string, division: FrozenDivision): Promise<void> {
  const once = PARTS.filter(part => part !== 'database' || !same(division.database, division.train))
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.fresh`, writeSafetensors(new Map(once.map(part => {
    const { count, dims, values } = division[part]
    return [part, { shape: [count, dims], data: Float32Array.from(values) }]
  }))))
  await rename(`${file}.fresh`, file)
}

/** What was kept; undefined where nothing was. @throws HammingbirdError `HAMMINGBIRD_INVALID` for a file of another kind. */
export async function readFeatures (file: string): Promise<FrozenDivision | undefined> {
  if (!existsSync(file)) return undefined
  const tensors = await readAskedTensors(file)
  const part = (name: string): Features => {
    const tensor = tensors.get(name)
    if (!(tensor?.data instanceof Float32Array) || tensor.shape.length !== 2) throw invalid(file, `needs ${name}, f32 [count, dims]`)
    return { count: tensor.shape[0]!, dims: tensor.shape[1]!, values: tensor.data }
  }
  const train = part('train')
  return { train, database: tensors.has('database') ? part('database') : train, queries: part('queries') }
}

function same (a: Features, b: Features): boolean {
  return a.count === b.count && a.values.length === b.values.length && a.values.every((value, at) => value === b.values[at])
}
