import type { Manifest } from '../registry/manifest.js'
import type { Part } from '../workers/task.js'
import type { Encoding, EncodingRefusal } from './encoder.js'
import type { EncodedResult, EncoderJob, EncoderResult } from './protocol.js'

/** A batch of some of the pictures of a batch. A job that is no batch stays whole. */
export function sliced<Job extends EncoderJob> (job: Job, from: number, to: number): Job {
  if (job.kind !== 'encode' || (from === 0 && to === job.count)) return job
  const bytes = job.pixels.length / job.count
  return { ...job, pixels: job.pixels.subarray(from * bytes, to * bytes), count: to - from }
}

/** One answer of those of its parts, in their order; a part that was refused is one picture. */
export function joined (_: EncoderJob, parts: readonly Part<EncoderResult>[]): EncodedResult {
  const count = parts.reduce((sum, { from, to }) => sum + to - from, 0)
  const whole: { -readonly [Field in keyof EncodedResult]: EncodedResult[Field] } = { kind: 'encoded', codes: new Uint8Array(0) }
  const refused: NonNullable<EncodedResult['refused']>[number][] = []
  for (const part of parts) {
    const { from, to } = part
    if ('refused' in part) {
      refused.push({ at: from, code: part.refused, message: part.message })
    } else if (part.result.kind === 'encoded') {
      const { codes, outputs, detail } = part.result
      const each = codes.length / (to - from)
      if (whole.codes.length === 0) whole.codes = new Uint8Array(count * each)
      whole.codes.set(codes, from * each)
      if (outputs !== undefined) (whole.outputs ??= new Float32Array(count * outputs.length / (to - from))).set(outputs, from * outputs.length / (to - from))
      if (detail !== undefined) (whole.detail ??= new Int8Array(count * detail.length / (to - from))).set(detail, from * detail.length / (to - from))
    }
  }
  return { ...whole, refused }
}

/** What was made of each picture, or why nothing. @throws TypeError for an answer that is none to a batch of so many. */
export function encodingsOf (result: EncoderResult, count: number, { bits, detail }: Manifest): readonly (Encoding | EncodingRefusal)[] {
  if (result.kind !== 'encoded') throw new TypeError(`unexpected answer of an encoder: ${result.kind}`)
  const bytes = bits / 8
  const refused = new Map(result.refused?.map(({ at, code, message }) => [at, { refused: code, message }]))
  if (result.codes.length !== count * bytes && refused.size < count) throw new TypeError(`an encoder gave ${result.codes.length} bytes of codes for ${count} pictures of ${bytes}`)
  return Array.from({ length: count }, (_, i) => refused.get(i) ?? {
    code: result.codes.subarray(i * bytes, (i + 1) * bytes),
    ...result.outputs !== undefined && { outputs: result.outputs.subarray(i * bits, (i + 1) * bits) },
    ...result.detail !== undefined && { detail: result.detail.subarray(i * detail, (i + 1) * detail) }
  })
}
