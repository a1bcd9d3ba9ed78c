import type { Manifest } from '../registry/manifest.js'
import type { Imported } from './import/imported.js'
import { buildBackbone } from './networks/networks.js'
import { openRunner, othersFirst, type Runner, type RunnerOptions, type Step } from './runner.js'

/** A pretrained network without a hash layer: what one is fitted on. */
export class FeatureSession implements Disposable {
  /** How many features a picture gets. */
  readonly features: number
  readonly #runner: Runner

  /** @param sample a picture to try it on, u8 [height, width, 3]. */
  static async open ({ network, settings, weights }: Pick<Imported, 'network' | 'settings' | 'weights'>, picture: Pick<Manifest, 'input' | 'normalisation'>, sample: Uint8Array, options: RunnerOptions = {}): Promise<FeatureSession> {
    const { stages, features, norm } = buildBackbone(network, settings)
    return new FeatureSession(features, await openRunner({ picture, stages, norm, weights }, sample, options))
  }

  private constructor (features: number, runner: Runner) {
    this.features = features
    this.#runner = runner
  }

  /** What computes, in a sentence. */
  get backend (): string {
    return this.#runner.backend
  }

  /** [count, features] of `count` pictures, u8 [count, height, width, 3]. */
  async extract (pixels: Uint8Array, count: number, step: Step = othersFirst): Promise<Float32Array> {
    const all = new Float32Array(count * this.features)
    await this.#runner.run(pixels, count, step, (from, rows) => {
      for (const [i, row] of rows.entries()) all.set(row, (from + i) * this.features)
    })
    return all
  }

  /** Frees what was uploaded. */
  dispose (): void {
    this.#runner.dispose()
  }

  [Symbol.dispose] (): void {
    this.dispose()
  }
}
