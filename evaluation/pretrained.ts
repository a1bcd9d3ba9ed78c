import { FeatureSession } from '../encoder/features.js'
import { importLayersFolder } from '../encoder/import/tfjs-layers.js'
import { invalid } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import { evaluationData } from './evaluation-data.js'

const rgb = (scale: number, mean: number): Manifest['normalisation'] => ({ channels: 'rgb', scale, mean: [mean, mean, mean], std: [1, 1, 1] })

/**
 * The pretrained networks of the evaluation data, and how each wants its pictures. Those trained on CIFAR-10 are not
 * among them: they have seen the labels of what would be searched.
 */
const networks: Readonly<Record<string, Manifest['normalisation']>> = {
  'mobilenet_v1_0.75_224': rgb(1 / 127.5, 1),
  'mobilenet_v2_1.0_224_dequant': rgb(1 / 128, 1),
  'mobilenet_v2_0.35_224_tm': rgb(1 / 127.5, 1),
  squeezenet_v1_1_notop: { channels: 'bgr', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] }
}

export const pretrainedNames: readonly string[] = Object.keys(networks)

/**
 * Opens one of them. It takes any size its layers allow; the nearer to what it was trained at, the better it sees.
 *
 * @throws HammingbirdError `HAMMINGBIRD_INVALID` for another name.
 */
export async function openPretrained (name: string, data: string, input: { readonly width: number, readonly height: number }): Promise<FeatureSession> {
  const normalisation = networks[name]
  if (normalisation === undefined) throw invalid('pretrained', `there is no ${name}; there are ${pretrainedNames.join(', ')}`)
  const sample = new Uint8Array(input.width * input.height * 3).fill(128)
  return FeatureSession.open(await importLayersFolder(evaluationData(data, `weights/${name}`)), { input: { ...input, fit: 'squash' }, normalisation }, sample, { onnx: true })
}
