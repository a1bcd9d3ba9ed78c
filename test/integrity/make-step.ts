import type { HammingbirdClient, Position } from '../../client/index.js'
import type { Step } from './history.js'

/** Does one step over gRPC. @returns its position in C.images, for what goes there. */
export async function makeStep (client: HammingbirdClient, step: Step, png: Buffer | undefined): Promise<Position | undefined> {
  if (step.kind === 'delete') return (await client.deleteItems([step.id]))[0]
  if (step.kind === 'label') {
    await client.setLabels(step.id, step.labels)
    return undefined
  }
  for await (const { position, refusal } of client.publish([{ id: step.id, image: png!, labels: step.labels }])) {
    if (refusal !== undefined) throw new Error(refusal.message)
    return position
  }
  throw new Error('the stream ended without an answer')
}
