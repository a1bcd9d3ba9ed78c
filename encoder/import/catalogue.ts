import type { Manifest } from '../../registry/manifest.js'
import { invalidModel } from '../model-files.js'
import type { Imported } from './imported.js'
import { importLayersFolder } from './tfjs-layers.js'

/** How a pretrained network wants its pictures. */
export type Picture = Pick<Manifest, 'input' | 'normalisation'>

/** A pretrained network that we know: a TensorFlow.js layers folder, of which no copy is ours to give. */
export interface CatalogueEntry {
  readonly name: string
  /** In a line, for people. */
  readonly about: string
  readonly picture: Picture
  /** Where its owners publish its `model.json`; undefined where they publish another form, and a folder must be given. */
  readonly address?: string
  /** Where the numbers come from. */
  readonly source: string
  readonly licence: string
  /** Of all weights, one file after the other. */
  readonly bytes: number
  readonly sha256: string
}

const square = (side: number): Manifest['input'] => ({ width: side, height: side, fit: 'squash' })
const rgb = (scale: number): Manifest['normalisation'] => ({ channels: 'rgb', scale, mean: [1, 1, 1], std: [1, 1, 1] })
const CIFAR: Picture = { input: square(32), normalisation: { channels: 'rgb', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } }

/** What `hammingbird models add` knows by name. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    name: 'mobilenet-v2',
    about: 'photographs: MobileNet v2, trained on ImageNet, 1280 features',
    picture: { input: square(224), normalisation: rgb(1 / 128) },
    source: 'google-coral/test_data, mobilenet_v2_1.0_224_quant.tflite, as a layers folder',
    licence: 'Apache-2.0',
    bytes: 3543268,
    sha256: '2df28fdc94b9f6f2c2950a8cd908e7a4afb987946c72a0ff5644c9fbab1fd0fd'
  },
  {
    name: 'mobilenet-v1-0.75',
    about: 'photographs: MobileNet v1 of width 0.75, trained on ImageNet, 768 features',
    picture: { input: square(224), normalisation: rgb(1 / 127.5) },
    address: 'https://storage.googleapis.com/tfjs-models/tfjs/mobilenet_v1_0.75_224/model.json',
    source: 'TensorFlow.js models',
    licence: 'Apache-2.0',
    bytes: 10407904,
    sha256: '0c27b9b79c52b63b42e78628f640cd7259e2bfab5d82151a2d30e902d8f376b2'
  },
  {
    name: 'mobilenet-v2-0.35',
    about: 'photographs: MobileNet v2 of width 0.35, small and fast, trained on ImageNet, 1280 features',
    picture: { input: square(224), normalisation: rgb(1 / 127.5) },
    source: 'googlecreativelab/teachablemachine-community, snippets/converter/image/test/image-model.zip',
    licence: 'Apache-2.0',
    bytes: 2154032,
    sha256: '6980d8dcd1d4c9a60d6465b00cb84caf46edb848b0b81f11e888e293be9b42da'
  },
  {
    name: 'squeezenet',
    about: 'photographs: SqueezeNet 1.1, trained on ImageNet, 512 features',
    picture: { input: square(227), normalisation: { channels: 'bgr', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] } },
    source: 'rcmalli/keras-squeezenet, as a layers folder',
    licence: 'MIT',
    bytes: 2889984,
    sha256: '4b4fd7b05f7e3aa708573b8c4c373d5f4c3655089ad202aaf52b762a5f4703c9'
  },
  {
    name: 'resnet20-cifar10',
    about: 'pictures of 32 pixels: ResNet-20, trained on the classes of CIFAR-10, 64 features',
    picture: CIFAR,
    source: 'akamaster/pytorch_resnet_cifar10, resnet20-12fca82f.th, as a layers folder',
    licence: 'BSD-2-Clause',
    bytes: 1094632,
    sha256: 'f4d54f6ed30d92b320b4d50710584c4a52408d5655b3fd26f74526d6a3b466c6'
  },
  {
    name: 'resnet56-cifar10',
    about: 'pictures of 32 pixels: ResNet-56, trained on the classes of CIFAR-10, 64 features',
    picture: CIFAR,
    source: 'akamaster/pytorch_resnet_cifar10, resnet56-4bfd9763.th, as a layers folder',
    licence: 'BSD-2-Clause',
    bytes: 3438568,
    sha256: '36ce977341afa5a1cf68f9e4e65b6753d71cf2727e632e8fedacdb0fa6d301bb'
  }
]

/**
 * Reads a pretrained network from a folder, and takes no other than the one of that name.
 *
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` for other weights than the catalogue means.
 */
export async function readPretrained (entry: CatalogueEntry, directory: string): Promise<Imported> {
  const imported = await importLayersFolder(directory)
  if (imported.sha256 !== entry.sha256) throw invalidModel(`these are not the weights of ${entry.name}: their SHA-256 is ${imported.sha256}, not ${entry.sha256}`)
  return imported
}
