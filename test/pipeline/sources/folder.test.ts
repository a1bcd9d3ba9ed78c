import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { RocksKeyValue } from '../../../kv/rocks.js'
import { FolderSource, type Publisher } from '../../../pipeline/sources/folder.js'

/** What a log would hold of a folder: the newest image of each id. */
class Published implements Publisher {
  readonly images = new Map<string, string>()
  readonly refused: string[] = []
  /** How often anything was published. */
  times = 0

  async publish (images: readonly { readonly id: string, readonly image: Buffer }[]): Promise<void> {
    for (const { id, image } of images) this.images.set(id, image.toString())
    this.times += images.length
  }

  async remove (ids: readonly string[]): Promise<void> {
    for (const id of ids) this.images.delete(id)
  }

  async refuse (id: string): Promise<void> {
    this.refused.push(id)
  }

  get all (): Record<string, string> {
    return Object.fromEntries([...this.images].sort(([a], [b]) => a < b ? -1 : 1))
  }
}

/** A folder with files, a place for its state, and a way to watch it. */
async function folder (t: ExecutionContext, files: Record<string, string>) {
  const base = await mkdtemp(join(tmpdir(), 'hammingbird-folder-'))
  const root = join(base, 'pictures')
  const kv = await RocksKeyValue.open({ directory: join(base, 'state') })
  t.teardown(async () => {
    await kv.close()
    await rm(base, { recursive: true, force: true })
  })
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  await mkdir(root)
  for (const [path, text] of Object.entries(files)) await write(path, text)
  const published = new Published()
  const asked: { missing: number, known: number, answer: (may: boolean) => void }[] = []
  const open = (): Promise<FolderSource> => FolderSource.open({
    root,
    target: 'default@1',
    kv,
    publisher: published,
    imageBytes: 100,
    mayDelete: (missing, known) => new Promise(answer => asked.push({ missing, known, answer })),
    failed: err => { t.fail(String(err)) }
  })
  return { base, root, write, published, asked, open }
}

async function until (t: ExecutionContext, what: string, holds: () => boolean): Promise<void> {
  for (const begun = Date.now(); !holds();) {
    if (Date.now() - begun > 30_000) {
      t.fail(`never: ${what}`)
      return
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`n${i}.png`, String(i)]))

test('folder: every picture is published under its relative path; links, hidden files and other files are not', async t => {
  const { base, root, write, published, open } = await folder(t, { 'a.png': 'A', 'deep/er/b.JPG': 'B', 'notes.txt': 'no', '.hidden/c.png': 'no', '.d.png': 'no' })
  await writeFile(join(base, 'outside.png'), 'outside')
  await symlink(join(base, 'outside.png'), join(root, 'link.png'))
  await mkdir(join(base, 'elsewhere'))
  await writeFile(join(base, 'elsewhere', 'e.png'), 'outside')
  await symlink(join(base, 'elsewhere'), join(root, 'linked'))
  await using source = await open()
  await until(t, 'scanned', () => source.counts().scanned)
  await write('later.webp', 'L')
  await until(t, 'later.webp published', () => published.images.has('later.webp'))
  t.deepEqual(published.all, { 'a.png': 'A', 'deep/er/b.JPG': 'B', 'later.webp': 'L' })
})

test('folder: a changed file is published again, one that goes is deleted, one that is touched is neither', async t => {
  const { root, write, published, open } = await folder(t, ten)
  await using source = await open()
  await until(t, 'scanned', () => source.counts().scanned)
  await write('n0.png', 'changed')
  await write('n1.png', '1')
  await rm(join(root, 'n2.png'))
  await until(t, 'n0 changed', () => published.images.get('n0.png') === 'changed')
  await until(t, 'n2 deleted', () => source.counts().deleted === 1)
  t.false(published.images.has('n2.png'))
  t.is(published.times, 11)
})

test('folder: a second start publishes only what changed in between, and deletes what went', async t => {
  const { root, write, published, open } = await folder(t, ten)
  const first = await open()
  await until(t, 'scanned', () => first.counts().scanned)
  await first.close()
  await write('n3.png', 'changed')
  await write('new.png', 'N')
  await rm(join(root, 'n4.png'))
  await rename(join(root, 'n5.png'), join(root, 'moved.png'))
  await using second = await open()
  await until(t, 'scanned', () => second.counts().scanned)
  const { 'n4.png': _4, 'n5.png': _5, ...rest } = ten
  t.deepEqual(published.all, Object.fromEntries(Object.entries({ ...rest, 'n3.png': 'changed', 'new.png': 'N', 'moved.png': '5' }).sort(([a], [b]) => a < b ? -1 : 1)))
  t.is(published.times, 13)
})

test('folder: when more than a fifth go at once nothing is deleted before someone says so', async t => {
  const { root, write, published, asked, open } = await folder(t, ten)
  await using source = await open()
  await until(t, 'scanned', () => source.counts().scanned)
  for (const path of ['n0.png', 'n1.png', 'n2.png']) await rm(join(root, path))
  await until(t, 'asked', () => asked.length === 1)
  t.deepEqual([asked[0]!.missing, asked[0]!.known], [3, 10])
  await write('n0.png', 'back')
  await until(t, 'n0 is back', () => published.images.get('n0.png') === 'back')
  t.is(published.images.size, 10)
  asked[0]!.answer(true)
  await until(t, 'the others are deleted', () => published.images.size === 8)
  t.deepEqual(source.counts().held, 0)
})

test('folder: when the folder itself has gone nothing is deleted, and when it is back it is watched again', async t => {
  const { base, root, write, published, asked, open } = await folder(t, { 'only.png': '1' })
  const first = await open()
  await until(t, 'scanned', () => first.counts().scanned)
  await first.close()
  await rename(root, join(base, 'unmounted'))
  await using second = await open()
  await until(t, 'asked', () => asked.length === 1)
  t.is(published.images.size, 1)
  await rename(join(base, 'unmounted'), root)
  await until(t, 'nothing is missing', () => second.counts().held === 0)
  asked[0]!.answer(true)
  await write('another.png', '2')
  await until(t, 'the new one is published', () => published.images.has('another.png'))
  t.deepEqual(published.all, { 'another.png': '2', 'only.png': '1' })
})

test('folder: a file that is too large is refused once, and taken when it has shrunk', async t => {
  const { write, published, open } = await folder(t, { 'big.png': 'x'.repeat(101) })
  const first = await open()
  await until(t, 'scanned', () => first.counts().scanned)
  await first.close()
  await using second = await open()
  await until(t, 'scanned', () => second.counts().scanned)
  t.deepEqual(published.refused, ['big.png'])
  await write('big.png', 'small')
  await until(t, 'taken', () => published.images.get('big.png') === 'small')
})
