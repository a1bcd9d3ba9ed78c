import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Picture } from '../encoder/import/catalogue.js'
import type { Imported } from '../encoder/import/imported.js'
import { importLayersFolder } from '../encoder/import/tfjs-layers.js'
import { importTorch } from '../encoder/import/torch.js'
import { clientCommand, whole, withClient, wrongUsage } from './client-command.js'
import { useGpu } from './gpu-option.js'
import { hashOptions, type HashCommandOptions } from './models-add.js'

interface ImportOptions extends HashCommandOptions {
  readonly name?: string
  readonly normalise?: keyof typeof NORMALISATIONS
  readonly scale?: number
  readonly mean?: Triple
  readonly std?: Triple
  readonly channels?: 'rgb' | 'bgr'
  readonly side?: number
  readonly crop: boolean
}

type Triple = readonly [number, number, number]

/** How the great families of pretrained networks want their pixels. */
const NORMALISATIONS = {
  torch: { channels: 'rgb', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  tf: { channels: 'rgb', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
  caffe: { channels: 'bgr', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] }
} as const satisfies Record<string, Picture['normalisation']>

/** `hammingbird models import PATH` */
export function modelsImport (): Command {
  return hashOptions(clientCommand('import', 'a pretrained network of your own, with a hash layer fitted on what the collection holds'))
    .argument('<path>', 'a safetensors file of a PyTorch network, or a TensorFlow.js layers folder')
    .option('--name <name>', 'for people; the file\'s when it is not given')
    .addOption(new Option('--normalise <family>', 'how it wants its pixels: torch (torchvision), tf (Keras\'s MobileNets), caffe (Keras\'s VGG16)').choices(Object.keys(NORMALISATIONS)))
    .option('--scale <number>', 'or by numbers: (x · scale − mean) / std, of x from 0 to 255', real)
    .option('--mean <a,b,c>', 'in the order of --channels', triple)
    .option('--std <a,b,c>', 'in the order of --channels', triple)
    .addOption(new Option('--channels <order>', 'of the network\'s input').choices(['rgb', 'bgr']))
    .option('--side <pixels>', 'a side of its input; 224 when it is not given, 32 for the small residual networks', whole(16, 1024))
    .option('--crop', 'the middle of each picture is cut out; else it is squashed', false)
    .action((path: string, options: ImportOptions) => withClient(options, async (client, signal) => {
      useGpu(options)
      const { addHashVersion } = await import('./hash-version.js')
      const imported = await read(path)
      const picture = pictureOf(imported, options)
      const name = options.name ?? basename(path)
      await addHashVersion(client, options.collection, { name, imported, picture, provenance: { network: imported.network } }, options, signal)
    }))
}

async function read (path: string): Promise<Imported> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw wrongUsage(`there is no file or folder ${JSON.stringify(path)}`)
  return found.isDirectory() ? importLayersFolder(path) : importTorch(new Uint8Array(await readFile(path)))
}

function pictureOf ({ network }: Imported, { normalise, scale, mean, std, channels, side, crop }: ImportOptions): Picture {
  const family = normalise === undefined ? undefined : NORMALISATIONS[normalise]
  const all = { channels: channels ?? family?.channels ?? 'rgb', scale: scale ?? family?.scale, mean: mean ?? family?.mean, std: std ?? family?.std ?? [1, 1, 1] as const }
  if (all.scale === undefined || all.mean === undefined) throw wrongUsage('weights do not say how they want their pixels: give --normalise torch|tf|caffe, or --scale and --mean')
  const pixels = side ?? (/^resnet(20|56)$/.test(network) ? 32 : 224)
  return { input: { width: pixels, height: pixels, fit: crop ? 'crop' : 'squash' }, normalisation: { channels: all.channels, scale: all.scale, mean: all.mean, std: all.std } }
}

function real (text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is a number.')
  return value
}

function triple (text: string): Triple {
  const values = text.split(',').map(Number)
  if (values.length !== 3 || !values.every(Number.isFinite)) throw new InvalidArgumentError('It is three numbers with commas between.')
  return values as unknown as Triple
}
