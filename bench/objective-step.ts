import { parseArgs } from 'node:util'
import { openBackend, tf } from '../encoder/tf.js'
import { codeSimilarity } from '../trainer/objectives/code-similarity.js'
import { dpsh } from '../trainer/objectives/dpsh.js'
import { interrelated } from '../trainer/objectives/interrelated.js'
import type { Question } from './question.js'
import { beginSetting, printTable, spread, writeJson, type Spread } from './report.js'

/** One objective at one size of batch. */
interface Row {
  readonly objective: string
  readonly batch: number
  /** Processor time of the loss and its gradient, all threads counted. */
  readonly cpuMs: Spread
  /** Most memory that its tensors take at a time, beside outputs and labels. */
  readonly peakBytes: number
}

type Loss = (outputs: tf.Tensor2D, labels: tf.Tensor2D, weights: tf.Tensor2D) => tf.Scalar

const CLASSES = 10
const BITS = 64
const BATCHES = [64, 128, 256, 512, 1024]
const OBJECTIVES: readonly (readonly [string, Loss])[] = [
  ['interrelated (unary)', (outputs, labels, weights) => interrelated(outputs, weights, labels)],
  ['dpsh (pairs)', (outputs, labels) => dpsh(outputs, labels)],
  ['code-similarity (pairs)', (outputs, labels) => codeSimilarity(outputs, labels)]
]

export const question: Question = {
  asks: 'what an objective takes of a step, of items one by one and of pairs: --rounds 50 --json FILE',
  async run (args) {
    const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '50' }, json: { type: 'string' } } })
    const rounds = Number(values.rounds)
    const ended = beginSetting()
    const system = (await openBackend()).sentence
    const rows: Row[] = []
    for (const batch of BATCHES) for (const [name, loss] of OBJECTIVES) rows.push(await measure(name, loss, batch, rounds))
    printTable(['objective', 'batch', 'CPU ms', 'min', 'max', 'peak KiB'], rows.map(({ objective, batch, cpuMs, peakBytes }) =>
      [objective, batch, cpuMs.median.toFixed(2), cpuMs.min.toFixed(2), cpuMs.max.toFixed(2), (peakBytes / 1024).toFixed(0)]))
    const setting = ended({ tensorflow: system })
    if (values.json !== undefined) writeJson(values.json, { question: 'objective-step', ...setting, rounds, rows })
  }
}

async function measure (objective: string, loss: Loss, batch: number, rounds: number): Promise<Row> {
  const outputs = tf.variable(tf.randomNormal<tf.Rank.R2>([batch, BITS]))
  const weights = tf.variable(tf.randomNormal<tf.Rank.R2>([CLASSES, BITS]))
  const labels = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(Int32Array.from({ length: batch }, (_, i) => i % CLASSES)), CLASSES), 'float32')) as tf.Tensor2D
  const step = (): void => {
    tf.tidy(() => { tf.variableGrads(() => loss(outputs, labels, weights), [outputs, weights]).value.dataSync() })
  }
  const before = tf.memory().numBytes
  const { peakBytes } = await tf.profile(step)
  const times: number[] = []
  for (let round = -5; round < rounds; round++) { // five to warm up
    const cpu = process.cpuUsage()
    step()
    const { user, system } = process.cpuUsage(cpu)
    if (round >= 0) times.push((user + system) / 1e3)
  }
  tf.dispose([outputs, weights, labels])
  return { objective, batch, cpuMs: spread(times), peakBytes: peakBytes - before }
}
