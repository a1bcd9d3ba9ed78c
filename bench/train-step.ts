import { parseArgs } from 'node:util'
import { dense } from '../encoder/layers/dense.js'
import { Variables } from '../encoder/layers/variables.js'
import { buildNetwork, features } from '../encoder/networks/networks.js'
import { openBackend, tf } from '../encoder/tf.js'
import { softmaxCrossEntropy } from '../trainer/objectives/classification.js'
import { Sgd } from '../trainer/sgd.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson, type Spread } from './report.js'
import { Torch } from './rivals/torch.js'

/** One system on one network. */
interface Row {
  readonly system: string
  readonly network: string
  readonly batch: number
  /** Processor time of a step, all threads counted. */
  readonly cpuMs: Spread
  /** By the clock, the best step. */
  readonly bestMs: number
  /** Of the median processor time, to PyTorch's. */
  readonly ratio?: number
}

const CLASSES = 10
const BATCH = { 'small-cnn': 256, resnet20: 128 } as const

export const question: Question = {
  asks: 'how long a step of training takes, beside PyTorch: --torch PYTHON --rounds 7 --json FILE',
  async run (args) {
    const { values } = parseArgs({ args, options: { torch: { type: 'string' }, rounds: { type: 'string', default: '7' }, json: { type: 'string' } } })
    const rounds = Number(values.rounds)
    const ended = beginSetting()
    const system = (await openBackend()).sentence
    const torch = values.torch === undefined ? undefined : new Torch(values.torch, 'torch_train.py')
    await using _ends = { [Symbol.asyncDispose]: async () => torch?.[Symbol.asyncDispose]() }
    const rows: Row[] = []
    for (const [network, batch] of Object.entries(BATCH)) {
      const ours = stepOf(network, batch)
      const own: { ms: number, cpuMs: number }[] = []
      const theirs: { ms: number, cpuMs: number }[] = []
      for (let round = -2; round < rounds; round++) { // in turns, two to warm up
        const mine = ours()
        const other = await torch?.encode(network, batch)
        if (round < 0) continue
        own.push(mine)
        if (other !== undefined) theirs.push(other)
      }
      const row = (system: string, steps: typeof own): Row => ({ system, network, batch, cpuMs: spread(steps.map(({ cpuMs }) => cpuMs)), bestMs: Math.min(...steps.map(({ ms }) => ms)) })
      const hammingbird = row('hammingbird', own)
      if (torch === undefined) rows.push(hammingbird)
      else {
        const rival = row('PyTorch, channels last', theirs)
        rows.push({ ...hammingbird, ratio: hammingbird.cpuMs.median / rival.cpuMs.median }, rival)
      }
    }
    printTable(['system', 'batch', 'CPU ms', 'min', 'max', 'best ms', 'ratio'], rows.map(({ system, network, batch, cpuMs, bestMs, ratio }) =>
      [`${system}: ${network}`, batch, cpuMs.median.toFixed(0), cpuMs.min.toFixed(0), cpuMs.max.toFixed(0), bestMs.toFixed(0), ratio?.toFixed(2) ?? '']))
    const setting = ended({ tensorflow: system, ...torch !== undefined && { torch: (await torch.versions()).torch } })
    if (values.json !== undefined) writeJson(values.json, { question: 'train-step', ...setting, rounds, rows })
    console.log(`${setting.machine}; load ${setting.load.map(load => load.toFixed(1)).join(' to ')}; ${Object.entries(setting.versions).map(version => version.join(' ')).join(', ')}`)
  }
}

/** A step as `trainer/train.ts` takes it, of cross-entropy on pictures of noise that are there already: forward, back, and the change of every weight. */
function stepOf (network: string, batch: number): () => { ms: number, cpuMs: number } {
  const { backbone, head } = buildNetwork({ network, settings: {}, bits: 64, detail: 0 })
  const variables = new Variables({ seed: 1 })
  const sgd = new Sgd({ rateOf: name => name.startsWith('stem.') ? 0 : 1 })
  const x = tf.randomNormal<tf.Rank.R4>([batch, 32, 32, 3])
  const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(Int32Array.from({ length: batch }, (_, i) => i % CLASSES)), CLASSES), 'float32')) as tf.Tensor2D
  const loss = (): tf.Scalar => softmaxCrossEntropy(dense(variables, 'classifier', head.outputs(features(backbone, x, variables), variables), CLASSES), y)
  tf.tidy(() => { loss() })
  return () => {
    const [beganMs, cpu] = [performance.now(), process.cpuUsage()]
    tf.tidy(() => {
      const learning = [...variables.all()].filter(([name, variable]) => variable.trainable && sgd.moves(name))
      const { value, grads } = tf.variableGrads(loss, learning.map(([, variable]) => variable))
      sgd.step(variables.all(), new Map(learning.map(([name, variable]) => [name, grads[variable.name]!])), 0.05)
      value.dataSync()
    })
    const { user, system } = process.cpuUsage(cpu)
    return { ms: performance.now() - beganMs, cpuMs: (user + system) / 1e3 }
  }
}
