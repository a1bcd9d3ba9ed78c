import { createHash } from 'node:crypto'
import { lstat, readFile } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { watch, type FSWatcher } from 'chokidar'
import { HammingbirdError } from '../../errors.js'
import type { KeyValue } from '../../kv/key-value.js'
import { FolderState, type FileState } from './folder-state.js'
import { isPictureName, walk } from './walk.js'

/** Where a folder's pictures go. */
export interface Publisher {
  /** Resolves when they are in the log. Waits while the pipeline is far behind. */
  publish (images: readonly { readonly id: string, readonly image: Buffer }[]): Promise<void>
  remove (ids: readonly string[]): Promise<void>
  /** A file that cannot even be published: too large, or not readable. */
  refuse (id: string, sizeBytes: number, err: unknown): Promise<void>
}

export interface FolderOptions {
  readonly root: string
  /** Names what is published to: a collection that is deleted and made again is another one, and gets all files anew. */
  readonly target: string
  /** Put before the relative path to make an id, when several folders are watched. @default nothing */
  readonly idPrefix?: string
  readonly kv: KeyValue
  readonly publisher: Publisher
  /** Largest file that is published. */
  readonly imageBytes: number
  /**
   * Asked before many images are deleted at once: more than a fifth of the folder's, or all because the folder itself has
   * gone. While it has not resolved, and when it resolves `false`, they stay.
   */
  readonly mayDelete: (missing: number, known: number) => Promise<boolean>
  readonly failed: (err: unknown, path: string) => void
}

/** What has been done since the start. */
export interface FolderCounts {
  /** Pictures seen in the folder. */
  readonly files: number
  readonly published: number
  readonly unchanged: number
  readonly deleted: number
  /** Gone from the folder, and kept in the index until someone says they may go. */
  readonly held: number
  /** Whether every file there at the start has been looked at. */
  readonly scanned: boolean
}

/** Changes are gathered for this long, so that files that go together are seen together. */
const GATHER_MS = 400
/** Deletes wait until nothing has gone for this long: files that go together must be counted together. */
const QUIET_MS = 2000
/** How often a folder that has gone is looked for. */
const ROOT_MS = 1000
const FILES_AT_ONCE = 32
/** Read into memory at once. */
const BYTES_AT_ONCE = 32 * 1024 * 1024

/**
 * A folder as a source of images: id = relative path. Every picture below it is published; a file that changes is an
 * update, one that goes is a delete. What the events of the file system say is only a hint: the file itself, compared with
 * its state when it was last published, decides. So events may be doubled, lost before a start, or in any order.
 */
export class FolderSource implements AsyncDisposable {
  readonly #options: FolderOptions
  readonly #root: string
  readonly #state: FolderState
  readonly #seen = new Set<string>()
  readonly #touched = new Set<string>()
  /** Known, and not there when last looked for. */
  readonly #missing = new Set<string>()
  readonly #closing = new AbortController()
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #dropTimer: NodeJS.Timeout | undefined
  #rootTimer: NodeJS.Timeout | undefined
  #work: Promise<void> = Promise.resolve()
  #asking = false
  #counts = { published: 0, unchanged: 0, deleted: 0, scanned: false }

  /** Begins to watch and to publish; resolves when it watches. `counts().scanned` says when all has been looked at. */
  static async open (options: FolderOptions): Promise<FolderSource> {
    const root = resolve(options.root)
    const source = new FolderSource(options, root, await FolderState.open(options.kv, options.target, root))
    await source.#watch()
    source.#enqueue(() => source.#scan())
    return source
  }

  private constructor (options: FolderOptions, root: string, state: FolderState) {
    this.#options = options
    this.#root = root
    this.#state = state
  }

