import type { Tensors } from '../safetensors.js'

/** A layer of theirs, and ours; null for what we leave out. A batch norm goes by the name of the convolution it follows. */
export interface TorchLayer {
  readonly pattern: RegExp
  readonly into: string | null
  readonly norm?: boolean
}

/** How PyTorch names the layers of one of our networks. */
export interface TorchNetwork {
  readonly network: string
  /** A tensor that no other network has. */
  readonly mark: string
  readonly layers: readonly TorchLayer[]
  /** From the weights, under our names. */
  readonly settings: (weights: Tensors) => Readonly<Record<string, unknown>>
}

const RESIDUAL: readonly TorchLayer[] = [
  { pattern: /^conv1$/, into: 'conv1' },
  { pattern: /^bn1$/, into: 'conv1', norm: true },
  { pattern: /^layer(\d)\.(\d)\.conv(\d)$/, into: 'layer$1.$2.conv$3' },
  { pattern: /^layer(\d)\.(\d)\.bn(\d)$/, into: 'layer$1.$2.conv$3', norm: true },
  { pattern: /^layer(\d)\.(\d)\.downsample\.0$/, into: 'layer$1.$2.shortcut' },
  { pattern: /^layer(\d)\.(\d)\.downsample\.1$/, into: 'layer$1.$2.shortcut', norm: true },
  { pattern: /^(?:linear|fc)$/, into: 'classifier' }
]

const SQUEEZE_MODULES = ['3', '4', '6', '7', '9', '10', '11', '12']
const VGG_CONVOLUTIONS = ['0', '2', '5', '7', '10', '12', '14', '17', '19', '21', '24', '26', '28']
const VGG_NAMES = ['1.1', '1.2', '2.1', '2.2', '3.1', '3.2', '3.3', '4.1', '4.2', '4.3', '5.1', '5.2', '5.3']

export const TORCH_NETWORKS: readonly TorchNetwork[] = [
  { network: 'resnet56', mark: 'layer1.8.conv1.weight', layers: RESIDUAL, settings: () => ({}) },
  { network: 'resnet18', mark: 'layer4.1.conv2.weight', layers: RESIDUAL, settings: () => ({}) },
  { network: 'resnet20', mark: 'layer1.2.conv1.weight', layers: RESIDUAL, settings: () => ({}) },
  {
    network: 'mobilenet-v2',
    mark: 'features.18.0.weight',
    layers: [
      { pattern: /^features\.0\.0$/, into: 'conv1' },
      { pattern: /^features\.0\.1$/, into: 'conv1', norm: true },
      { pattern: /^features\.1\.conv\.0\.0$/, into: 'block0.depthwise' },
      { pattern: /^features\.1\.conv\.0\.1$/, into: 'block0.depthwise', norm: true },
      { pattern: /^features\.1\.conv\.1$/, into: 'block0.project' },
      { pattern: /^features\.1\.conv\.2$/, into: 'block0.project', norm: true },
      ...[...Array(16).keys()].flatMap((i): TorchLayer[] => {
        const [theirs, ours] = [`^features\\.${i + 2}\\.conv\\.`, `block${i + 1}`]
        return [
          { pattern: new RegExp(`${theirs}0\\.0$`), into: `${ours}.expand` },
          { pattern: new RegExp(`${theirs}0\\.1$`), into: `${ours}.expand`, norm: true },
          { pattern: new RegExp(`${theirs}1\\.0$`), into: `${ours}.depthwise` },
          { pattern: new RegExp(`${theirs}1\\.1$`), into: `${ours}.depthwise`, norm: true },
          { pattern: new RegExp(`${theirs}2$`), into: `${ours}.project` },
          { pattern: new RegExp(`${theirs}3$`), into: `${ours}.project`, norm: true }
        ]
      }),
      { pattern: /^features\.18\.0$/, into: 'last' },
      { pattern: /^features\.18\.1$/, into: 'last', norm: true },
      { pattern: /^classifier\.1$/, into: 'classifier' }
    ],
    settings: weights => ({ width: (weights.get('block16.project.kernel')?.shape.at(-1) ?? 0) / 320, padding: 'symmetric', epsilon: 1e-5 })
  },
  {
    network: 'squeezenet',
    mark: 'features.12.expand3x3.weight',
    layers: [
      { pattern: /^features\.0$/, into: 'conv1' },
      ...SQUEEZE_MODULES.flatMap((theirs, i): TorchLayer[] => [
        { pattern: new RegExp(`^features\\.${theirs}\\.squeeze$`), into: `fire${i + 2}.squeeze` },
        { pattern: new RegExp(`^features\\.${theirs}\\.expand([13])x[13]$`), into: `fire${i + 2}.expand$1` }
      ]),
      { pattern: /^classifier\.1$/, into: null } // it looks before the mean is taken
    ],
    settings: () => ({})
  },
  {
    network: 'vgg16',
    mark: 'features.28.weight',
    layers: [
      ...VGG_CONVOLUTIONS.map((theirs, i): TorchLayer => ({ pattern: new RegExp(`^features\\.${theirs}$`), into: `conv${VGG_NAMES[i]!}` })),
      { pattern: /^classifier\.0$/, into: 'fc6' },
      { pattern: /^classifier\.3$/, into: 'fc7' },
      { pattern: /^classifier\.6$/, into: 'classifier' }
    ],
    settings: weights => ({ ending: weights.has('fc7.kernel') ? 'dense' : 'average' })
  }
]
