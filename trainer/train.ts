import type { HashNetwork } from '../encoder/networks/networks.js'
import { features } from '../encoder/networks/networks.js'
import { Variables } from '../encoder/layers/variables.js'
import type { Tensors } from '../encoder/safetensors.js'
import { tf } from '../encoder/tf.js'
import { HammingbirdError } from '../errors.js'
import type { BatchSource } from './batches.js'
import { readCheckpoint, writeCheckpoint } from './checkpoint.js'
import { labelMatrix } from './labels.js'
import type { Objective } from './objectives/objective.js'
import type { Progress } from './progress.js'
import { Random } from './random.js'
import type { Schedule } from './schedule.js'
import { Sgd, type SgdOptions } from './sgd.js'

export interface TrainingOptions extends SgdOptions {
  readonly epochs: number
  readonly batchSize: number
  /** The peak, which the schedule takes shares of. */
  readonly rate: number
  readonly schedule: Schedule
  /** The share of its pictures' side that a step sees, for networks that take any size: small pictures take less time. @default 1 throughout */
  readonly side?: Schedule
  readonly seed: number
}

export interface TrainingJob {
  readonly network: HashNetwork
  readonly source: BatchSource
  readonly objective: Objective
  readonly options: TrainingOptions
  /** Weights to begin from instead of random ones, by name. @default none */
  readonly start?: Tensors
  /** Where to leave checkpoints and take one up. `key` says what run it is: a checkpoint of another is refused. @default none */
  readonly checkpoint?: { readonly directory: string, readonly key: string, readonly everyMs: number }
  /** Called once where a checkpoint is taken up, before the first step. */
  readonly onTakenUp?: (from: { readonly step: number, readonly steps: number }) => void
  readonly onProgress?: (progress: Progress) => void
  /** Stops after the step in hand, with a checkpoint where there is a directory. */
  readonly signal?: AbortSignal
}

export interface Trained {
  /** Whoever asked for training disposes them. */
  readonly variables: Variables
  readonly steps: number
  /** Mean loss of the last steps. */
  readonly loss: number
  /** Of this process, all threads added, checkpointed parts included. */
  readonly cpuMs: number
  readonly wallMs: number
}

/**
 * Trains a network: knows no objective and no dataset. The same job gives the same weights wherever sums come in the same order, whether it
 * was stopped and taken up or not: what is random in a step follows from the seed and the step's number alone.
 *
 * A batch is always whole; items that are left over at the end of an epoch wait for the next one's order.
 *
 * @throws HammingbirdError `HAMMINGBIRD_TRAINING_DIVERGED` at the first loss that is no number: nothing learned after it would be worth anything.
 * @throws the signal's reason, when it was stopped.
 */
