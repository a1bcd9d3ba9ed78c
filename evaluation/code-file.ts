import { invalid } from '../errors.js'
import { labelsOfLists } from '../trainer/labels.js'
import { readAskedTensors } from './asked-files.js'
import { codeSet } from './code-set.js'
import type { Labelled } from './metrics/tally.js'

/**
 * Reads codes with their labels from a safetensors file, whoever made them: `codes` u8 [n, bits / 8], most significant
 * bit first, `labels` u8 [n, classes] of 0 and 1, and for queries, where they are known, `outputs` f32 [n, bits] before the sign.
 *
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` when a tensor is missing or has another shape, or the file cannot be read; `HAMMINGBIRD_FORMAT` when it is damaged.
 */
export async function readCodeFile (file: string): Promise<Labelled & { readonly outputs: Float32Array | undefined }> {
  const tensors = await readAskedTensors(file)
  const [codes, labels, outputs] = ['codes', 'labels', 'outputs'].map(name => tensors.get(name))
  const [n, width] = codes?.shape ?? []
  const classes = labels?.shape[1]
  if (!(codes?.data instanceof Uint8Array) || n === undefined || width === undefined || codes.shape.length !== 2) throw invalid(file, 'needs codes, u8 [n, bits / 8]')
  if (!(labels?.data instanceof Uint8Array) || classes === undefined || labels.shape.join() !== [n, classes].join()) throw invalid(file, `needs labels, u8 [${n}, classes]`)
  if (outputs !== undefined && (!(outputs.data instanceof Float32Array) || outputs.shape.join() !== [n, 8 * width].join())) throw invalid(file, `outputs must be f32 [${n}, ${8 * width}]`)
  const values = labels.data
  const lists = Array.from({ length: n }, (_, i) => [...values.subarray(i * classes, (i + 1) * classes).entries()].filter(([, has]) => has > 0).map(([label]) => label))
  return { codes: codeSet(codes.data, 8 * width), labels: labelsOfLists(lists, classes), outputs: outputs?.data as Float32Array | undefined }
}
