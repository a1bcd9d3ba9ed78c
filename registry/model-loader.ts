import { join } from 'node:path'
import type { Log } from '../log/log.js'
import { fetchArtifacts } from './artifacts.js'
import { modelName, type Manifest } from './manifest.js'
import type { OpenCollection } from './registry.js'

/** What can take a model in: an encoder. */
export interface ModelTaker {
  load (model: string, manifest: Manifest, directory: string | undefined): Promise<void>
  unload (model: string): Promise<void>
}

export interface ModelLoaderOptions {
  readonly log: Log
  readonly encoder: ModelTaker
  /** Where files of models are kept. */
  readonly directory: string
  /** Who reads: distinct among the processes of one deployment. */
  readonly reader: string
}

/** A model that an encoder holds for someone; disposing of it lets it go when nobody else holds it. */
export interface HeldModel extends AsyncDisposable {
  /** The name the encoder knows it by. */
  readonly model: string
}

interface Holding {
  readonly loaded: Promise<void>
  holders: number
}

/** Brings the models of versions to this machine and into the encoder: once, whoever and however many ask. */
export class ModelLoader {
  readonly #options: ModelLoaderOptions
  readonly #holdings = new Map<string, Holding>()

  constructor (options: ModelLoaderOptions) {
    this.#options = options
  }

  /** @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID` when its files are not what the manifest says, or do not compute what was recorded. */
  async hold ({ config, topics }: OpenCollection, manifest: Manifest): Promise<HeldModel> {
    const model = modelName(config, manifest.version)
    let holding = this.#holdings.get(model)
    if (holding === undefined) {
      holding = { holders: 0, loaded: this.#load(model, topics.artifacts, manifest) }
      this.#holdings.set(model, holding)
    }
    const held = holding
    held.holders++
    const release = async (): Promise<void> => {
      if (--held.holders > 0) return
      this.#holdings.delete(model)
      await this.#options.encoder.unload(model)
    }
    try {
      await held.loaded
    } catch (err) {
      if (--held.holders === 0) this.#holdings.delete(model)
      throw err
    }
    return { model, [Symbol.asyncDispose]: release }
  }

  /** Where a version's files lie on this machine; `undefined` for one without files. */
  async filesOf ({ config, topics }: OpenCollection, manifest: Manifest): Promise<string | undefined> {
    return this.#fetch(modelName(config, manifest.version), topics.artifacts, manifest)
  }

  async #load (model: string, topic: string, manifest: Manifest): Promise<void> {
    await this.#options.encoder.load(model, manifest, await this.#fetch(model, topic, manifest))
  }

  async #fetch (model: string, topic: string, manifest: Manifest): Promise<string | undefined> {
    if (manifest.files.length === 0) return undefined
    const { log, reader } = this.#options
    const directory = join(this.#options.directory, ...model.split('/'))
    await fetchArtifacts({ log, topic, reader: `${reader}.${topic}.${manifest.version}`, manifest, directory })
    return directory
  }
}
