import { parentPort, workerData } from 'node:worker_threads'
import { codeOf } from '../errors.js'
import { fitItq } from './itq.js'
import type { ItqAnswer, ItqQuestion } from './itq-aside.js'

// The far side of `fitItqAside`: one fit, and it ends.
const { features, dims, options } = workerData as ItqQuestion
let answer: ItqAnswer
try {
  answer = { fit: fitItq(features, dims, options) }
} catch (err) {
  answer = { code: codeOf(err), message: (err as Error).message }
}
parentPort!.postMessage(answer)
