import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { HammingbirdError } from '../../../errors.js'
import type { PictureList } from '../../../trainer/datasets/dataset.js'
import { folders } from '../../../trainer/datasets/folders.js'
import { labelVectors } from '../../../trainer/datasets/label-vectors.js'
import { nusWide } from '../../../trainer/datasets/nus-wide.js'
import { table } from '../../../trainer/datasets/table.js'
import { labelsOf } from '../../../trainer/labels.js'

/** Runs with the files given, each by its path. */
async function withFiles<T> (files: Readonly<Record<string, string>>, use: (root: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'hammingbird-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
    return await use(root)
  } finally {
    await rm(root, { recursive: true })
  }
}

/** A list as file → label names, paths relative to the root. */
function plain (list: PictureList, root: string): Record<string, string[]> {
  return Object.fromEntries(list.files.map((file, i) => [file.slice(root.length + 1), labelsOf(list.labels, i).map(label => list.names[label]!)]))
}

const refused = (code: string) => ({ instanceOf: HammingbirdError, code })

test('folders: a folder is a class; hidden files, other files and empty folders are none', t => withFiles({
  'dog/2.png': '', 'dog/1.JPG': '', 'dog/pups/3.webp': '', 'cat/1.jpeg': '', 'cat/readme.txt': '', 'empty/notes.md': '', '.git/x.jpg': '', 'loose.jpg': ''
}, async root => {
  const list = await folders(root)
  t.deepEqual(list.names, ['cat', 'dog'])
  t.deepEqual(plain(list, root), { 'cat/1.jpeg': ['cat'], 'dog/1.JPG': ['dog'], 'dog/2.png': ['dog'], 'dog/pups/3.webp': ['dog'] })
  await t.throwsAsync(folders(join(root, 'empty')), refused('HAMMINGBIRD_NOT_FOUND'))
}))

test('table: CSV with quotes, spare columns and a byte order mark', t => withFiles({
  'all.csv': '\uFEFFpath,size,labels\r\n"a, b.jpg",3,sea; sky\r\nsub/c.jpg,4,\r\nd.jpg,5,sky\r\n'
}, async root => {
  t.deepEqual(plain(await table(join(root, 'all.csv')), root), { 'a, b.jpg': ['sea', 'sky'], 'sub/c.jpg': [], 'd.jpg': ['sky'] })
}))

test('table: JSONL, and a wrong line is named', t => withFiles({
  'all.jsonl': '{"path":"a.jpg","labels":["x"],"more":1}\n\n{"path":"b.jpg","labels":["y","x"]}\n',
  'wrong.jsonl': '{"path":"a.jpg","labels":["x"]}\n{"path":"b.jpg"}\n',
  'broken.csv': 'path,labels\n"a.jpg,x\n',
  'other.csv': 'file,labels\na.jpg,x\n',
  'all.txt': 'a.jpg x\n'
}, async root => {
  t.deepEqual(plain(await table(join(root, 'all.jsonl')), root), { 'a.jpg': ['x'], 'b.jpg': ['x', 'y'] })
  await t.throwsAsync(table(join(root, 'wrong.jsonl')), { ...refused('HAMMINGBIRD_FORMAT'), message: /line 2/ })
  for (const file of ['broken.csv', 'other.csv', 'all.txt']) await t.throwsAsync(table(join(root, file)), refused('HAMMINGBIRD_FORMAT'), file)
}))

/** Four images, three concepts, the lists written as the set writes them: backslashes, spaces at line ends, a list a concept. */
const NUS = {
  'ImageList/Imagelist.txt': 'actor\\1.jpg\nactor\\2.jpg\r\nboat\\3.jpg\nboat\\4.jpg\n',
  'ImageList/TrainImagelist.txt': 'actor\\1.jpg\nboat\\3.jpg\n',
  'Groundtruth/AllLabels/Labels_sky.txt': '1\n1\n0\n0\n',
  'Groundtruth/AllLabels/Labels_boats.txt': '1 \n0\n1\n0\n',
  'Groundtruth/AllLabels/Labels_zebra.txt': '0\n0\n1\n0\n',
  'Groundtruth/TrainTestLabels/Labels_sky_Train.txt': '1\n0\n',
  'Groundtruth/TrainTestLabels/Labels_boats_Train.txt': '1\n1\n',
  'Groundtruth/TrainTestLabels/Labels_zebra_Train.txt': '0\n1\n'
}

test('nus-wide: joins the image list with a list a concept, and leaves out images without any', t => withFiles(NUS, async root => {
  t.deepEqual(plain(await nusWide(root, { images: root }), root), { 'actor/1.jpg': ['boats', 'sky'], 'actor/2.jpg': ['sky'], 'boat/3.jpg': ['boats', 'zebra'] })
  const frequent = await nusWide(root, { part: 'train', concepts: 2, images: root })
  t.deepEqual(frequent.names, ['boats', 'sky'], 'the two with most images over all')
  t.deepEqual(plain(frequent, root), { 'actor/1.jpg': ['boats', 'sky'], 'boat/3.jpg': ['boats'] })
}))

test('nus-wide: lists that do not fit together are refused', async t => {
  await withFiles({ ...NUS, 'Groundtruth/AllLabels/Labels_sky.txt': '1\n1\n0\n' }, root => t.throwsAsync(nusWide(root), refused('HAMMINGBIRD_FORMAT')))
  await withFiles({ ...NUS, 'Groundtruth/AllLabels/Labels_sky.txt': '1\n1\n0\n2\n' }, root => t.throwsAsync(nusWide(root), refused('HAMMINGBIRD_FORMAT')))
  await withFiles({}, root => t.throwsAsync(nusWide(root), refused('HAMMINGBIRD_NOT_FOUND')))
})

test('label vectors: a line is a path with 0s and 1s', t => withFiles({ 'train.txt': 'a.jpg 1 0 1\nb.jpg 0 0 0\n', 'wrong.txt': 'a.jpg 1 0\nb.jpg 1\n' }, async root => {
  const list = await labelVectors(join(root, 'train.txt'), ['x', 'y', 'z'])
  t.deepEqual(plain({ ...list, files: list.files.map(file => join(root, file)) }, root), { 'a.jpg': ['x', 'z'], 'b.jpg': [] })
  await t.throwsAsync(labelVectors(join(root, 'wrong.txt')), refused('HAMMINGBIRD_FORMAT'))
  await t.throwsAsync(labelVectors(join(root, 'train.txt'), ['x']), refused('HAMMINGBIRD_FORMAT'))
}))
