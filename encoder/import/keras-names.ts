import type { Tensors } from '../safetensors.js'

/** What of a layers model is not in its weights. */
export interface Hints {
  readonly symmetric: boolean
  readonly epsilon: number | undefined
}

/** How Keras names the layers of one of our networks. */
export interface KerasNetwork {
  readonly network: string
  /** How the name of a layer begins that no other network has. */
  readonly mark: string
  /** A layer's name, or that of its batch norm, and ours; null for what we leave out. */
  readonly layers: readonly (readonly [RegExp, string | null])[]
  /** From the weights, under our names. */
  readonly settings: (weights: Tensors, hints: Hints) => Readonly<Record<string, unknown>>
}

const RESIDUAL = [
  [/^(?:conv|bn)1$/, 'conv1'],
  [/^layer(\d)_(\d)_(?:conv|bn)(\d)$/, 'layer$1.$2.conv$3'],
  [/_shortcut_pad$/, null], // every second pixel and zeros, as a convolution that is never trained
  [/^linear$/, 'classifier']
] as const

export const KERAS_NETWORKS: readonly KerasNetwork[] = [
  { network: 'resnet56', mark: 'layer1_8_', layers: RESIDUAL, settings: () => ({}) },
  { network: 'resnet20', mark: 'layer1_2_', layers: RESIDUAL, settings: () => ({}) },
  {
    network: 'mobilenet-v1',
    mark: 'conv_dw_13',
    layers: [
      [/^conv1(?:_bn)?$/, 'conv1'],
      [/^conv_dw_(\d+)(?:_bn)?$/, 'block$1.depthwise'],
      [/^conv_pw_(\d+)(?:_bn)?$/, 'block$1.pointwise'],
      [/^conv_preds$/, 'classifier']
    ],
    settings: (weights, hints) => ({ width: channels(weights, 'block13.pointwise') / 1024, ...mobile(hints) })
  },
  {
    network: 'mobilenet-v2',
    mark: 'expanded_conv_project',
    layers: [
      [/^(?:Conv|Conv1|bn_Conv1)$/, 'conv1'],
      [/^expanded_conv_(depthwise|project)(?:_BN)?$/, 'block0.$1'],
      [/^(?:block|expanded_conv)_(\d+)_(expand|depthwise|project)(?:_BN)?$/, 'block$1.$2'],
      [/^Conv_1(?:_bn)?$/, 'last'],
      [/^(?:logits|Logits|predictions)$/, 'classifier'],
      [/^dense_Dense\d$/, null] // the head of a Teachable Machine, trained on one person's pictures
    ],
    settings: (weights, hints) => ({ width: channels(weights, 'block16.project') / 320, ...mobile(hints) })
  },
  {
    network: 'squeezenet',
    mark: 'fire9_',
    layers: [
      [/^conv1$/, 'conv1'],
      [/^fire(\d)_squeeze1x1$/, 'fire$1.squeeze'],
      [/^fire(\d)_expand([13])x[13]$/, 'fire$1.expand$2'],
      [/^conv10$/, null] // its classifier looks before the mean is taken
    ],
    settings: () => ({})
  },
  {
    network: 'vgg16',
    mark: 'block5_conv3',
    layers: [
      [/^block(\d)_conv(\d)$/, 'conv$1.$2'],
      [/^fc1$/, 'fc6'],
      [/^fc2$/, 'fc7'],
      [/^predictions$/, 'classifier']
    ],
    settings: weights => ({ ending: weights.has('fc7.kernel') ? 'dense' : 'average' })
  }
]

function mobile ({ symmetric, epsilon }: Hints): Readonly<Record<string, unknown>> {
  return { padding: symmetric ? 'symmetric' : 'same', ...epsilon !== undefined && { epsilon } }
}

function channels (weights: Tensors, layer: string): number {
  return weights.get(`${layer}.kernel`)?.shape.at(-1) ?? 0
}
