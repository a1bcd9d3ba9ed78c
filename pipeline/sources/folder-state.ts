import { prefixRange, type KeyValue } from '../../kv/key-value.js'

/** A file as it was when it was last published. */
export interface FileState {
  readonly sizeBytes: number
  /** As the file system has it. */
  readonly mtimeMs: number
  /** Of its bytes, lower-case hex. */
  readonly sha256: string
}

/** What a folder's files were when they were last published: so that a second start publishes only what changed since. */
export class FolderState {
  readonly #kv: KeyValue
  readonly #prefix: Buffer
  readonly #files = new Map<string, FileState>()

  /**
   * @param target what the files were published to: in another one, or in one made anew, nothing was published yet.
   * @param root the folder: its absolute path, so that folders do not mix.
   */
  static async open (kv: KeyValue, target: string, root: string): Promise<FolderState> {
    const state = new FolderState(kv, Buffer.from(`${target}\0${root}\0`))
    for await (const run of kv.iterate(prefixRange(state.#prefix))) {
      for (const { key, value } of run) state.#files.set(key.subarray(state.#prefix.length).toString('utf8'), JSON.parse(value.toString('utf8')) as FileState)
    }
    return state
  }

  private constructor (kv: KeyValue, prefix: Buffer) {
    this.#kv = kv
    this.#prefix = prefix
  }

  get size (): number {
    return this.#files.size
  }

  get (path: string): FileState | undefined {
    return this.#files.get(path)
  }

  paths (): IterableIterator<string> {
    return this.#files.keys()
  }

  /** `undefined` forgets a file. */
  async set (changes: ReadonlyMap<string, FileState | undefined>): Promise<void> {
    await this.#kv.write([...changes].map(([path, state]) => state === undefined
      ? { type: 'del', key: this.#key(path) }
      : { type: 'put', key: this.#key(path), value: Buffer.from(JSON.stringify(state)) }))
    for (const [path, state] of changes) {
      if (state === undefined) this.#files.delete(path)
      else this.#files.set(path, state)
    }
  }

  #key (path: string): Buffer {
    return Buffer.concat([this.#prefix, Buffer.from(path)])
  }
}