export async function train (job: TrainingJob): Promise<Trained> {
  const { network, source, objective, options, checkpoint, onTakenUp, onProgress, signal } = job
  const { epochs, rate, schedule, seed } = options
  const batchSize = Math.min(options.batchSize, source.count)
  const stepsPerEpoch = Math.floor(source.count / batchSize)
  const steps = Math.round(epochs * stepsPerEpoch)
  if (!(steps >= 1)) throw new RangeError(`${epochs} epochs of ${source.count} items make no step`)
  const labels = labelMatrix(source.labels)
  const classes = source.labels.classes

  const from = checkpoint && await readCheckpoint(checkpoint.directory, checkpoint.key)
  const start: Tensors = from?.variables ?? job.start ?? new Map()
  const variables = new Variables({ seed, start })
  const sgd = new Sgd(options)
  if (from !== undefined) {
    sgd.restore(from.velocities)
    onTakenUp?.({ step: from.step, steps })
  }
  const clock = stopwatch(from?.cpuMs ?? 0, from?.wallMs ?? 0)
  const save = async (step: number): Promise<void> => {
    if (checkpoint === undefined) return
    await writeCheckpoint(checkpoint.directory, checkpoint.key, { step, ...clock(), variables: await variables.read(), velocities: await sgd.read() })
  }

  /** The batch of a step, and the loss it gives the weights as they are whenever it is called. */
  const batchOf = (step: number): () => tf.Scalar => {
    const at = (step % stepsPerEpoch) * batchSize
    const items = orderOf(seed, Math.floor(step / stepsPerEpoch), source.count).subarray(at, at + batchSize)
    const x = shrunk(source.batch(items, new Random(mixed(seed, step))), options.side?.(step / steps) ?? 1)
    const own = new Float32Array(batchSize * classes)
    for (const [i, item] of items.entries()) own.set(labels.subarray(item * classes, (item + 1) * classes), i * classes)
    const y = tf.tensor2d(own, [batchSize, classes])
    return () => {
      const outputs = network.head.outputs(features(network.backbone, x, variables), variables)
      return objective({ outputs, labels: y, parameters: variables, progress: step / steps, step })
    }
  }

  let running = NaN
  let savedMs = performance.now()
  const begunMs = performance.now()
  const begunAt = from?.step ?? 0
  try {
    tf.tidy(() => { meet(batchOf(0), variables, start) })
    for (let step = begunAt; step < steps; step++) {
      const loss = tf.tidy(() => {
        const forward = batchOf(step)
        const { value, grads } = tf.variableGrads(forward, [...variables.all()].filter(([name, v]) => v.trainable && sgd.moves(name)).map(([, v]) => v))
        const named = new Map([...variables.all()].flatMap(([name, v]) => grads[v.name] === undefined ? [] : [[name, grads[v.name]!] as const]))
        const loss = value.dataSync<'float32'>()[0]!
        if (!Number.isFinite(loss)) throw new HammingbirdError('HAMMINGBIRD_TRAINING_DIVERGED', `the loss of step ${step + 1} is ${loss}: a lower rate may help`)
        sgd.step(variables.all(), named, rate * schedule(step / steps))
        return loss
      })
      running = Number.isNaN(running) ? loss : 0.95 * running + 0.05 * loss
      const done = step + 1
      const perStepMs = (performance.now() - begunMs) / (done - begunAt)
      onProgress?.({ step: done, steps, epochs, loss: running, picturesPerSecond: 1000 * batchSize / perStepMs, leftMs: (steps - done) * perStepMs })
      if (checkpoint !== undefined && (performance.now() - savedMs > checkpoint.everyMs || signal?.aborted === true || done === steps)) {
        await save(done)
        savedMs = performance.now()
      }
      signal?.throwIfAborted()
      await new Promise(resolve => setImmediate(resolve)) // signals and timers have their turn
    }
  } catch (err) {
    variables.dispose()
    throw err
  } finally {
    sgd.dispose()
  }
  return { variables, steps, loss: running, ...clock() }
}

/**
 * Has a first pass ask for every parameter, and takes back what it did to running statistics: gradients are asked for by
 * variable, so they must all be there before.
 */
function meet (forward: () => tf.Scalar, variables: Variables, start: Tensors): void {
  forward()
  for (const [name, variable] of variables.all()) {
    const known = start.get(name)
    if (known !== undefined) variable.assign(tf.tensor(Float32Array.from(known.data), variable.shape))
    else if (name.endsWith('.mean')) variable.assign(tf.zerosLike(variable))
    else if (name.endsWith('.variance')) variable.assign(tf.onesLike(variable))
  }
}

function shrunk (x: tf.Tensor4D, share: number): tf.Tensor4D {
  const [, height, width] = x.shape
  return share >= 1 ? x : tf.image.resizeBilinear(x, [Math.round(height * share), Math.round(width * share)], false, true)
}

let lastOrder: { readonly key: string, readonly order: Uint32Array } = { key: '', order: new Uint32Array() }

/** The order of an epoch, kept while it lasts. */
function orderOf (seed: number, epoch: number, count: number): Uint32Array {
  const key = `${seed}/${epoch}/${count}`
  if (lastOrder.key !== key) lastOrder = { key, order: new Random(mixed(seed, -1 - epoch)).permutation(count) }
  return lastOrder.order
}

/** A seed of its own for each step and each epoch of a run. */
function mixed (seed: number, step: number): number {
  return seed * 0x1000000 + step
}

function stopwatch (cpuBeforeMs: number, wallBeforeMs: number): () => { cpuMs: number, wallMs: number } {
  const cpu = process.cpuUsage()
  const wall = performance.now()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { cpuMs: Math.round(cpuBeforeMs + (user + system) / 1000), wallMs: Math.round(wallBeforeMs + performance.now() - wall) }
  }
}