  counts (): FolderCounts {
    // Fewer are deleted as soon as it is sure that no more go with them.
    const held = this.#missing.size > 1 && this.#missing.size > this.#state.size / 5 ? this.#missing.size : 0
    return { ...this.#counts, files: this.#seen.size, held }
  }

  /** Finishes the files in hand. */
  async close (): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    clearTimeout(this.#dropTimer)
    clearTimeout(this.#rootTimer)
    await this.#watcher?.close()
    await this.#work
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #watch (): Promise<void> {
    const watcher = watch(this.#root, {
      ignoreInitial: true,
      followSymlinks: false,
      awaitWriteFinish: { stabilityThreshold: 300, pollInterval: 100 },
      ignored: (path, stats) => stats?.isSymbolicLink() === true || relative(this.#root, path).split(sep).some(part => part.startsWith('.') && part !== '..' && part !== '.')
    })
    this.#watcher = watcher
    watcher.on('all', (_event, path) => { this.#touch(relative(this.#root, path).split(sep).join('/')) })
    watcher.on('error', err => { this.#options.failed(err, this.#root) })
    await new Promise<void>(resolve => watcher.once('ready', () => { resolve() }))
  }

  #touch (path: string): void {
    if (this.#closing.signal.aborted || !isPictureName(path)) return
    this.#touched.add(path)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#enqueue(async () => {
        const touched = [...this.#touched]
        this.#touched.clear()
        for (let at = 0; at < touched.length; at += FILES_AT_ONCE) await this.#look(touched.slice(at, at + FILES_AT_ONCE))
      })
    }, GATHER_MS)
  }

  /** One thing at a time. */
  #enqueue (work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (!this.#closing.signal.aborted) await work()
    }).catch(err => { this.#options.failed(err, this.#root) })
  }

  async #scan (): Promise<void> {
    let gathered: string[] = []
    const unseen = new Set(this.#state.paths())
    const rootGone = !(await statOf(this.#root)).isDirectory
    for await (const path of rootGone ? [] : walk(this.#root, (folder, err) => { this.#options.failed(err, join(this.#root, folder)) })) {
      if (this.#closing.signal.aborted) return
      unseen.delete(path)
      this.#seen.add(path)
      gathered.push(path)
      if (gathered.length === FILES_AT_ONCE) {
        await this.#look(gathered)
        gathered = []
      }
    }
    await this.#look(gathered)
    // What the walk did not meet is looked for by name: a folder that could not be read hides files that are there.
    const rest = [...unseen]
    for (let at = 0; at < rest.length && !this.#closing.signal.aborted; at += FILES_AT_ONCE) await this.#look(rest.slice(at, at + FILES_AT_ONCE))
    await this.#dropMissing()
    this.#counts.scanned = true
  }

  /** Looks at files as they are now: publishes what is new or changed, notes what has gone. */
  async #look (paths: readonly string[]): Promise<void> {
    let images: { id: string, image: Buffer }[] = []
    let states = new Map<string, FileState | undefined>()
    let bytes = 0
    const flush = async (): Promise<void> => {
      // In the log first: a crash in between publishes a file twice, which changes nothing; the other way it would be lost.
      if (images.length > 0) await this.#options.publisher.publish(images)
      if (states.size > 0) await this.#state.set(states)
      this.#counts.published += images.length
      images = []
      states = new Map()
      bytes = 0
    }
    for (const path of paths) {
      if (this.#closing.signal.aborted) break
      const id = this.#idOf(path)
      try {
        const { size: sizeBytes, mtimeMs, isFile } = await statOf(join(this.#root, path))
        if (!isFile) {
          this.#gone(path)
          continue
        }
        this.#seen.add(path)
        this.#missing.delete(path)
        const known = this.#state.get(path)
        if (known?.sizeBytes === sizeBytes && known.mtimeMs === mtimeMs) {
          this.#counts.unchanged++
          continue
        }
        if (sizeBytes > this.#options.imageBytes) {
          await this.#options.publisher.refuse(id, sizeBytes, new HammingbirdError('HAMMINGBIRD_IMAGE_TOO_LARGE', `an image of at most ${this.#options.imageBytes} bytes is taken, this one has ${sizeBytes}`))
          states.set(path, { sizeBytes, mtimeMs, sha256: '' })
          continue
        }
        const image = await readFile(join(this.#root, path))
        const sha256 = createHash('sha256').update(image).digest('hex')
        states.set(path, { sizeBytes, mtimeMs, sha256 })
        if (known?.sha256 === sha256) this.#counts.unchanged++
        else images.push({ id, image })
        bytes += image.length
        if (bytes >= BYTES_AT_ONCE) await flush()
      } catch (err) {
        this.#options.failed(err, join(this.#root, path))
      }
    }
    await flush()
  }

  #gone (path: string): void {
    this.#seen.delete(path)
    if (this.#state.get(path) === undefined || this.#missing.has(path)) return
    this.#missing.add(path)
    clearTimeout(this.#dropTimer)
    this.#dropTimer = setTimeout(() => { this.#enqueue(() => this.#dropMissing()) }, QUIET_MS)
  }

  /** Deletes what has gone, but for many at once: then someone is asked, and meanwhile they stay. */
  async #dropMissing (): Promise<void> {
    const missing = [...this.#missing]
    if (missing.length === 0) return
    const known = this.#state.size
    const rootGone = !(await statOf(this.#root)).isDirectory
    if (rootGone) this.#waitForRoot()
    if (!rootGone && (missing.length === 1 || missing.length <= known / 5)) {
      await this.#drop(missing)
      return
    }
    if (this.#asking) return
    this.#asking = true
    // Not awaited: files that come and change are published while nobody has answered.
    void this.#options.mayDelete(missing.length, known).then(may => {
      this.#asking = false
      if (may) this.#enqueue(() => this.#drop([...this.#missing]))
    }).catch(err => { this.#options.failed(err, this.#root) })
  }

  /** A folder that went with its disk may come back with it: then it is watched and scanned anew. */
  #waitForRoot (): void {
    this.#rootTimer ??= setTimeout(() => {
      this.#rootTimer = undefined
      this.#enqueue(async () => {
        if (!(await statOf(this.#root)).isDirectory) {
          this.#waitForRoot()
          return
        }
        await this.#watcher?.close()
        await this.#watch()
        await this.#scan()
      })
    }, ROOT_MS)
  }

  async #drop (paths: readonly string[]): Promise<void> {
    await this.#options.publisher.remove(paths.map(path => this.#idOf(path)))
    await this.#state.set(new Map(paths.map(path => [path, undefined])))
    for (const path of paths) this.#missing.delete(path)
    this.#counts.deleted += paths.length
  }

  #idOf (path: string): string {
    return (this.#options.idPrefix ?? '') + path
  }
}

async function statOf (path: string): Promise<{ size: number, mtimeMs: number, isFile: boolean, isDirectory: boolean }> {
  try {
    const stats = await lstat(path)
    return { size: stats.size, mtimeMs: stats.mtimeMs, isFile: stats.isFile(), isDirectory: stats.isDirectory() }
  } catch (err) {
    if (['ENOENT', 'ENOTDIR'].includes((err as NodeJS.ErrnoException).code ?? '')) return { size: 0, mtimeMs: 0, isFile: false, isDirectory: false }
    throw err
  }
}
